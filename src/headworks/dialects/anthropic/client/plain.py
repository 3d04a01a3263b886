"""Which Anthropic messages are plain: text and the client's own tools."""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from headworks.dialects.plainness import Plainness

_FIELDS = frozenset(
    {
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "service_tier",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)


class _Text(Struct, forbid_unknown_fields=True, tag="text"):
    text: str
    cache_control: dict[str, Any] | None = None


class _ToolUse(Struct, forbid_unknown_fields=True, tag="tool_use"):
    id: str
    name: str
    input: dict[str, Any]
    cache_control: dict[str, Any] | None = None


class _ToolResult(Struct, forbid_unknown_fields=True, tag="tool_result"):
    tool_use_id: str
    content: str | list[_Text] | None = None
    is_error: bool | None = None
    cache_control: dict[str, Any] | None = None


class _Turn(Struct, forbid_unknown_fields=True):
    role: Literal["user", "assistant"]
    content: str | list[_Text | _ToolUse | _ToolResult]


class _Tool(Struct, forbid_unknown_fields=True):
    name: str
    input_schema: dict[str, Any]
    type: Literal["custom"] | None = None
    description: str | None = None
    strict: bool | None = None
    cache_control: dict[str, Any] | None = None


class _Choice(Struct, forbid_unknown_fields=True):
    type: Literal["auto", "any", "none", "tool"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


PLAIN = Plainness(
    _FIELDS,
    {
        "messages": msgspec.json.Decoder(list[_Turn]),
        "system": msgspec.json.Decoder(str | list[_Text] | None),
        "tools": msgspec.json.Decoder(list[_Tool] | None),
        "tool_choice": msgspec.json.Decoder(_Choice | None),
    },
)
