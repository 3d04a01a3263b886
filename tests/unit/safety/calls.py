"""A call through the safety room, for the tests of it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from headworks.core.messages import Ask, Route, Target
from headworks.core.replies import Chunk, Event, Reply, TextDelta
from headworks.dialects import openai
from headworks.dialects.protocols import Endpoint, Envelope
from headworks.safety import Classifier, Guard, Safety, SafetySettings, Verdict, policy

TARGET = Target(name="m", provider="p", provider_model="m", dialect="openai")
ROUTE = Route(feature="f", query_type="simple", targets=(TARGET,))
ENVELOPE = Envelope(trace_id="t", headers={}, created=0)


def guarded(settings: Any, verdicts: list[Verdict] | None = None, **classifiers: Classifier) -> Guard:
    """The filters of one call under these settings."""
    made = policy(SafetySettings.model_validate(settings))
    assert made is not None
    note = (verdicts if verdicts is not None else []).append
    guard = Safety({"f": made}, classifiers).guard(ROUTE, note)
    assert isinstance(guard, Guard)
    return guard


def ask(body: Mapping[str, Any], endpoint: Endpoint = openai.CHAT) -> Ask:
    """What a client sends."""
    return endpoint.read(msgspec.json.encode({"model": "m", **body}), ENVELOPE)


def said(text: str, **more: Any) -> Ask:
    """A chat of one user message."""
    return ask({"messages": [{"role": "user", "content": text}], **more})


def field(one: Ask, name: str = "messages") -> Any:
    """A field of an ask as values."""
    return msgspec.json.decode(one.fields[name])


def reply(*events: Event | Chunk, streamed: bool = True) -> Reply:
    """A reply of these events, each a chunk with bytes of its own."""
    return Reply(target=TARGET, streamed=streamed, chunks=_chunks(events))


async def read(given: Reply) -> list[Event]:
    """All events of a reply."""
    return [event async for chunk in given.chunks for event in chunk.events]


async def text_of(given: Reply) -> str:
    """All that a reply says."""
    return "".join(event.text for event in await read(given) if isinstance(event, TextDelta))


async def _chunks(events: tuple[Event | Chunk, ...]) -> AsyncIterator[Chunk]:
    for event in events:
        yield event if isinstance(event, Chunk) else Chunk([event], raw=b"as sent")
