"""Documented Anthropic streams, cut at every event: what a client of that dialect has is one message all the same."""

from pathlib import Path

import pytest
from tests.property.resume.conftest import SEAM, calls_of, text_of
from tests.property.resume.readers import DIALECTS, FACTS, ask_of, check_message_stream, writer

from headworks.core.replies import Chunk, Finished, TextDelta, ThinkingSealed
from headworks.dialects.sse import EventSplitter
from headworks.providers.resume import Delivered, Joiner

CASSETTES = Path(__file__).parents[2] / "cassettes" / "anthropic"


def chunks_of(name):
    reader = DIALECTS["anthropic"].stream_reader(ask_of("anthropic"))
    return [reader.read(event) for event in EventSplitter().feed((CASSETTES / f"{name}.sse").read_bytes())]


def read(sent):
    reader = DIALECTS["anthropic"].stream_reader(ask_of("anthropic"))
    return [event for raw in EventSplitter().feed(sent) for event in reader.read(raw).events]


@pytest.mark.parametrize("name", ["thinking_and_tools", "search_and_citations", "unknown_events", "stop_sequence"])
def test_cut_at_every_event(name):
    chunks = chunks_of(name)
    whole = [event for chunk in chunks for event in chunk.events]
    last = next(n for n, chunk in enumerate(chunks) if any(isinstance(event, Finished) for event in chunk.events))
    for place in range(last + 1):
        out = writer("anthropic", "anthropic")
        sent = b"".join(out.step(chunk) for chunk in chunks[:place])
        joiner = Joiner(Delivered.of(event for chunk in chunks[:place] for event in chunk.events), "restart", SEAM)
        for chunk in chunks_of(name):
            sent += out.step(Chunk(joiner.feed(chunk.events)))
        sent += out.step(Chunk(joiner.end())) + out.tail(FACTS)
        check_message_stream(sent)
        heard = read(sent)
        assert text_of(heard) == text_of(whole)
        assert calls_of(heard) == calls_of(whole)
        seals, wanted = ([e for e in events if isinstance(e, ThinkingSealed)] for events in (heard, whole))
        assert seals == wanted
        assert heard[-1] == whole[-1]


def test_a_block_that_begins_with_its_text_is_known_to_be_open():
    """Some servers of this dialect put the first words into the start of the block."""
    start = b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","model":"real"}}\n\n'
    block = (
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        b'"content_block":{"type":"text","text":"Hel"}}\n\n'
    )
    reader = DIALECTS["anthropic"].stream_reader(ask_of("anthropic"))
    out = writer("anthropic", "anthropic")
    sent = b"".join(out.step(reader.read(event)) for event in (start, block))
    sent += out.step(Chunk([SEAM, TextDelta("lo"), Finished("stop")])) + out.tail(FACTS)
    check_message_stream(sent)
    assert text_of(read(sent)) == "Hello"


def test_text_behind_a_cited_text_is_not_cited():
    chunks = chunks_of("search_and_citations")
    cited = next(n for n, chunk in enumerate(chunks) if b"citations_delta" in (chunk.raw or b""))
    out = writer("anthropic", "anthropic")
    sent = b"".join(out.step(chunk) for chunk in chunks[: cited + 1])
    sent += out.step(Chunk([SEAM, TextDelta(" uncited"), Finished("stop")])) + out.tail(FACTS)
    starts = [event["index"] for event in check_message_stream(sent) if event["type"] == "content_block_start"]
    assert starts == [0, 1, 2, 3, 4]


def test_a_provider_that_only_says_stop_after_a_forwarded_call_has_called_a_tool():
    chunks = chunks_of("thinking_and_tools")
    out = writer("anthropic", "anthropic")
    sent = b"".join(out.step(chunk) for chunk in chunks[:-2])
    sent += out.step(Chunk([SEAM, Finished("stop")])) + out.tail(FACTS)
    assert check_message_stream(sent)[-2]["delta"]["stop_reason"] == "tool_use"


def test_a_seam_alone_begins_no_message():
    out = writer("anthropic", "other")
    assert out.step(Chunk([SEAM])).startswith(b": headworks-seam ")
    sent = out.step(Chunk([TextDelta("x"), Finished("stop")])) + out.tail(FACTS)
    check_message_stream(sent)
