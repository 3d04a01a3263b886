"""However the bytes of a stream are cut, the events are the same; and no bytes at all are an unforeseen exception."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.core.errors import ProviderError
from headworks.core.messages import Ask, Message, Prompt, Reasoning, Text
from headworks.core.replies import Event
from headworks.dialects.gemini import DIALECT
from headworks.dialects.sse import EventSplitter

CASSETTES = Path(__file__).parents[2] / "cassettes" / "gemini"
STREAMS = {path.name: path.read_bytes() for path in sorted(CASSETTES.glob("*.sse"))}
PROMPT = Prompt(messages=(Message("user", (Text("hi"),)),), reasoning=Reasoning())
ASK = Ask(trace_id="t" * 32, dialect="openai", kind="chat", model="m", fields={}, read_prompt=lambda: PROMPT)


def read(pieces: list[bytes]) -> tuple[list[Event], str | None]:
    """The events of a stream that comes in these pieces, and the sentence of the error that ended it."""
    splitter, reader = EventSplitter(), DIALECT.stream_reader(ASK)
    events: list[Event] = []
    try:
        for piece in pieces:
            for event in splitter.feed(piece):
                events += reader.read(event).events
        rest = splitter.end()
        if rest:
            events += reader.read(rest + b"\n\n").events
    except ProviderError as error:
        return events, error.message
    return events, None


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(places), len(raw)]
    return [raw[start:end] for start, end in pairwise(bounds)]


@given(data=st.data(), name=st.sampled_from(sorted(STREAMS)))
def test_the_cut_of_the_bytes_does_not_matter(data: st.DataObject, name: str) -> None:
    raw = STREAMS[name]
    places = data.draw(st.lists(st.integers(0, len(raw)), max_size=40))
    assert read(cut(raw, places)) == read([raw])


@pytest.mark.parametrize("name", sorted(STREAMS))
def test_byte_by_byte_is_as_good_as_at_once(name: str) -> None:
    raw = STREAMS[name]
    assert read([raw[place : place + 1] for place in range(len(raw))]) == read([raw])


@given(data=st.data(), name=st.sampled_from(sorted(STREAMS)))
def test_damaged_bytes_are_events_or_a_provider_error(data: st.DataObject, name: str) -> None:
    raw = bytearray(STREAMS[name])
    for place in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=5)):
        raw[place] = data.draw(st.integers(0, 255))
    read([bytes(raw)])


@pytest.mark.parametrize("event", [b": ping\n\n", b"\n\n", b"event: ping\n\n"])
def test_an_event_without_data_means_nothing(event: bytes) -> None:
    assert DIALECT.stream_reader(ASK).read(event).events == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":"\xff"}}}]}}]}',
        b"",
        b"[]",
        b"null",
        b"{",
        b"<html>",
        b'{"candidates":1}',
        b"{}",
        b'{"candidates":[{}]}',
        b"[" * 100_000,
    ],
)
def test_a_whole_reply_that_is_no_answer_is_a_provider_error(body: bytes) -> None:
    with pytest.raises(ProviderError):
        DIALECT.read_whole(ASK, body)
