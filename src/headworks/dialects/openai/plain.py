"""Which OpenAI chats are plain: text and functions."""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from headworks.dialects.plainness import Plainness

_FIELDS = frozenset(
    {
        "frequency_penalty",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "n",
        "parallel_tool_calls",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_p",
        "user",
    }
)


class _Text(Struct, forbid_unknown_fields=True):
    type: Literal["text"]
    text: str
    cache_control: dict[str, Any] | None = None


class _Function(Struct, forbid_unknown_fields=True):
    name: str
    arguments: str = ""


class _Call(Struct, forbid_unknown_fields=True):
    id: str
    function: _Function
    type: Literal["function"] = "function"


class _Message(Struct, forbid_unknown_fields=True):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_Text] | None = None
    name: str | None = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None
    refusal: None = None


class _Described(Struct, forbid_unknown_fields=True):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class _Tool(Struct, forbid_unknown_fields=True):
    type: Literal["function"]
    function: _Described


class _Named(Struct, forbid_unknown_fields=True):
    name: str


class _Choice(Struct, forbid_unknown_fields=True):
    type: Literal["function"]
    function: _Named


class _Schema(Struct, forbid_unknown_fields=True):
    name: str
    schema: dict[str, Any] | None = None
    strict: bool | None = None
    description: str | None = None


class _Format(Struct, forbid_unknown_fields=True):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: _Schema | None = None


PLAIN = Plainness(
    _FIELDS,
    {
        "messages": msgspec.json.Decoder(list[_Message]),
        "tools": msgspec.json.Decoder(list[_Tool] | None),
        "tool_choice": msgspec.json.Decoder(Literal["auto", "none", "required"] | _Choice | None),
        "response_format": msgspec.json.Decoder(_Format | None),
    },
)
