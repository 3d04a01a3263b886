"""A segment cut short at any byte, or with any bit turned: streams lose their end, and never gain a byte."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.core.ids import new_trace_id
from headworks.server.streams.config import StreamSettings
from headworks.server.streams.disk.tail import find
from headworks.server.streams.kept import Head
from headworks.server.streams.log import StreamLog
from headworks.testing import FakeClock

STREAMS, EVENTS = 3, 4


def event(stream, number):
    return b"id: %d\ndata: %d says %d\n\n" % (number, stream, number)


WHOLE = [b"".join(event(stream, number) for number in range(1, EVENTS + 1)) for stream in range(STREAMS)]


async def write(folder):
    """Streams that are written side by side, some of a batch each; their ids."""
    clock = FakeClock()
    log = StreamLog(folder, StreamSettings(), clock)
    ids = [new_trace_id(clock.now()) for _ in range(STREAMS)]
    streams = [log.open(trace_id, Head("key", "openai", [])) for trace_id in ids]
    for number in range(1, EVENTS + 1):
        for place, stream in enumerate(streams):
            stream.append(event(place, number))
            if place != 1:
                await log.flush()
    for stream in streams:
        stream.end()
    await log.stop()
    return [bytes.fromhex(trace_id) for trace_id in ids]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Where the file is, what it held, and whose streams are in it."""
    folder = tmp_path_factory.mktemp("streams")
    ids = asyncio.run(write(folder))
    (path,) = folder.glob("streams/*/*.seg")
    return path, path.read_bytes(), ids


def stored(path: Path, stream_id):
    """What can be read of a stream, and whether that claims to be all."""
    tail = find(path.parent.parent, stream_id, 0.0)
    read = b""
    while tail is not None and not tail.over:
        read += b"".join(piece.data for piece in tail.read(0, 0))
    return read, tail is not None and tail.whole


def everything(path, content, ids):
    path.write_bytes(content)
    return [stored(path, stream_id) for stream_id in ids]


def test_the_file_as_it_was_holds_all(shelf):
    assert everything(*shelf) == [(whole, True) for whole in WHOLE]


def test_a_file_cut_at_any_byte_has_the_beginnings(shelf):
    path, content, ids = shelf
    before = [b""] * STREAMS
    for length in range(len(content)):
        found = everything(path, content[:length], ids)
        for (read, claims_all), whole, earlier in zip(found, WHOLE, before, strict=True):
            assert whole.startswith(read)
            assert read.startswith(earlier)
            assert read == whole or not claims_all
        before = [read for read, _ in found]


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_a_turned_bit_takes_away_and_adds_nothing(shelf, data):
    path, content, ids = shelf
    place, bit = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 7))
    length = data.draw(st.sampled_from([len(content), place + 1, (place + 1 + len(content)) // 2]))
    turned = bytearray(content[:length])
    turned[place] ^= 1 << bit
    for (read, claims_all), whole in zip(everything(path, bytes(turned), ids), WHOLE, strict=True):
        assert whole.startswith(read)
        assert read == whole or not claims_all


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 2**16))
def test_a_file_of_anything_is_read_without_complaint(shelf, noise, at):
    path, content, ids = shelf
    at %= len(content) + 1
    for (read, _), whole in zip(everything(path, content[:at] + noise, ids), WHOLE, strict=True):
        assert whole.startswith(read)
