"""What an Anthropic provider's whole answers mean: messages and token counts. The stream reader shares the blocks.

Source: https://platform.claude.com/docs/en/api/messages (read 2026-11-23). A block of unknown type has no neutral
meaning and gives no event; a client of this dialect still gets its bytes.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from headworks.core.errors import ProviderError
from headworks.core.replies import (
    CitationAdded,
    Event,
    Finished,
    FinishReason,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    TokensCounted,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
)
from headworks.dialects.anthropic.citations import read_citation
from headworks.dialects.anthropic.usage import WireUsage, read_usage

_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
    "pause_turn": "pause",
}


class _Text(Struct):
    text: str = ""
    citations: list[dict[str, Any]] | None = None


class _Thinking(Struct):
    thinking: str = ""
    signature: str = ""


class _Redacted(Struct):
    data: str


class ToolUseBlock(Struct):
    """A tool call; `input` is an object."""

    id: str
    name: str
    input: Raw = Raw()


Block = _Text | _Thinking | _Redacted | ToolUseBlock


class _Kind(Struct):
    type: str


class MessageShape(Struct):
    """A whole message, or the beginning of a streamed one."""

    id: str
    model: str
    content: list[Raw] = []
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: WireUsage | None = None


class _Count(Struct):
    input_tokens: int


_MESSAGE = msgspec.json.Decoder(MessageShape)
_COUNT = msgspec.json.Decoder(_Count)
_KIND = msgspec.json.Decoder(_Kind)
_DECODERS: dict[str, msgspec.json.Decoder[Block]] = {
    "text": msgspec.json.Decoder(_Text),
    "thinking": msgspec.json.Decoder(_Thinking),
    "redacted_thinking": msgspec.json.Decoder(_Redacted),
    "tool_use": msgspec.json.Decoder(ToolUseBlock),
}


def read_message(body: bytes) -> list[Event]:
    """The events of a whole reply.

    Raises:
        ProviderError: The body is not a message.
    """
    try:
        message = _MESSAGE.decode(body)
        blocks = [read_block(raw) for raw in message.content]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise unreadable("an answer", error) from error
    events: list[Event] = [Started(message.id, message.model)]
    slot = 0
    for block in blocks:
        events += block_events(block, slot)
        slot += isinstance(block, ToolUseBlock)
    if message.stop_reason:
        events.append(read_finish(message.stop_reason, message.stop_sequence))
    if message.usage:
        events.append(UsageReported(read_usage(message.usage)))
    return events


def read_count(body: bytes) -> list[Event]:
    """The event of a token count.

    Raises:
        ProviderError: The body is not a count.
    """
    try:
        return [TokensCounted(_COUNT.decode(body).input_tokens)]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise unreadable("a token count", error) from error


def read_block(raw: Raw) -> Block | None:
    """The block, None for a type we do not know."""
    decoder = _DECODERS.get(_KIND.decode(raw).type)
    return decoder.decode(raw) if decoder else None


def block_events(block: Block | None, slot: int) -> list[Event]:
    """What a block says as far as it is filled: at the start of a stream's block, or as a part of a whole message."""
    match block:
        case _Text(text, citations):
            said: list[Event] = [TextDelta(text)] if text else []
            return said + [CitationAdded(read_citation(wire)) for wire in citations or ()]
        case _Thinking(thinking, signature):
            thought: list[Event] = [ThinkingDelta(thinking)] if thinking else []
            return [*thought, ThinkingSealed(signature=signature)] if signature else thought
        case _Redacted(data):
            return [ThinkingSealed(redacted=data)]
        case ToolUseBlock(id, name, arguments):
            call = ToolCallStarted(slot=slot, id=id, name=name)
            return [call, ToolArgumentsDelta(slot, bytes(arguments).decode())] if arguments else [call]
        case _:
            return []


def read_finish(stop_reason: str, stop_sequence: str | None) -> Finished:
    """The end of the one choice. A reason unknown today is still an end."""
    return Finished(_REASONS.get(stop_reason, "stop"), stop_sequence=stop_sequence)


def unreadable(what: str, error: Exception) -> ProviderError:
    """The error for bytes that are not what this dialect sends."""
    return ProviderError(f"The provider sent {what} that cannot be read: {error}.")
