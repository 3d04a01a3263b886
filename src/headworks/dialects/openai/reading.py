"""Provider side, on the way back: OpenAI replies and stream chunks as events."""

from typing import Any

import msgspec
from msgspec import Raw

from headworks.core.errors import ProviderError
from headworks.core.messages import Ask, Citation
from headworks.core.replies import (
    Chunk,
    CitationAdded,
    Embedded,
    Event,
    Finished,
    FinishReason,
    LogprobsDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolArgumentsDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from headworks.dialects.openai import wire
from headworks.dialects.openai.errors import error_in_reply
from headworks.dialects.sse import event_data

_REPLY = msgspec.json.Decoder(wire.ReplyBody)
_EMBEDDINGS = msgspec.json.Decoder(wire.EmbeddingReply)
_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
_SAYS_NOTHING = wire.Said()
_NULL = Raw(b"null")
_BROKEN_OFF = frozenset({"error", "insufficient_system_resource"})


def read_whole(ask: Ask, body: bytes) -> list[Event]:
    """Events of a whole reply of any kind this dialect offers.

    Raises:
        ProviderError: Not JSON, not the documented shape, or an error in a 200.
    """
    if ask.kind == "embedding":
        return _embeddings(body)
    reply = _decode(body)
    if not reply.choices:
        raise ProviderError("The provider's reply has no choices.")
    events: list[Event] = [Started(reply.id or "", reply.model or "")]
    slots = ToolSlots()
    for place, choice in enumerate(reply.choices):
        _choice_events(choice, place, slots, events)
    if reply.usage is not None:
        events.append(UsageReported(read_usage(reply.usage, reply.service_tier)))
    return events


def _embeddings(body: bytes) -> list[Event]:
    try:
        reply = _EMBEDDINGS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderError("The provider's embeddings are not in the documented shape.") from error
    vectors = [vector.embedding for vector in sorted(reply.data, key=lambda vector: vector.index)]
    events: list[Event] = [Started("", reply.model or ""), Embedded(vectors)]
    if reply.usage is not None:
        events.append(UsageReported(read_usage(reply.usage, None)))
    return events


class OpenAIStream:
    """Reads one stream of chat or text completion chunks."""

    def __init__(self) -> None:
        self._started = False
        self._slots = ToolSlots()
        self._open: set[int] = set()
        self._done: set[int] = set()
        self._tier: str | None = None

    def read(self, event: bytes) -> Chunk:
        """What one event means; `[DONE]` is the end marker."""
        name, data = event_data(event)
        if not data:
            return Chunk([], event)
        if data.startswith(b"[DONE]"):
            return Chunk([], event, last=True)
        body = _decode(data)
        if name == b"error":
            raise error_in_reply(data)
        choices = body.choices
        if self._started and choices and len(choices) == 1 and body.usage is None:
            text = _plain_text(choices[0])
            if text:
                index = choices[0].index or 0
                self._open.add(index)
                return Chunk([TextDelta(text, index)], event)
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Started(body.id or "", body.model or ""))
        self._tier = body.service_tier or self._tier  # not every server repeats it beside the counts
        for choice in choices or ():
            self._note(choice)
            _choice_events(choice, 0, self._slots, events)
        counts = body.usage or next((choice.usage for choice in choices or () if choice.usage), None)
        if counts is not None:
            events.append(UsageReported(read_usage(counts, self._tier)))
        return Chunk(events, event)

    def _note(self, choice: wire.Choice) -> None:
        index = choice.index or 0
        self._open.add(index)
        if choice.finish_reason:
            self._done.add(index)

    def finished(self) -> bool:
        """True once every choice that began has ended."""
        return bool(self._done) and self._open <= self._done


class ToolSlots:
    """Numbers the tool calls of each choice, also for servers that leave `index` out and send calls whole."""

    def __init__(self) -> None:
        self._by_choice: dict[int, dict[int, str]] = {}

    def place(self, choice: int, call: wire.DeltaCall) -> tuple[int, bool]:
        """The slot of this fragment, and whether it begins a call."""
        slots = self._by_choice.setdefault(choice, {})
        index = call.index
        if index is None:
            index = len(slots) if call.id or not slots else len(slots) - 1
        if index in slots:
            return index, False
        slots[index] = call.id or ""
        return index, True


def _decode(data: bytes) -> wire.ReplyBody:
    try:
        body = _REPLY.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderError("The provider sent JSON that is broken or not in the documented shape.") from error
    if body.error not in (wire.ABSENT, _NULL):
        raise error_in_reply(bytes(body.error))
    return body


