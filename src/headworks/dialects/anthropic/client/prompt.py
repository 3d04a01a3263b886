"""A client's Anthropic body as a neutral prompt: read only when a provider of another dialect needs it."""

from typing import Any

import msgspec
from msgspec import Raw

from headworks.core.messages import (
    Message,
    OutputFormat,
    Part,
    Prompt,
    Reasoning,
    Tool,
    ToolChoice,
)
from headworks.dialects.anthropic.client.content import read_content, read_turn
from headworks.dialects.anthropic.client.taking import Taking

_TIERS = {"standard_only": "default"}


def read_prompt(fields: dict[str, Raw]) -> Prompt:
    """The prompt a checked body stands for; fields without neutral meaning are in `extra`, by path.

    Raises:
        BadAskError: A nested value of the wrong type.
    """
    extra: dict[str, Any] = {}
    body = Taking({name: msgspec.json.decode(raw) for name, raw in fields.items()}, "", extra)
    parallel, choice = _tool_choice(body.inner("tool_choice"))
    effort, output = _output_config(body.inner("output_config"))
    prompt = Prompt(
        messages=_messages(body, extra),
        tools=tuple(_tools(body.take("tools", list) or [], extra)),
        tool_choice=choice,
        parallel_tools=parallel,
        output=output,
        reasoning=_reasoning(body, effort),
        max_tokens=body.take("max_tokens", int),
        temperature=body.number("temperature"),
        top_p=body.number("top_p"),
        top_k=body.take("top_k", int),
        stop=body.texts("stop_sequences"),
        service_tier=_service_tier(body.take("service_tier", str)),
        user=_user(body.inner("metadata")),
        extra=extra,
    )
    body.leave("model", "stream")
    return prompt


def _messages(body: Taking, extra: dict[str, Any]) -> tuple[Message, ...]:
    messages: list[Message] = []
    if system := body.take("system", object):
        messages.append(Message("system", read_content(system, "system", extra)))
    for index, turn in enumerate(body.take("messages", list) or []):
        messages += read_turn(turn, f"messages[{index}]", extra)
    if mark := body.take("cache_control", dict):
        _mark_last(messages, mark)
    return tuple(messages)


def _mark_last(messages: list[Message], mark: dict[str, Any]) -> None:
    """A mark on the whole request is a mark on its last block that can carry one (prompt caching, 2026-11-23)."""
    for at in range(len(messages) - 1, -1, -1):
        parts: list[Part] = list(messages[at].parts)
        for index in range(len(parts) - 1, -1, -1):
            if hasattr(parts[index], "cache_mark"):
                parts[index] = msgspec.structs.replace(parts[index], cache_mark=mark)
                messages[at] = Message(messages[at].role, tuple(parts), messages[at].name)
                return


def _tools(tools: list[Any], extra: dict[str, Any]) -> list[Tool]:
    read: list[Tool] = []
    for index, wire in enumerate(tools):
        path = f"tools[{index}]"
        if wire.get("type") not in (None, "custom"):
            extra[path] = wire
            continue
        tool = Taking(wire, path, extra)
        read.append(
            Tool(
                name=tool.need("name", str),
                description=tool.take("description", str),
                parameters=tool.take("input_schema", dict),
                strict=tool.take("strict", bool),
                cache_mark=tool.take("cache_control", dict),
            )
        )
        tool.leave("type")
    return read


def _tool_choice(choice: Taking | None) -> tuple[bool | None, ToolChoice | None]:
    """Whether calls may run in parallel, and the choice."""
    if choice is None:
        return None, None
    single = choice.take("disable_parallel_tool_use", bool)
    parallel = None if single is None else not single
    kind, name = choice.need("type", str), choice.take("name", str)
    choice.leave()
    match kind:
        case "auto" | "none":
            return parallel, ToolChoice("auto" if kind == "auto" else "none")
        case "any":
            return parallel, ToolChoice("required")
        case "tool":
            return parallel, ToolChoice("tool", name)
        case _:
            choice.leftovers[choice.place("type")] = kind
            return parallel, None


def _output_config(config: Taking | None) -> tuple[str | None, OutputFormat | None]:
    """Effort, and the format of the answer."""
    if config is None:
        return None, None
    effort = config.take("effort", str)
    shape = config.inner("format")
    config.leave()
    if shape is None:
        return effort, None
    if (kind := shape.need("type", str)) != "json_schema":
        shape.leftovers[shape.path] = kind
        return effort, None
    # This dialect always holds the model to the schema, so a provider that can choose must do so too.
    output = OutputFormat(mode="json_schema", schema=shape.need("schema", dict), strict=True)
    shape.leave()
    return effort, output


def _reasoning(body: Taking, effort: str | None) -> Reasoning | None:
    thinking = body.inner("thinking")
    if thinking is None:
        return Reasoning(effort=effort) if effort else None
    kind = thinking.need("type", str)
    budget = thinking.take("budget_tokens", int)
    thinking.leave()
    if kind not in ("enabled", "adaptive", "disabled"):
        thinking.leftovers[thinking.place("type")] = kind
    return Reasoning(enabled=kind != "disabled", effort=effort, budget_tokens=budget)


def _user(metadata: Taking | None) -> str | None:
    if metadata is None:
        return None
    user = metadata.take("user_id", str)
    metadata.leave()
    return user


def _service_tier(tier: str | None) -> str | None:
    return None if tier is None else _TIERS.get(tier, tier)
