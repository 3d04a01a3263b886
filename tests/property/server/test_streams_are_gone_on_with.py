"""However a stream is sent and cut: what a client has whole and what it is sent then are the stream, byte for byte."""

import asyncio
import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.core.ids import new_trace_id
from headworks.server.streams.config import StreamSettings
from headworks.server.streams.kept import Head
from headworks.server.streams.log import StreamLog
from headworks.server.streams.numbers import Numbering
from headworks.testing import FakeClock

TEXT = st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=12)
FIELD = st.sampled_from(["data: ", "data:", "event: ", ": ", ":", "id: ", "retry: ", "id", "data"])
LINES = st.lists(st.tuples(FIELD, TEXT), min_size=1, max_size=4)
BLOCK = st.tuples(LINES, st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]))
PIECE = st.lists(BLOCK, min_size=1, max_size=3)  # what a writer gives at once
PLACES = st.sampled_from(["memory", "disk", "restart", "killed"])


def written(block):
    lines, end = block
    return "".join(field + text + end for field, text in lines).encode() + end.encode()


def blocks(stream):
    """The whole blocks of a stream, as the standard cuts them."""
    return re.findall(rb"(?:[^\n]+\n)+\n", stream)


def number(block):
    """The id of a block, None for comments alone."""
    lines = [line.partition(b":") for line in block.rstrip(b"\n").split(b"\n")]
    ids = [value.removeprefix(b" ") for name, _, value in lines if name == b"id"]
    assert len(ids) <= 1
    return int(ids[0]) if ids else None


async def gone_on_with(pieces, turns, place, after):
    """Send a stream in these pieces, with turns of the log between; the whole, and what follows the event `after`."""
    with tempfile.TemporaryDirectory() as folder:
        clock, limits = FakeClock(), StreamSettings(memory_bytes=0 if place == "disk" else 10**9)
        log = StreamLog(Path(folder), limits, clock)
        trace_id, numbers = new_trace_id(clock.now()), Numbering()
        stream = log.open(trace_id, Head("key", "openai", []))
        sent = []
        for place_in_row, piece in enumerate(pieces):
            sent.append(numbers.stamp(b"".join(map(written, piece))))
            stream.append(sent[-1])
            if place_in_row in turns:
                await log.flush()
                log.turn()
        if place != "killed":
            stream.end()
        await log.flush()
        log.turn()
        if place in ("restart", "killed"):
            log._writer.close()
            log._thread.shutdown()
            log = StreamLog(Path(folder), limits, clock)
        reading = await log.find(trace_id, "key", after)
        rest = []
        while data := await reading.next():
            rest.append(data)
        log._writer.close()
        log._thread.shutdown()
        return b"".join(sent), b"".join(rest)


@settings(max_examples=120, deadline=None)
@given(st.lists(PIECE, min_size=1, max_size=8), st.sets(st.integers(0, 7)), PLACES, st.floats(0, 1))
def test_what_was_whole_and_the_rest_are_the_stream(pieces, turns, place, cut):
    whole, _ = asyncio.run(gone_on_with(pieces, turns, place, 0))
    numbers = [found for block in blocks(whole) if (found := number(block)) is not None]
    assert numbers == list(range(1, len(numbers) + 1))
    received = whole[: round(cut * len(whole))]
    had, after, length = b"", 0, 0
    for block in blocks(received):
        length += len(block)
        if (found := number(block)) is not None:
            had, after = received[:length], found
    again, rest = asyncio.run(gone_on_with(pieces, turns, place, after))
    assert again == whole
    if place == "killed":
        rest, _, error = rest.rpartition(b"id: %d\n" % (len(numbers) + 1))
        assert b"stream_interrupted" in error
    assert had + rest == whole


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECE, min_size=1, max_size=8), st.sets(st.integers(0, 7)), PLACES, st.integers(0, 30))
def test_the_rest_behind_any_number_is_what_follows_it(pieces, turns, place, after):
    whole, rest = asyncio.run(gone_on_with(pieces, turns, place, after))
    last, follows = 0, whole
    for block in blocks(whole):
        last = number(block) or last
        if after and number(block) == after:
            follows = whole[whole.index(block) + len(block) :]
    if place == "killed":
        rest, _, error = rest.rpartition(b"id: %d\n" % (max(last, after) + 1))
        assert b"stream_interrupted" in error
    assert rest == (follows if after <= last else b"")
