"""Gemini replies as events. A whole reply and an event of a stream have one shape, so one reader reads both.

Source: https://ai.google.dev/api/generate-content (read 2026-11-23). A stream has no end marker: its last event says
why each candidate finished.
"""

from typing import TypeVar

import msgspec

from headworks.core.errors import ProviderError
from headworks.core.messages import Ask
from headworks.core.replies import (
    Chunk,
    CitationAdded,
    Embedded,
    Event,
    Finished,
    FinishReason,
    LogprobsDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    TokensCounted,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
)
from headworks.dialects.errors import provider_sentence
from headworks.dialects.gemini import grounding, wire
from headworks.dialects.gemini.errors import UNREADABLE, failure
from headworks.dialects.gemini.request import service_tier
from headworks.dialects.gemini.signatures import marked
from headworks.dialects.gemini.usage import read_usage
from headworks.dialects.sse import event_data

Body = TypeVar("Body")
_REPLY = msgspec.json.Decoder(wire.ReplyBody)
_EMBEDDINGS = msgspec.json.Decoder(wire.EmbeddingReply)
_COUNT = msgspec.json.Decoder(wire.CountReply)
_BILLED_BY_PROMPT = ("gemini-1", "gemini-2")
"""Models whose grounding is paid for once a prompt, however much is searched; later ones pay for each search
(https://ai.google.dev/gemini-api/docs/google-search, "Pricing", read 2026-11-24)."""
_BROKEN = "The provider sent JSON that is broken or not in the documented shape."

# Any other reason means that the model broke down (MALFORMED_FUNCTION_CALL, OTHER, ...): an error, not an answer.
_FINISH: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "pause",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
}


def read_whole(ask: Ask, body: bytes) -> list[Event]:
    """Events of a whole reply of any kind.

    Raises:
        ProviderError: Not JSON, not the documented shape, without an answer, or an answer that broke down.
    """
    if ask.kind == "embedding":
        return _read_embeddings(body)
    if ask.kind == "count":
        return [TokensCounted(_decode(_COUNT, body).total_tokens)]
    reader = GeminiReader(ask)
    events = reader.events(body)
    if reader.finished():
        return events
    if all(isinstance(event, Started | UsageReported) for event in events):
        raise ProviderError("The provider's reply has no candidate that says anything.")
    return [event for event in events if type(event) is not Finished]  # who has one unfinished candidate has not


def _decode(decoder: msgspec.json.Decoder[Body], data: bytes) -> Body:
    try:
        return decoder.decode(data)
    except UNREADABLE as error:
        raise ProviderError(_BROKEN) from error


def _arguments(call: wire.FunctionCall) -> str:
    """The arguments of a call as text, without the white space of a printed reply."""
    try:
        return msgspec.json.format(bytes(call.args), indent=-1).decode()
    except UNREADABLE as error:
        raise ProviderError(_BROKEN) from error


def _read_embeddings(body: bytes) -> list[Event]:
    reply = _decode(_EMBEDDINGS, body)
    events: list[Event] = [Embedded([vector.values for vector in reply.embeddings])]
    if reply.usage_metadata is not None:
        events.append(UsageReported(read_usage(reply.usage_metadata)))
    return events


class _Said:
    """What one candidate has said so far."""

    __slots__ = ("calls", "finished", "searches", "sources", "text")

    def __init__(self) -> None:
        self.text: list[str] = []
        self.calls = 0
        self.searches = 0
        self.sources: set[object] = set()
        self.finished = False


