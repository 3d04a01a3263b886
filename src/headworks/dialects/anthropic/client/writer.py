"""Answers to Anthropic clients: a provider's own bytes where it speaks this dialect, else written from events.

Bytes are forwarded as they are, but for the model name. Once a chunk comes without bytes, behind a seam or because a
room has changed it, the rest of that stream is written from events: the block that is open goes on, its number too.
"""

from typing import Any

import msgspec
from msgspec import Raw

from headworks.core.errors import HeadworksError
from headworks.core.replies import (
    Chunk,
    Event,
    Reply,
    Resumed,
    Started,
    TextDelta,
    ThinkingDelta,
    TokensCounted,
    ToolArgumentsDelta,
)
from headworks.dialects.anthropic.client.blocks import BlockStream, whole_content
from headworks.dialects.anthropic.client.outcome import Outcome
from headworks.dialects.anthropic.client.takeover import Passed
from headworks.dialects.anthropic.errors import write_error
from headworks.dialects.anthropic.usage import write_usage
from headworks.dialects.rename import ModelRename

_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_DELTA = b"event: content_block_delta"
_FIELDS = msgspec.json.Decoder(dict[str, Raw])


class MessageWriter:
    """Writes one answer of `/v1/messages`.

    Args:
        asked: The model name the client asked for.
        trace_id: Id of the call, for errors and for replies without an id of their own.
        reply: Where the chunks come from.
    """

    def __init__(self, asked: str, trace_id: str, reply: Reply) -> None:
        self._asked = asked
        self._trace_id = trace_id
        native = reply.target.dialect == "anthropic"
        self._forwards = native and reply.streamed
        self._forwards_whole = native and not reply.streamed
        self._begun = False
        self._held = _STOP
        self._passed = Passed()
        self._blocks = BlockStream()
        self._outcome = Outcome()

    def whole(self, chunks: list[Chunk]) -> bytes:
        """The message as one JSON body."""
        raw = chunks[0].raw if self._forwards_whole and len(chunks) == 1 else None
        events = [event for chunk in chunks for event in chunk.events]
        if raw is not None:
            return self._renamed_whole(raw, events)
        for event in events:
            self._outcome.note(event)
        started = next((event for event in events if isinstance(event, Started)), None)
        message = self._message(started) | {"content": whole_content(events)} | self._outcome.stop()
        return msgspec.json.encode(message | {"usage": write_usage(self._outcome.usage)})

    def step(self, chunk: Chunk) -> bytes:
        """The bytes to send for a chunk of a stream."""
        raw = chunk.raw
        if raw is None or not self._forwards:
            return self._written(chunk)
        if chunk.last:
            self._held = raw
            return b""
        events = chunk.events
        # The usual case first, and `type is` instead of isinstance, as this is done for every token.
        if events and raw.startswith(_DELTA):
            kind = type(events[0])
            if kind is TextDelta or kind is ThinkingDelta:
                return raw
            if kind is ToolArgumentsDelta:
                self._passed.since += events
                return raw
        self._passed.note(raw, events)
        return raw if self._begun else self._begin_forwarding(raw, events)

    def tail(self, facts: bytes) -> bytes:
        """What was held back, the facts as a comment, and `message_stop`."""
        return b"%b: headworks %b\n\n%b" % (b"" if self._forwards else self._ending(), facts, self._held)

    def failure(self, error: HeadworksError) -> bytes:
        """An `error` event; the SDKs raise it, and read its class from `error.type`."""
        return b"event: error\ndata: %b\n\n" % write_error(error, self._trace_id)

    def _renamed_whole(self, raw: bytes, events: list[Event]) -> bytes:
        if raw.count(b'"model"') > 1:  # the name may stand in the content too: replace by key, spacing is ours then
            fields = _FIELDS.decode(raw)
            fields["model"] = Raw(msgspec.json.encode(self._asked))
            return msgspec.json.encode(fields)
        return self._renamed(raw, events)

    def _renamed(self, raw: bytes, events: list[Event]) -> bytes:
        rename = ModelRename(self._asked)
        for event in events:
            if isinstance(event, Started):
                rename.learn(raw, event.model)
        return rename.apply(raw)

    def _begin_forwarding(self, raw: bytes, events: list[Event]) -> bytes:
        self._begun = any(isinstance(event, Started) for event in events)
        return self._renamed(raw, events)

    def _written(self, chunk: Chunk) -> bytes:
        events = chunk.events
        if not events:
            return b""
        out: list[bytes] = []
        if self._forwards:
            self._forwards = False
            out.append(self._take_over())
        for event in events:
            self._outcome.note(event)
        if not self._begun and type(events[-1]) is not Resumed:
            self._begun = True
            started = next((event for event in events if isinstance(event, Started)), None)
            out.append(self._message_start(started))
        out += [self._blocks.write(event) for event in events]
        return b"".join(out)

    def _take_over(self) -> bytes:
        """Stop forwarding: go on where the forwarded bytes ended."""
        for event in self._passed.calls:
            self._outcome.note(event)
        self._blocks = BlockStream(self._passed.index)
        block = self._passed.block
        if block is not None:
            self._blocks.queue.resume(block)
        return self._passed.ending

    def _message(self, started: Started | None) -> dict[str, Any]:
        own_id = (started and started.id) or f"msg_{self._trace_id}"
        return {"id": own_id, "type": "message", "role": "assistant", "model": self._asked}

    def _message_start(self, started: Started | None) -> bytes:
        body: dict[str, Any] = {
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": write_usage(self._outcome.usage),
        }
        event = {"type": "message_start", "message": self._message(started) | body}
        return b"event: message_start\ndata: %b\n\n" % msgspec.json.encode(event)

    def _ending(self) -> bytes:
        """The blocks still waiting, and the `message_delta` that had to wait for the last count."""
        start = b"" if self._begun else self._message_start(None)
        delta = {"type": "message_delta", "delta": self._outcome.stop(), "usage": write_usage(self._outcome.usage)}
        return b"%b%bevent: message_delta\ndata: %b\n\n" % (start, self._blocks.finish(), msgspec.json.encode(delta))


class CountWriter(MessageWriter):
    """Writes one answer of `/v1/messages/count_tokens`; these are never streamed."""

    def whole(self, chunks: list[Chunk]) -> bytes:
        """`{"input_tokens": n}`; an estimate of ours says so with `exact: false`."""
        if self._forwards_whole and chunks[0].raw is not None:
            return chunks[0].raw
        counted = next(e for chunk in chunks for e in chunk.events if isinstance(e, TokensCounted))
        answer: dict[str, Any] = {"input_tokens": counted.input_tokens}
        return msgspec.json.encode(answer if counted.exact else answer | {"exact": False})
