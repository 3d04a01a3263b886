"""A neutral prompt as an Anthropic request body. What the dialect cannot say is refused, or dropped, by name.

Source: https://platform.claude.com/docs/en/api/messages (read 2026-11-23). Field names in errors are those of OpenAI's
chat completions: only a client of another dialect gets here.
"""

from typing import Any

from headworks.core.messages import OutputFormat, Prompt, Target, Tool
from headworks.dialects.anthropic.provider.thinking import write_thinking
from headworks.dialects.anthropic.provider.turns import write_turns
from headworks.dialects.gaps import Gaps

DEFAULT_MAX_TOKENS = 4096
"""What is asked for when neither client nor config says: the dialect wants a number."""

_CHOICES = {"auto": "auto", "none": "none", "required": "any", "tool": "tool"}
_TIERS = {"auto": "auto", "default": "standard_only"}


def write_body(prompt: Prompt, target: Target, gaps: Gaps) -> dict[str, Any]:
    """The body for `/messages`, but for `stream`.

    Raises:
        BadAskError: A field without counterpart, unless the target says drop.
    """
    max_tokens = prompt.max_tokens or target.max_output_tokens or DEFAULT_MAX_TOKENS
    system, turns = write_turns(prompt.messages, gaps)
    thinking, effort = write_thinking(prompt.reasoning, target.provider_model, max_tokens, gaps)
    choice = _tool_choice(prompt) if prompt.tools else None
    if thinking and thinking["type"] == "enabled" and not _may_think(turns, choice):
        gaps.hint("reasoning_effort")
        thinking = None
    _name_gaps(prompt, gaps)
    body = {
        "model": target.provider_model,
        "max_tokens": max_tokens,
        "system": system,
        "messages": turns,
        "tools": [_tool(tool) for tool in prompt.tools],
        "tool_choice": choice,
        "thinking": thinking,
        "output_config": _output_config(prompt.output, effort, gaps),
        "stop_sequences": list(prompt.stop),
        "temperature": _temperature(prompt.temperature, gaps),
        "top_p": prompt.top_p,
        "top_k": prompt.top_k,
        "metadata": {"user_id": prompt.user} if prompt.user else None,
        "service_tier": _service_tier(prompt.service_tier, gaps),
    }
    return {name: value for name, value in body.items() if value is not None and value != []}


def _may_think(turns: list[dict[str, Any]], choice: dict[str, Any] | None) -> bool:
    """False where the provider would refuse to think against a budget.

    That is with a forced tool, and in the middle of a tool loop whose thoughts the client did not send back (clients of
    other dialects cannot).
    """
    if choice and choice["type"] in ("any", "tool"):
        return False
    in_loop = len(turns) > 1 and any(block["type"] == "tool_result" for block in turns[-1]["content"])
    return not in_loop or turns[-2]["content"][0]["type"] in ("thinking", "redacted_thinking")


def _name_gaps(prompt: Prompt, gaps: Gaps) -> None:
    """Refuse or drop what has no counterpart at all. A value that means the same as leaving it out is no gap."""
    present = {
        "n": prompt.n not in (None, 1),
        "seed": prompt.seed is not None,
        "logprobs": bool(prompt.logprobs),
        "top_logprobs": bool(prompt.top_logprobs),
        "presence_penalty": bool(prompt.presence_penalty),
        "frequency_penalty": bool(prompt.frequency_penalty),
    }
    for field in [name for name, there in present.items() if there] + list(prompt.extra):
        gaps.lacks(field)


def _tool(tool: Tool) -> dict[str, Any]:
    wire: dict[str, Any] = {"name": tool.name}
    if tool.description:
        wire["description"] = tool.description
    wire["input_schema"] = {"type": "object"} | (tool.parameters or {})
    if tool.strict:
        wire["strict"] = True
    if tool.cache_mark is not None:
        wire["cache_control"] = tool.cache_mark
    return wire


def _tool_choice(prompt: Prompt) -> dict[str, Any] | None:
    choice = prompt.tool_choice
    single = prompt.parallel_tools is False
    if choice is None:
        return {"type": "auto", "disable_parallel_tool_use": True} if single else None
    wire: dict[str, Any] = {"type": _CHOICES[choice.mode]}
    if choice.name:
        wire["name"] = choice.name
    if single and choice.mode != "none":
        wire["disable_parallel_tool_use"] = True
    return wire


def _output_config(output: OutputFormat | None, effort: str | None, gaps: Gaps) -> dict[str, Any] | None:
    config: dict[str, Any] = {"effort": effort} if effort else {}
    if output is not None:
        if output.mode == "json_schema" and output.schema is not None:
            about = {"description": output.description} if output.description else {}
            config["format"] = {"type": "json_schema", "schema": about | output.schema}
        else:
            gaps.lacks("response_format")
    return config or None


def _temperature(temperature: float | None, gaps: Gaps) -> float | None:
    """This dialect's scale ends at 1; a hotter wish cannot be expressed."""
    if temperature is not None and temperature > 1:
        gaps.lacks("temperature")
        return None
    return temperature


def _service_tier(tier: str | None, gaps: Gaps) -> str | None:
    if tier is None or tier in _TIERS:
        return _TIERS.get(tier or "")
    gaps.lacks("service_tier")
    return None