def _plain_text(choice: wire.Choice) -> str | None:
    """The text of a choice that says nothing but text, as most do; found by one comparison instead of a dozen looks."""
    said = choice.delta
    if said is None or choice.finish_reason is not None or choice.text is not None or choice.logprobs is not None:
        return None
    content, said.content = said.content, None
    plain = said == _SAYS_NOTHING
    said.content = content
    return content if plain and isinstance(content, str) else None


def _choice_events(choice: wire.Choice, place: int, slots: ToolSlots, events: list[Event]) -> None:
    index = place if choice.index is None else choice.index
    said = choice.delta or choice.message
    if choice.text:
        events.append(TextDelta(choice.text, index))
    if said is not None:
        _said_events(said, index, slots, events)
    if choice.logprobs is not None and choice.logprobs.content:
        events.append(LogprobsDelta(choice.logprobs.content, index))
    if choice.finish_reason:
        if choice.finish_reason in _BROKEN_OFF:
            raise ProviderError("The provider broke the answer off.", code="stream_interrupted")
        events.append(Finished(_FINISH.get(choice.finish_reason, "stop"), index))


def _said_events(said: wire.Said, index: int, slots: ToolSlots, events: list[Event]) -> None:
    thinking = said.reasoning_content or said.reasoning
    if thinking:
        events.append(ThinkingDelta(thinking, index))
    if said.thinking_blocks:
        _sealed(said.thinking_blocks, index, events, written=bool(thinking))
    if isinstance(said.content, str):
        if said.content:
            events.append(TextDelta(said.content, index))
    elif said.content:
        _typed_content(said.content, index, events)
    if said.refusal:
        events.append(RefusalDelta(said.refusal, index))
    events += [CitationAdded(_citation(note), index) for note in said.annotations or ()]
    for call in said.tool_calls or ():
        _call_events(call, index, slots, events)


def _sealed(blocks: list[dict[str, Any]], index: int, events: list[Event], *, written: bool) -> None:
    for block in blocks:
        if not written and isinstance(block.get("thinking"), str) and block["thinking"]:
            events.append(ThinkingDelta(block["thinking"], index))
        if block.get("signature") or block.get("data"):
            events.append(ThinkingSealed(signature=block.get("signature"), redacted=block.get("data"), choice=index))


def _typed_content(content: list[Any], index: int, events: list[Event]) -> None:
    """Content as a list of parts: some servers put thinking beside text in it."""
    for part in content:
        if not isinstance(part, dict):
            continue
        if isinstance(part.get("text"), str):
            events.append(TextDelta(part["text"], index))
        thoughts = [thought for thought in part.get("thinking") or () if isinstance(thought, dict)]
        texts = [thought.get("text") for thought in thoughts]
        events += [ThinkingDelta(text, index) for text in texts if isinstance(text, str)]


def _citation(note: dict[str, Any]) -> Citation:
    web = note.get("url_citation")
    if not isinstance(web, dict):
        return Citation(wire=note)
    return Citation(
        title=web.get("title"), url=web.get("url"), start=web.get("start_index"), end=web.get("end_index"), wire=note
    )


def _call_events(call: wire.DeltaCall, index: int, slots: ToolSlots, events: list[Event]) -> None:
    slot, begins = slots.place(index, call)
    name = call.function.name if call.function else None
    if begins:
        google = (call.extra_content or {}).get("google")
        signature = google.get("thought_signature") if isinstance(google, dict) else None
        call_id = call.id or f"call_{index}_{slot}"
        events.append(ToolCallStarted(slot=slot, id=call_id, name=name or "", signature=signature, choice=index))
    if call.function is not None and call.function.arguments:
        events.append(ToolArgumentsDelta(slot, call.function.arguments, index))


def read_usage(body: wire.UsageBody, service_tier: str | None) -> Usage:
    """Canonical usage. Cached tokens are inside the prompt here; some servers count reasoning beside the completion."""
    prompt = body.prompt_tokens or 0
    output = body.completion_tokens or 0
    shares = body.prompt_tokens_details or wire.PromptDetails()
    written = body.completion_tokens_details or wire.CompletionDetails()
    reasoning = written.reasoning_tokens or 0
    if reasoning and body.total_tokens == prompt + output + reasoning:
        output += reasoning  # counted apart: the total tells
    return Usage(
        input_tokens=prompt,
        output_tokens=output,
        cached_tokens=min(prompt, shares.cached_tokens or body.prompt_cache_hit_tokens or body.cached_tokens or 0),
        cache_write_5m_tokens=shares.cache_write_tokens or 0,
        reasoning_tokens=reasoning,
        audio_input_tokens=shares.audio_tokens or 0,
        audio_output_tokens=written.audio_tokens or 0,
        image_input_tokens=shares.image_tokens or 0,
        service_tier=service_tier,
    )
