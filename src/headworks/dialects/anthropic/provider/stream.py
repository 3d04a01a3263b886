"""What the events of an Anthropic provider's stream mean.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming (read 2026-11-23). An event of unknown type has
no neutral meaning: it gives a chunk without events, whose bytes a client of this dialect still gets.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from headworks.core.replies import (
    Chunk,
    CitationAdded,
    Event,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolArgumentsDelta,
    UsageReported,
)
from headworks.dialects.anthropic.citations import read_citation
from headworks.dialects.anthropic.errors import read_stream_error
from headworks.dialects.anthropic.provider.answers import (
    MessageShape,
    ToolUseBlock,
    block_events,
    read_block,
    read_finish,
    unreadable,
)
from headworks.dialects.anthropic.usage import WireUsage, read_usage
from headworks.dialects.sse import event_data


class _Delta(Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    partial_json: str = ""
    signature: str = ""
    citation: dict[str, Any] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _StreamEvent(Struct):
    type: str
    index: int = 0
    delta: _Delta | None = None
    message: MessageShape | None = None
    content_block: Raw = Raw()
    usage: WireUsage | None = None


_EVENT = msgspec.json.Decoder(_StreamEvent)


class MessageStreamReader:
    """Reads one stream: remembers which block is which tool call, and the counts so far."""

    def __init__(self) -> None:
        self._usage = WireUsage()
        self._slots: dict[int, int] = {}
        self._silent: set[int] = set()
        self._finished = False

    def read(self, event: bytes) -> Chunk:
        """What one event means.

        Raises:
            ProviderError: It reports an error, or is no JSON of this dialect.
        """
        data = _data(event)
        if not data:
            return Chunk([], event)
        try:
            wire = _EVENT.decode(data)
            if wire.type == "error":
                raise read_stream_error(data)
            return Chunk(self._events(wire), event, wire.type == "message_stop")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise unreadable("a stream event", error) from error

    def finished(self) -> bool:
        """True once the reason for stopping was seen."""
        return self._finished

    def _events(self, wire: _StreamEvent) -> list[Event]:
        match wire.type:
            case "content_block_delta":
                return self._block_delta(wire)
            case "content_block_start":
                return self._block_start(wire)
            case "content_block_stop":
                return self._block_stop(wire)
            case "message_start":
                return self._message_start(wire)
            case "message_delta":
                return self._message_delta(wire)
            case _:
                return []

    def _message_start(self, wire: _StreamEvent) -> list[Event]:
        if wire.message is None:
            return []
        started = Started(wire.message.id, wire.message.model)
        if wire.message.usage is None:
            return [started]  # a count of nothing would pass for the provider's word
        self._usage.update(wire.message.usage)
        return [started, UsageReported(read_usage(self._usage))]

    def _block_start(self, wire: _StreamEvent) -> list[Event]:
        block = read_block(wire.content_block) if wire.content_block else None
        slot = len(self._slots)
        if isinstance(block, ToolUseBlock):
            self._slots[wire.index] = slot
            if not msgspec.json.decode(block.input or b"{}"):  # the usual start: the arguments come as fragments
                self._silent.add(wire.index)
                block.input = Raw()
        return block_events(block, slot)

    def _block_delta(self, wire: _StreamEvent) -> list[Event]:
        delta = wire.delta
        if delta is None:
            return []
        match delta.type:
            case "text_delta":
                return [TextDelta(delta.text)]
            case "thinking_delta":
                return [ThinkingDelta(delta.thinking)]
            case "input_json_delta" if wire.index in self._slots and delta.partial_json:
                self._silent.discard(wire.index)
                return [ToolArgumentsDelta(self._slots[wire.index], delta.partial_json)]
            case "signature_delta":
                return [ThinkingSealed(signature=delta.signature)]
            case "citations_delta" if delta.citation:
                return [CitationAdded(read_citation(delta.citation))]
            case _:
                return []

    def _block_stop(self, wire: _StreamEvent) -> list[Event]:
        """A call whose arguments never came has none, which in JSON is an empty object."""
        if wire.index not in self._silent:
            return []
        self._silent.discard(wire.index)
        return [ToolArgumentsDelta(self._slots[wire.index], "{}")]

    def _message_delta(self, wire: _StreamEvent) -> list[Event]:
        events: list[Event] = []
        if wire.delta and wire.delta.stop_reason:
            self._finished = True
            events.append(read_finish(wire.delta.stop_reason, wire.delta.stop_sequence))
        if wire.usage:
            self._usage.update(wire.usage)
            events.append(UsageReported(read_usage(self._usage)))
        return events


def _data(event: bytes) -> bytes:
    """The JSON of an event in the form this dialect sends it (`event:` line, `data:` line), or in any other."""
    at = event.find(b"\ndata: ")
    if at > 0 and event.startswith(b"event: ") and event.endswith(b"\n\n") and event.count(b"\n") == 3:
        return event[at + 7 : -2]
    return event_data(event)[1]
