"""However a stream is cut, the same events come out."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.core.errors import ProviderError
from headworks.dialects.sse import EventSplitter, event_data

LINE = st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=20)
FIELD = st.sampled_from(["data: ", "data:", "event: ", ": ", "id: ", ""])
END = st.sampled_from(["\n", "\r\n"])


@st.composite
def streams(draw):
    events = []
    for _ in range(draw(st.integers(0, 6))):
        end = draw(END)
        lines = draw(st.lists(st.tuples(FIELD, LINE.filter(bool)), min_size=1, max_size=4))
        events.append("".join(field + line + end for field, line in lines) + end)
    return "".join(events).encode()


def split(stream, cuts):
    splitter = EventSplitter()
    edges = [0, *sorted(cuts), len(stream)]
    pieces = [stream[a:b] for a, b in itertools.pairwise(edges)]
    events = [event for piece in pieces for event in splitter.feed(piece)]
    return [event_data(event) for event in events], splitter.end()


@given(streams(), st.data())
def test_any_cut_gives_the_same_events(stream, data):
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12))
    assert split(stream, cuts) == split(stream, [])


@given(streams())
def test_byte_by_byte_gives_the_same_events(stream):
    assert split(stream, range(len(stream))) == split(stream, [])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_understood(end):
    stream = f"event: a{end}data: 1{end}data: 2{end}{end}data: x{end}{end}: ping{end}{end}".encode()
    splitter = EventSplitter()
    events = [event for byte in stream for event in splitter.feed(bytes([byte]))]
    events += splitter.feed(b"\n")  # a last lone CR waits for what follows it
    assert [event_data(event) for event in events][:2] == [(b"a", b"1\n2"), (b"", b"x")]


def test_a_byte_order_mark_is_skipped_wherever_it_is_cut():
    for cut in range(4):
        stream = b"\xef\xbb\xbfdata: x\n\n"
        splitter = EventSplitter()
        events = splitter.feed(stream[:cut]) + splitter.feed(stream[cut:])
        assert [event_data(event) for event in events] == [(b"", b"x")]


def test_an_unfinished_event_is_what_is_left():
    splitter = EventSplitter()
    assert splitter.feed(b"data: whole\n\ndata: ha") == [b"data: whole\n\n"]
    assert splitter.end() == b"data: ha"


def test_an_event_that_never_ends_is_refused_before_it_fills_the_memory():
    splitter = EventSplitter(limit_bytes=100)
    assert splitter.feed(b"data: " + b"x" * 94) == []
    with pytest.raises(ProviderError):
        splitter.feed(b"x")
