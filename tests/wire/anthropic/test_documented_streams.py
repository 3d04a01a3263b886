"""Documented Anthropic streams: read under any cut, forwarded as they are, written anew without loss."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message as SdkMessage
from anthropic.types import RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from headworks.core.errors import ProviderError
from headworks.core.messages import Ask, Target
from headworks.core.replies import (
    Chunk,
    CitationAdded,
    Event,
    Finished,
    Reply,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
)
from headworks.dialects.anthropic import DIALECT, MESSAGES
from headworks.dialects.protocols import Envelope
from headworks.dialects.sse import EventSplitter, event_data

CASSETTES = Path(__file__).parents[2] / "cassettes" / "anthropic"
STREAMS = ["thinking_and_tools.sse", "search_and_citations.sse", "stop_sequence.sse", "unknown_events.sse"]
ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=1)
BODY = b'{"model":"fast","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}'
SDK_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def ask() -> Ask:
    return MESSAGES.read(BODY, ENVELOPE)


def stream(name: str) -> bytes:
    return (CASSETTES / name).read_bytes()


def read(pieces: list[bytes]) -> list[Chunk]:
    splitter, reader = EventSplitter(), DIALECT.stream_reader(ask())
    return [reader.read(event) for piece in pieces for event in splitter.feed(piece)]


def events_of(chunks: list[Chunk]) -> list[Event]:
    return [event for chunk in chunks for event in chunk.events]


def written(chunks: list[Chunk], dialect: str = "other") -> bytes:
    async def none() -> Any:
        return
        yield

    target = Target(name="fast", provider="p", provider_model="m", dialect=dialect)
    writer = MESSAGES.writer(ask(), Reply(target=target, streamed=True, chunks=none()), ENVELOPE)
    return b"".join(writer.step(chunk) for chunk in chunks) + writer.tail(b'{"cost_usd":"0"}')


def said(events: list[Event]) -> tuple[dict[str, str], list[Event]]:
    """Runs of deltas joined, so that only what was said counts, not how it was cut."""
    joined: dict[str, str] = {}
    rest: list[Event] = []
    for event in events:
        match event:
            case TextDelta(text):
                joined["text"] = joined.get("text", "") + text
            case ThinkingDelta(text):
                joined["thinking"] = joined.get("thinking", "") + text
            case ToolArgumentsDelta(slot, fragment):
                joined[f"call {slot}"] = joined.get(f"call {slot}", "") + fragment
            case Started() | UsageReported():
                pass
            case CitationAdded() | Finished() | ThinkingSealed() | ToolCallStarted():
                rest.append(event)
    return joined, rest


def test_every_cassette_says_where_its_shape_comes_from() -> None:
    origins = tomllib.loads((CASSETTES / "origins.toml").read_text(encoding="utf-8"))
    files = {path.name for path in CASSETTES.iterdir()} - {"origins.toml"}
    assert set(origins) == files
    assert {row["origin"] for row in origins.values()} == {"documented"}
    assert all(row["url"].startswith("https://") and row["date"] for row in origins.values())


@pytest.mark.parametrize("name", STREAMS)
@given(data=st.data())
def test_any_cut_of_the_bytes_gives_the_same_events(name: str, data: st.DataObject) -> None:
    whole = stream(name)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=40)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert read(pieces) == read([whole])


@pytest.mark.parametrize("name", STREAMS)
def test_one_byte_at_a_time_gives_the_same_events(name: str) -> None:
    whole = stream(name)
    assert read([whole[i : i + 1] for i in range(len(whole))]) == read([whole])


@pytest.mark.parametrize("name", STREAMS)
def test_line_ends_do_not_matter(name: str) -> None:
    crlf = stream(name).replace(b"\n", b"\r\n")
    assert events_of(read([crlf])) == events_of(read([stream(name)]))


def test_thinking_text_and_parallel_calls_are_read() -> None:
    joined, rest = said(events_of(read([stream("thinking_and_tools.sse")])))
    assert joined == {
        "thinking": "Zürich and 東京: two calls 🧭",
        "text": "Ich schaue nach … 天気 ☂️",
        "call 0": '{"city": "Zürich"}',
        "call 1": '{"city":"東京"}',
        "call 2": "{}",
    }
    assert rest == [
        ThinkingSealed(signature="EqQBCgIYAhIM1gbcDa9GJwZA2b3h=="),
        ThinkingSealed(redacted="EmwKAhgBEgy3va3pzix/LafPsn4a"),
        ToolCallStarted(slot=0, id="toolu_01A", name="weather"),
        ToolCallStarted(slot=1, id="toolu_01B", name="weather"),
        ToolCallStarted(slot=2, id="toolu_01C", name="now"),
        Finished("tool_calls"),
    ]


def test_counts_of_start_and_end_are_merged() -> None:
    usage = [e.usage for e in events_of(read([stream("thinking_and_tools.sse")])) if isinstance(e, UsageReported)]
    assert usage[-1].input_tokens == 25 + 300 + 1000
    assert (usage[-1].cached_tokens, usage[-1].cache_write_5m_tokens, usage[-1].cache_write_1h_tokens) == (
        1000,
        100,
        200,
    )
    assert (usage[-1].output_tokens, usage[-1].reasoning_tokens) == (142, 40)
    assert usage[-1].service_tier == "standard"
    searched = [e.usage for e in events_of(read([stream("search_and_citations.sse")])) if isinstance(e, UsageReported)]
    assert (searched[-1].input_tokens, searched[-1].web_searches) == (2031, 1)


def test_what_is_unknown_has_bytes_but_no_events() -> None:
    chunks = read([stream("unknown_events.sse")])
    assert all(chunk.raw for chunk in chunks)
    joined, rest = said(events_of(chunks))
    assert (joined, rest) == ({"text": "plain"}, [Finished("stop")])


def test_only_the_end_marker_is_last() -> None:
    for name in STREAMS:
        chunks = read([stream(name)])
        assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


def test_a_stream_is_finished_once_it_says_why() -> None:
    splitter, reader = EventSplitter(), DIALECT.stream_reader(ask())
    for event in splitter.feed(stream("stop_sequence.sse")):
        before = reader.finished()
        reader.read(event)
        assert reader.finished() or b"message_delta" not in event
        assert not before or b"message_stop" in event


def test_an_error_in_the_stream_is_raised_with_its_true_class() -> None:
    with pytest.raises(ProviderError) as caught:
        read([stream("overloaded.sse")])
    assert (caught.value.code, caught.value.retryable, caught.value.provider_status) == ("overloaded", True, 529)


@pytest.mark.parametrize("event", [b"data: {oops}\n\n", b'data: {"type":5}\n\n', b'data: ["x"]\n\n', b"data: \xff\n\n"])
def test_bytes_that_are_no_event_are_a_provider_error(event: bytes) -> None:
    with pytest.raises(ProviderError, match="cannot be read"):
        DIALECT.stream_reader(ask()).read(event)


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_of_the_same_dialect_is_forwarded_but_for_the_name(name: str) -> None:
    whole = stream(name)
    assert b'"model":"claude-sonnet-4-6"' in whole
    expected = whole.replace(b'"model":"claude-sonnet-4-6"', b'"model":"fast"', 1)
    sent = written(read([whole]), "anthropic")
    assert sent == expected.replace(b"event: message_stop", b': headworks {"cost_usd":"0"}\n\nevent: message_stop')


@pytest.mark.parametrize("name", STREAMS)
def test_what_is_written_from_events_reads_as_the_same_events(name: str) -> None:
    events = events_of(read([stream(name)]))
    again = events_of(read([written([Chunk([event]) for event in events])]))
    assert said(again) == said(events)
    assert [e.usage for e in again if isinstance(e, UsageReported)][-1] == [
        e.usage for e in events if isinstance(e, UsageReported)
    ][-1]


def sdk_message(sent: bytes) -> SdkMessage:
    """What the official client makes of a stream; every event must be valid for its strict models."""
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for event in EventSplitter().feed(sent):
        name, data = event_data(event)
        if data:
            parsed = SDK_EVENT.validate_json(data)
            assert name.decode() == parsed.type
            snapshot = accumulate_event(event=parsed, current_snapshot=snapshot, json_bufs=buffers)
    return snapshot


def test_the_official_client_reads_what_is_written() -> None:
    message = sdk_message(written([Chunk([e]) for e in events_of(read([stream("thinking_and_tools.sse")]))]))
    assert [block.type for block in message.content] == [
        "thinking",
        "redacted_thinking",
        "text",
        "tool_use",
        "tool_use",
        "tool_use",
    ]
    assert [block.input for block in message.content if block.type == "tool_use"] == [
        {"city": "Zürich"},
        {"city": "東京"},
        {},
    ]
    assert (message.model, message.stop_reason) == ("fast", "tool_use")
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens, message.usage.output_tokens) == (
        25,
        1000,
        142,
    )


def test_the_official_client_reads_citations_that_are_written() -> None:
    message = sdk_message(written([Chunk([e]) for e in events_of(read([stream("search_and_citations.sse")]))]))
    cited = [block for block in message.content if block.type == "text" and block.citations]
    assert [block.citations[0].url for block in cited if block.citations] == ["https://example.com/tides"]
    assert "".join(b.text for b in message.content if b.type == "text").endswith("six, and low water at noon.")


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
OBJECTS = st.dictionaries(WORDS, st.integers(0, 9), max_size=3).map(lambda value: msgspec.json.encode(value).decode())


@st.composite
def replies(draw: st.DrawFn) -> list[Event]:
    """Replies as some provider may stream them: text, thoughts, and calls whose fragments come in turns."""
    events: list[Event] = [Started("msg_1", "m")]
    events += [ThinkingDelta(text) for text in draw(st.lists(WORDS, max_size=3))]
    if isinstance(events[-1], ThinkingDelta):
        events.append(ThinkingSealed(signature=draw(WORDS)))
    events += [TextDelta(text) for text in draw(st.lists(WORDS, max_size=3))]
    calls = draw(st.lists(OBJECTS, max_size=3))
    left: dict[int, list[str]] = {}
    for slot, arguments in enumerate(calls):
        events.append(ToolCallStarted(slot=slot, id=f"call_{slot}", name="f"))
        cut = draw(st.integers(0, len(arguments)))
        left[slot] = [piece for piece in (arguments[:cut], arguments[cut:]) if piece]
        if draw(st.booleans()):
            events += [ToolArgumentsDelta(slot, piece) for piece in left.pop(slot)]
    while left:
        slot = draw(st.sampled_from(sorted(left)))
        events.append(ToolArgumentsDelta(slot, left[slot].pop(0)))
        if not left[slot]:
            del left[slot]
    return [*events, Finished("tool_calls" if calls else "stop")]


@given(replies())
def test_calls_that_come_in_turns_are_written_one_after_the_other(events: list[Event]) -> None:
    sent = written([Chunk([event]) for event in events])
    assert said(events_of(read([sent]))) == said(events)
    open_block: int | None = None
    for event in EventSplitter().feed(sent):
        _, data = event_data(event)
        wire = msgspec.json.decode(data or b'{"type":""}')
        match wire["type"]:
            case "content_block_start":
                assert open_block is None
                open_block = wire["index"]
            case "content_block_delta":
                assert wire["index"] == open_block
            case "content_block_stop":
                assert wire["index"] == open_block
                open_block = None
            case _:
                pass
    assert open_block is None