class GeminiReader:
    """Reads one reply: the events of its stream, or its whole body.

    Args:
        ask: What was asked; whether thoughts are wanted and at which tier.
    """

    def __init__(self, ask: Ask) -> None:
        prompt = ask.prompt
        self._seals = prompt.reasoning is not None and prompt.reasoning.enabled
        self._tier = service_tier(prompt)
        self._id = ask.trace_id
        self._started = False
        self._said: dict[int, _Said] = {}

    def read(self, event: bytes) -> Chunk:
        """What one server-sent event means. Its bytes are not kept: no client speaks this dialect."""
        _, data = event_data(event)
        return Chunk(self.events(data) if data else [])

    def finished(self) -> bool:
        """True once every candidate that began has ended."""
        return bool(self._said) and all(said.finished for said in self._said.values())

    def events(self, data: bytes) -> list[Event]:
        """What a piece of JSON means.

        Raises:
            ProviderError: Broken, an error report, or a candidate that broke down.
        """
        body = _decode(_REPLY, data)
        if body.error is not None:
            raise failure(body.error, body.error.code or 500)
        events: list[Event] = []
        if not self._started:
            self._started = True
            self._id = body.response_id or self._id
            events.append(Started(self._id, body.model_version))
        for candidate in body.candidates:
            self._candidate(candidate, events)
        if not body.candidates and body.prompt_feedback is not None and body.prompt_feedback.block_reason:
            self._finish(0, "content_filter", events)
        if body.usage_metadata is not None:
            searches = sum(said.searches for said in self._said.values())
            if body.model_version.startswith(_BILLED_BY_PROMPT):
                searches = min(1, searches)
            usage = read_usage(body.usage_metadata, web_searches=searches, service_tier=self._tier)
            events.append(UsageReported(usage))
        return events

    def _candidate(self, candidate: wire.Candidate, events: list[Event]) -> None:
        index = candidate.index
        said = self._said.get(index)
        if said is None:
            said = self._said[index] = _Said()
        if candidate.content is not None:
            for part in candidate.content.parts:
                self._part(part, index, said, events)
        if candidate.citation_metadata is not None or candidate.grounding_metadata is not None:
            _sources(candidate, said, events)
        if candidate.logprobs_result is not None:
            events.append(LogprobsDelta(grounding.logprobs(candidate.logprobs_result), index))
        if candidate.finish_reason:
            self._finish(index, _reason(candidate, said), events)

    def _finish(self, index: int, reason: FinishReason, events: list[Event]) -> None:
        said = self._said.setdefault(index, _Said())
        if not said.finished:
            said.finished = True
            events.append(Finished(reason, index))

    def _part(self, part: wire.Part, index: int, said: _Said, events: list[Event]) -> None:
        if part.function_call is not None:
            self._call(part.function_call, part.thought_signature, index, said, events)
            return
        if part.inline_data is not None:
            raise ProviderError(
                f"The model answered with {part.inline_data.mime_type or 'media'}; only text and tool calls can be "
                "passed on. Choose a model that writes text.",
                retryable=False,
            )
        if part.thought and part.text:
            events.append(ThinkingDelta(part.text, index))
        if part.thought_signature and self._seals:
            events.append(ThinkingSealed(signature=marked(part.thought_signature), choice=index))
        if part.text and not part.thought:
            said.text.append(part.text)
            events.append(TextDelta(part.text, index))

    def _call(
        self, call: wire.FunctionCall, signature: str | None, index: int, said: _Said, events: list[Event]
    ) -> None:
        slot = said.calls
        said.calls += 1
        call_id = call.id or f"call_{self._id}_{index}_{slot}"
        events.append(ToolCallStarted(slot=slot, id=call_id, name=call.name, signature=signature, choice=index))
        events.append(ToolArgumentsDelta(slot, _arguments(call), index))


def _sources(candidate: wire.Candidate, said: _Said, events: list[Event]) -> None:
    """Sources not named before: a stream may repeat them as they grow."""
    if candidate.grounding_metadata is not None:
        said.searches = max(said.searches, sum(map(bool, candidate.grounding_metadata.web_search_queries)))
    for citation in grounding.citations(candidate, "".join(said.text)):
        key = (citation.url, citation.title, citation.quote, citation.start, citation.end)
        if key not in said.sources:
            said.sources.add(key)
            events.append(CitationAdded(citation, candidate.index))


def _reason(candidate: wire.Candidate, said: _Said) -> FinishReason:
    """Why the candidate finished.

    Raises:
        ProviderError: It broke down.
    """
    reason = _FINISH.get(candidate.finish_reason or "")
    if reason is None:
        detail = provider_sentence(candidate.finish_message or "it gave no reason")
        raise ProviderError(f"The model broke its answer off with {candidate.finish_reason}: {detail}")
    return "tool_calls" if reason == "stop" and said.calls else reason
