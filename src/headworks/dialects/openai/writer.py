"""Client side, on the way back: chat completions and their chunks, forwarded or written from events."""

from abc import ABC, abstractmethod
from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.errors import HeadworksError
from headworks.core.messages import Ask
from headworks.core.replies import (
    Chunk,
    CitationAdded,
    Event,
    Finished,
    LogprobsDelta,
    RefusalDelta,
    Reply,
    Resumed,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolArgumentsDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from headworks.dialects.openai.errors import error_object
from headworks.dialects.openai.folding import Folded, annotation, thinking_block
from headworks.dialects.protocols import Envelope
from headworks.dialects.rename import ModelRename
from headworks.dialects.seam import seam_line
from headworks.dialects.sse import event_data

_FINISH = {
    "stop": "stop",
    "stop_sequence": "stop",
    "pause": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
}


class _ChoiceHead(Struct):
    index: Any = None


class _ChunkHead(Struct):
    """What all chunks of a stream have in common, and whose turn it is."""

    id: Any = None
    created: Any = None
    choices: list[_ChoiceHead] | None = None


_HEAD = msgspec.json.Decoder(_ChunkHead)


class OpenAIWriter(ABC):
    """What both completion endpoints share: forwarding, the end of a stream, errors within it.

    A chunk that came in this dialect is forwarded as it is but for the model name. The usage chunk that the gateway
    asked the provider for is kept from clients that did not ask for it. Behind a seam chunks come as events only, and
    are written as if the provider of the first ones had gone on: same id, no second role.
    """

    object_name = "chat.completion"
    chunk_name = "chat.completion.chunk"
    id_prefix = "chatcmpl-"

    def __init__(self, ask: Ask, reply: Reply, envelope: Envelope) -> None:
        target = reply.target
        self._forwards = target.dialect == "openai" and (ask.kind == "chat" or ask.kind in target.capabilities)
        self._rename = ModelRename(ask.model)
        self._wants_usage = ask.stream and _include_usage(ask)
        self._held = b""
        self._usage: Usage | None = None
        self._greeted: set[int] = set()
        self._several = bytes(ask.fields.get("n", b"1")) not in (b"1", b"null")
        self._thoughts: list[Event] = []
        self._head = {
            "id": self.id_prefix + ask.trace_id,
            "object": self.chunk_name if ask.stream else self.object_name,
            "created": envelope.created,
            "model": ask.model,
        }

    def whole(self, chunks: list[Chunk]) -> bytes:
        """The body of a reply that is not streamed."""
        if self._forwards and len(chunks) == 1 and chunks[0].raw is not None:
            self._learn(chunks[0])
            return self._rename.apply(chunks[0].raw)
        folded = Folded.of(event for chunk in chunks for event in chunk.events)
        choices = [self.whole_choice(index, folded) for index in folded.choices]
        body: dict[str, Any] = self._head | {"choices": choices}
        if folded.usage is not None:
            body["usage"] = write_usage(folded.usage)
            if folded.usage.service_tier:
                body["service_tier"] = folded.usage.service_tier
        return msgspec.json.encode(body)

    def step(self, chunk: Chunk) -> bytes:
        """The bytes of one step of a stream."""
        raw = chunk.raw
        if raw is None or not self._forwards:
            return b"".join([self._event(event) for event in chunk.events])
        if chunk.last:
            self._held = raw
            return b""
        events = chunk.events
        kind = type(events[0]) if events else None
        # `type is` instead of isinstance, as this is done for every token.
        if kind is TextDelta or kind is ToolArgumentsDelta or kind is ThinkingDelta:
            if events[0].choice not in self._greeted:  # type: ignore[union-attr]
                self._greet(raw, events[0].choice)  # type: ignore[union-attr]
            if kind is ThinkingDelta:
                self._thoughts += events
        elif kind is UsageReported and len(events) == 1:
            if not self._wants_usage:
                return b""
        elif events or self._several or not self._greeted:
            self._note(chunk, raw)
        return self._rename.apply(raw)

    def _note(self, chunk: Chunk, raw: bytes) -> None:
        """Keep what has to be known of a forwarded chunk if the rest of the stream must be written."""
        if chunk.events and type(chunk.events[0]) is Started:
            self._learn(chunk)
        if self._several or not self._greeted:
            self._greet(raw)
        self._thoughts += [event for event in chunk.events if isinstance(event, ThinkingDelta | ThinkingSealed)]

    def _greet(self, raw: bytes, *said: int) -> None:
        """Note which choices have begun, and with the first of them the id of the stream."""
        if data := event_data(raw)[1]:
            head = _HEAD.decode(data)
            said += tuple(choice.index or 0 for choice in head.choices or ())
            if said and not self._greeted:
                common = {"id": head.id, "created": head.created}
                self._head |= {name: value for name, value in common.items() if value}
        self._greeted.update(said)

    def _learn(self, chunk: Chunk) -> None:
        first = chunk.events[0] if chunk.events else None
        if isinstance(first, Started) and chunk.raw is not None:
            self._rename.learn(chunk.raw, first.model)

    def _event(self, event: Event) -> bytes:
        if isinstance(event, UsageReported):
            self._usage = event.usage  # told once, at the end
            return b""
        choice = self.chunk_choice(event)
        if choice is None:
            return seam_line(event) if isinstance(event, Resumed) else b""
        return self._line({"choices": [choice]})

    def _line(self, more: dict[str, Any]) -> bytes:
        return b"data: " + msgspec.json.encode(self._head | more) + b"\n\n"

    def tail(self, facts: bytes) -> bytes:
        """Usage where it was asked for, the facts as a comment, and the end marker."""
        usage = b""
        if self._usage is not None and self._wants_usage:
            usage = self._line({"choices": [], "usage": write_usage(self._usage)})
        return usage + b": headworks " + facts + b"\n\n" + (self._held or b"data: [DONE]\n\n")

    def failure(self, error: HeadworksError) -> bytes:
        """An error event; SDKs raise on it. No `[DONE]` follows, so nobody takes the answer for whole."""
        return b"data: " + msgspec.json.encode({"error": error_object(error)}) + b"\n\n"

    def whole_choice(self, index: int, folded: Folded) -> dict[str, Any]:
        """Choice `index` of a whole reply."""
        said = folded.choices[index]
        choice: dict[str, Any] = {"index": index, "message": said.message(), "finish_reason": finish(said.finished)}
        choice["logprobs"] = {"content": said.logprobs} if said.logprobs else None
        return choice

    @abstractmethod
    def chunk_choice(self, event: Event) -> dict[str, Any] | None:
        """The choice of a stream chunk that tells `event`; None when there is nothing to tell."""


class ChatWriter(OpenAIWriter):
    """Writes `chat.completion` and `chat.completion.chunk`."""

    def chunk_choice(self, event: Event) -> dict[str, Any] | None:
        """A delta; the first of each choice carries the role."""
        if isinstance(event, Finished):
            return {"index": event.choice, "delta": {}, "finish_reason": finish(event)}
        delta = self._delta(event)
        if delta is None:
            return None
        index = 0 if isinstance(event, Started) else getattr(event, "choice", 0)
        if index not in self._greeted:
            self._greeted.add(index)
            delta = {"role": "assistant"} | delta
        choice: dict[str, Any] = {"index": index, "delta": delta, "finish_reason": None}
        if isinstance(event, LogprobsDelta):
            choice["logprobs"] = {"content": event.content}
        return choice

    def _delta(self, event: Event) -> dict[str, Any] | None:  # noqa: PLR0911  one line per event
        match event:
            case Started():
                return {"content": ""}
            case TextDelta():
                return {"content": event.text}
            case ThinkingDelta():
                self._thoughts.append(event)
                return {"reasoning_content": event.text}
            case ThinkingSealed():
                block = thinking_block(self._thought(event.choice), event)
                self._thoughts.append(event)
                return {"thinking_blocks": [block]} if block else None
            case RefusalDelta():
                return {"refusal": event.text}
            case CitationAdded():
                return {"annotations": [annotation(event.citation)]}
            case LogprobsDelta():
                return {}
            case ToolCallStarted() | ToolArgumentsDelta():
                return {"tool_calls": [_call_delta(event)]}
            case _:
                return None

    def _thought(self, choice: int) -> str:
        """The thought of `choice` that is under way: its seal is written with the whole of it."""
        text: list[str] = []
        for event in self._thoughts:
            if isinstance(event, ThinkingDelta) and event.choice == choice:
                text.append(event.text)
            elif isinstance(event, ThinkingSealed) and event.choice == choice:
                text.clear()
        return "".join(text)


def _call_delta(event: ToolCallStarted | ToolArgumentsDelta) -> dict[str, Any]:
    if isinstance(event, ToolArgumentsDelta):
        return {"index": event.slot, "function": {"arguments": event.fragment}}
    call: dict[str, Any] = {"index": event.slot, "id": event.id, "type": "function"}
    call["function"] = {"name": event.name, "arguments": ""}
    if event.signature:
        call["extra_content"] = {"google": {"thought_signature": event.signature}}
    return call


def finish(finished: Finished | None) -> str | None:
    """The finish reason in this dialect's words."""
    return _FINISH[finished.reason] if finished else None


def _include_usage(ask: Ask) -> bool:
    raw = ask.fields.get("stream_options")
    options = msgspec.json.decode(raw) if raw is not None else None
    return bool(options and options.get("include_usage"))


def write_usage(usage: Usage) -> dict[str, Any]:
    """Token counts in this dialect's convention: cached and cache-written tokens stand inside the prompt."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "audio_tokens": usage.audio_input_tokens,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": usage.audio_output_tokens,
        },
    }
