"""Client side, on the way back: chat completions and their chunks, forwarded or written from events."""

from abc import ABC, abstractmethod
from typing import Any

import msgspec

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

_FINISH = {
    "stop": "stop",
    "stop_sequence": "stop",
    "pause": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
}


class OpenAIWriter(ABC):
    """What both completion endpoints share: forwarding, the end of a stream, errors within it.

    A chunk that came in this dialect is forwarded as it is but for the model name. The usage chunk that the gateway
    asked the provider for is kept from clients that did not ask for it.
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
        if not self._forwards or chunk.raw is None:
            return b"".join([self._event(event) for event in chunk.events])
        if chunk.last:
            self._held = chunk.raw
            return b""
        events = chunk.events
        if events:
            if type(events[0]) is Started:
                self._learn(chunk)
            elif len(events) == 1 and type(events[0]) is UsageReported and not self._wants_usage:
                return b""
        return self._rename.apply(chunk.raw)

    def _learn(self, chunk: Chunk) -> None:
        first = chunk.events[0] if chunk.events else None
        if isinstance(first, Started) and chunk.raw is not None:
            self._rename.learn(chunk.raw, first.model)

    def _event(self, event: Event) -> bytes:
        if isinstance(event, UsageReported):
            self._usage = event.usage  # told once, at the end
            return b""
        choice = self.chunk_choice(event)
        return self._line({"choices": [choice]}) if choice is not None else b""

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

    def __init__(self, ask: Ask, reply: Reply, envelope: Envelope) -> None:
        super().__init__(ask, reply, envelope)
        self._greeted: set[int] = set()
        self._thought: dict[int, str] = {}

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
                self._thought[event.choice] = self._thought.get(event.choice, "") + event.text
                return {"reasoning_content": event.text}
            case ThinkingSealed():
                return {"thinking_blocks": [thinking_block(self._thought.pop(event.choice, ""), event)]}
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
