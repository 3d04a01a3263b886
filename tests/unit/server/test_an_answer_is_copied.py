"""An answer of the cache is written once in each form; a copy is what the writer would have written for the call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from headworks.cache.answers import said_again
from headworks.cache.copies import Copies
from headworks.cache.entries import Entry, Facets
from headworks.core.messages import Ask, Prompt, Route, Target
from headworks.core.replies import (
    Chunk,
    Finished,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolArgumentsDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from headworks.dialects.protocols import Envelope
from headworks.server.copying import copy_of, filled
from headworks.server.edge import DOORS
from headworks.server.streams.numbers import Numbering

TRACE_ID = "01a20b2af99875ed805abc4576a1bfd3"
ENVELOPE = Envelope(trace_id=TRACE_ID, headers={}, created=1_795_428_000)
FACTS = b'{"trace_id":"01a20b2af99875ed805abc4576a1bfd3","cost_usd":"0"}'
TARGET = Target(name="fast", provider="lab", provider_model="lab-small", dialect="openai")
ROUTE = Route(feature="f", query_type="explicit", targets=(TARGET,))
CHATS = ["/v1/chat/completions", "/v1/messages"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
EVENTS = st.lists(
    st.one_of(
        st.builds(TextDelta, TEXT),
        st.builds(ThinkingDelta, TEXT),
        st.just(ThinkingSealed(signature="signed")),
        st.builds(lambda slot: ToolCallStarted(slot=slot, id="call_1", name="weather"), st.integers(0, 2)),
    ),
    max_size=5,
)


def ask(path, *, stream=False, model="fast", trace_id=TRACE_ID, **fields):
    raw = {name: Raw(value) for name, value in fields.items()}
    return Ask(
        trace_id=trace_id,
        dialect=DOORS[path].endpoint.dialect,
        kind="completion" if path == "/v1/completions" else "chat",
        model=model,
        fields=raw,
        read_prompt=lambda: Prompt(messages=()),
        stream=stream,
    )


def entry(events):
    usage = UsageReported(Usage(input_tokens=3, output_tokens=4))
    return Entry(
        key=b"k" * 32,
        facets=Facets(),
        created_s=1.0,
        expires_s=2.0,
        model="fast",
        provider="lab",
        provider_model="lab-small",
        events=[*events, Finished("stop"), usage],
    )


def copied(path, asked, kept, copies):
    reply = said_again(kept, ROUTE, copies.of(kept), streamed=asked.stream)
    return filled(copy_of(DOORS[path].endpoint, asked, reply, [Chunk(kept.events, more=True)]), ENVELOPE, FACTS)


def written(path, asked, kept):
    reply = said_again(kept, ROUTE, Copies().of(kept), streamed=asked.stream)
    writer = DOORS[path].endpoint.writer(asked, reply, ENVELOPE)
    chunk = Chunk(kept.events, more=True)
    if not asked.stream:
        return writer.whole([chunk])
    numbers = Numbering()
    return numbers.stamp(writer.step(chunk)) + numbers.stamp(writer.tail(FACTS))


def sealed(events):
    """Tool calls with arguments, as providers send them, each slot once."""
    seen = set()
    for event in events:
        if isinstance(event, ToolCallStarted):
            if event.slot in seen:
                continue
            seen.add(event.slot)
            yield event
            yield ToolArgumentsDelta(event.slot, '{"city":"Paris"}')
        else:
            yield event


@pytest.mark.parametrize("path", CHATS)
@pytest.mark.parametrize("stream", [False, True])
@given(events=EVENTS, started=st.booleans())
def test_a_copy_is_what_would_have_been_written(path, stream, events, started):
    kept = entry([*([Started("theirs", "m")] if started else []), *sealed(events)])
    copies = Copies()
    asked = ask(path, stream=stream, stream_options=b'{"include_usage":true}')
    for _ in range(2):
        assert copied(path, asked, kept, copies) == written(path, asked, kept)


def test_words_of_the_answer_are_no_gaps():
    kept = entry([TextDelta(f"{TRACE_ID} 1795428000 trace_id created facts")])
    asked = ask(CHATS[0])
    assert copied(CHATS[0], asked, kept, Copies()) == written(CHATS[0], asked, kept)


def test_each_form_has_a_copy_of_its_own():
    kept, copies = entry([TextDelta("hi")]), Copies()
    forms = [
        (CHATS[0], ask(CHATS[0])),
        (CHATS[0], ask(CHATS[0], model="feature/f")),
        (CHATS[0], ask(CHATS[0], stream=True)),
        (CHATS[0], ask(CHATS[0], stream=True, stream_options=b'{"include_usage":true}')),
        (CHATS[1], ask(CHATS[1])),
        (CHATS[1], ask(CHATS[1], stream=True)),
        ("/v1/completions", ask("/v1/completions")),
    ]
    for path, asked in forms * 2:
        assert copied(path, asked, kept, copies) == written(path, asked, kept)


def test_what_no_writer_sees_makes_no_other_form():
    kept, copies = entry([TextDelta("hi")]), Copies()
    copied(CHATS[0], ask(CHATS[0], messages=b"[]", user=b'"ann"'), kept, copies)
    taken = copies.bytes
    copied(CHATS[0], ask(CHATS[0], messages=b"[1]", user=b'"bob"', metadata=b"{}"), kept, copies)
    assert copies.bytes == taken
