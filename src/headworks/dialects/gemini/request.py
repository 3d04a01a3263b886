"""A neutral prompt as the body of a Gemini request: what is said, the tools, and how to generate.

Source: https://ai.google.dev/api/generate-content (read 2026-11-23).
"""

from typing import Any

from headworks.core.messages import OutputFormat, Prompt, Reasoning, Tool, ToolChoice
from headworks.dialects.gaps import Gaps
from headworks.dialects.gemini.contents import write_messages

_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "tool": "ANY"}

# Names of tiers in all client dialects; `auto` is the provider's own choice and stays unsaid.
_TIERS = {
    "flex": "flex",
    "priority": "priority",
    "default": "standard",
    "standard": "standard",
    "standard_only": "standard",
}

# Effort by word, and what it is worth in tokens for models that only know budgets: the provider's own table, at
# https://ai.google.dev/gemini-api/docs/openai (read 2026-11-23).
_LEVELS = {"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "XHIGH"}
_BUDGETS = {"minimal": 1_024, "low": 1_024, "medium": 8_192, "high": 24_576, "xhigh": 24_576}
_BUDGETS_ONLY = "gemini-2"


def write_prompt(prompt: Prompt, model: str, gaps: Gaps) -> dict[str, Any]:
    """The body of `generateContent` for `model`.

    Raises:
        BadAskError: A field has no counterpart (`unsupported_field`), or the conversation is not well formed.
    """
    own = own_content(prompt)
    for name in prompt.extra:
        if own is None or own[0] != name:
            gaps.lacks(name)
    if prompt.user is not None:
        gaps.hint("user")
    if prompt.parallel_tools is False and prompt.tools:
        gaps.lacks("parallel_tool_calls")
    body = write_messages(prompt.messages, gaps)
    if prompt.tools:
        body["tools"] = [{"functionDeclarations": [_tool(tool, gaps) for tool in prompt.tools]}]
    if calling := _calling(prompt.tool_choice, prompt.tools):
        body["toolConfig"] = {"functionCallingConfig": calling}
    if config := _generation(prompt, model, gaps):
        body["generationConfig"] = config
    if tier := service_tier(prompt, gaps):
        body["serviceTier"] = tier
    if own is not None:
        body["cachedContent"] = own[1]
    return body


def own_content(prompt: Prompt) -> tuple[str, str] | None:
    """The field by which the client names what it has the provider keep, and the name; None where it does not.

    In this dialect's own words, or as the provider documents it for clients of the OpenAI dialect
    (https://ai.google.dev/gemini-api/docs/openai, `extra_body`; read 2026-11-24).
    """
    for field in ("cached_content", "cachedContent"):
        if isinstance(prompt.extra.get(field), str):
            return field, prompt.extra[field]
    match prompt.extra.get("extra_body"):
        case {"google": {"cached_content": str(name), **others_there}, **others} if not (others or others_there):
            return "extra_body", name
    return None


def write_inputs(prompt: Prompt, model: str, gaps: Gaps) -> dict[str, Any]:
    """The body of `batchEmbedContents`: one request per text."""
    for name in prompt.extra:
        gaps.lacks(name)
    if prompt.user is not None:
        gaps.hint("user")
    length = {} if prompt.dimensions is None else {"outputDimensionality": prompt.dimensions}
    resource = f"models/{model}"
    return {
        "requests": [{"model": resource, "content": {"parts": [{"text": text}]}, **length} for text in prompt.inputs]
    }


def service_tier(prompt: Prompt, gaps: Gaps | None = None) -> str | None:
    """The provider's name of the tier asked for; None for its default."""
    asked = prompt.service_tier
    if asked is None or asked == "auto":
        return None
    if asked not in _TIERS and gaps is not None:
        gaps.lacks("service_tier")
    return _TIERS.get(asked)


def _tool(tool: Tool, gaps: Gaps) -> dict[str, Any]:
    if tool.cache_mark:
        gaps.hint("cache_control")
    return _present(name=tool.name, description=tool.description, parametersJsonSchema=tool.parameters)


def _calling(choice: ToolChoice | None, tools: tuple[Tool, ...]) -> dict[str, Any] | None:
    """How tools may be called. A strict tool asks for arguments that fit its schema, which `ANY` gives anyway."""
    if choice is None or choice.mode == "auto":
        if any(tool.strict for tool in tools):
            return {"mode": "VALIDATED"}
        return None if choice is None else {"mode": "AUTO"}
    named = {"allowedFunctionNames": [choice.name]} if choice.mode == "tool" else {}
    return {"mode": _MODES[choice.mode], **named}


def _generation(prompt: Prompt, model: str, gaps: Gaps) -> dict[str, Any]:
    return _present(
        maxOutputTokens=prompt.max_tokens,
        temperature=prompt.temperature,
        topP=prompt.top_p,
        topK=prompt.top_k,
        stopSequences=list(prompt.stop) or None,
        seed=prompt.seed,
        candidateCount=prompt.n,
        responseLogprobs=prompt.logprobs or None,
        logprobs=prompt.top_logprobs,
        presencePenalty=prompt.presence_penalty,
        frequencyPenalty=prompt.frequency_penalty,
        responseMimeType="application/json" if prompt.output else None,
        responseJsonSchema=_schema(prompt.output),
        thinkingConfig=_thinking(prompt.reasoning, model, gaps),
    )


def _schema(output: OutputFormat | None) -> dict[str, Any] | None:
    """The schema, carrying the name and description that other dialects keep beside it."""
    if output is None or output.schema is None:
        return None
    return _present(title=output.name, description=output.description) | output.schema


def _thinking(reasoning: Reasoning | None, model: str, gaps: Gaps) -> dict[str, Any] | None:
    if reasoning is None:
        return None
    if not reasoning.enabled:
        return {"thinkingBudget": 0}
    config: dict[str, Any] = {"includeThoughts": True}
    if reasoning.budget_tokens is not None:
        config["thinkingBudget"] = reasoning.budget_tokens  # level and budget together are refused
    elif reasoning.effort in _LEVELS:
        if model.startswith(_BUDGETS_ONLY):
            config["thinkingBudget"] = _BUDGETS[reasoning.effort]
        else:
            config["thinkingLevel"] = _LEVELS[reasoning.effort]
    elif reasoning.effort is not None:
        gaps.lacks("reasoning_effort")
    return config


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
