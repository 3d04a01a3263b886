"""The shape of an Anthropic request, as far as this gateway checks it before any provider is called.

Source: the Messages and Count tokens pages of https://platform.claude.com/docs/en/api (read 2026-11-23). Lenient on
purpose: unknown fields and unknown block types pass, so that tomorrow's parameter works today. Whatever differs in
type from block to block stays raw and is looked at only by its first byte, so a large image is never copied here.
"""

from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

_OBJECT, _LIST, _STRING = b"{", b"[", b'"'

# Block type -> (field, JSON types it may have by first byte); every field named here is required.
_REQUIRED: dict[str, tuple[tuple[str, bytes], ...]] = {
    "text": (("text", _STRING),),
    "image": (("source", _OBJECT),),
    "document": (("source", _OBJECT),),
    "thinking": (("thinking", _STRING),),
    "redacted_thinking": (("data", _STRING),),
    "tool_use": (("id", _STRING), ("name", _STRING), ("input", _OBJECT)),
    "tool_result": (("tool_use_id", _STRING),),
}
_NAMES = {_OBJECT: "an object", _LIST: "a list", _STRING: "a string"}


class Block(Struct):
    """A content block of any type; checked by type where the type is known."""

    type: str
    text: Raw = Raw()
    source: Raw = Raw()
    thinking: Raw = Raw()
    data: Raw = Raw()
    id: Raw = Raw()
    name: Raw = Raw()
    input: Raw = Raw()
    tool_use_id: Raw = Raw()
    content: Raw = Raw()

    def __post_init__(self) -> None:
        for field, first in _REQUIRED.get(self.type, ()):
            value = memoryview(getattr(self, field))
            if not value:
                raise ValueError(f"A `{self.type}` block needs `{field}`")
            if value[:1] != first:
                raise ValueError(f"`{field}` of a `{self.type}` block must be {_NAMES[first]}")
        if self.type == "tool_result" and bytes(memoryview(self.content)[:1]) not in (b"", b"n", _LIST, _STRING):
            raise ValueError("`content` of a `tool_result` block must be a string or a list")


class Turn(Struct):
    """One message."""

    role: Literal["user", "assistant", "system"]
    content: str | list[Block]


class ToolShape(Struct):
    """A tool; only the client's own tools (no `type`, or `custom`) have a shape we know."""

    type: str | None = None
    name: str | None = None
    description: str | None = None
    input_schema: dict[str, Raw] | None = None

    def __post_init__(self) -> None:
        if self.type in (None, "custom"):
            if not self.name:
                raise ValueError("A tool needs a `name`")
            if self.input_schema is None:
                raise ValueError("A tool needs an `input_schema`")


class ToolChoiceShape(Struct):
    """Which tool the model must use."""

    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None

    def __post_init__(self) -> None:
        if self.type == "tool" and not self.name:
            raise ValueError("A tool choice of type `tool` needs a `name`")


class ThinkingShape(Struct):
    """How to think."""

    type: str
    budget_tokens: Annotated[int, Meta(ge=1)] | None = None


class OutputConfigShape(Struct):
    """Effort, and the format of the answer."""

    effort: str | None = None
    format: dict[str, Raw] | None = None


class MetadataShape(Struct):
    """Who the end user is."""

    user_id: str | None = None


class CountBody(Struct, kw_only=True):
    """Body of `/v1/messages/count_tokens`."""

    model: Annotated[str, Meta(min_length=1)]
    messages: list[Turn] = []
    """May be left out where the body names a prompt: see `dialects/body.py`."""
    system: str | list[Block] | None = None
    tools: list[ToolShape] | None = None
    tool_choice: ToolChoiceShape | None = None
    thinking: ThinkingShape | None = None
    output_config: OutputConfigShape | None = None


class MessagesBody(CountBody, kw_only=True):
    """Body of `/v1/messages`."""

    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    """May be left out where the body names a prompt."""
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    temperature: Annotated[float, Meta(ge=0)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=0)] | None = None
    metadata: MetadataShape | None = None
    service_tier: str | None = None
