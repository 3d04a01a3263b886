"""However much is sent, memory and disk stay within their limits, and what was let go of is read from disk."""

import asyncio
import resource
import tracemalloc

import pytest
from tests.unit.server.streams.conftest import KEY, begin, event, killed, rest

from headworks.core.errors import BadAskError
from headworks.server.streams.disk.segments import SWEEP_S
from headworks.server.streams.kept import Head

MB = 1024**2


async def one_stream(log, trace_id, events, text="word"):
    """A whole stream, on disk when this returns."""
    stream = begin(log, trace_id)
    sent = b""
    for number in range(1, events + 1):
        sent += event(number, text)
        stream.append(event(number, text))
    stream.end()
    await log.flush()
    return sent


async def test_ten_thousand_streams_of_100_kb(shelf):
    log = shelf.log(memory_bytes=8 * MB, disk_bytes=64 * MB)
    text, ids = "x" * 10_000, []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(500):
        for _ in range(20):
            ids.append(shelf.trace_id())
            stream = begin(log, ids[-1])
            for number in range(1, 11):
                stream.append(event(number, text))
            stream.end()
        await log.flush()
        shelf.clock.advance(0.25)
        log.turn()
        assert log.memory_bytes <= 8 * MB
    await log.flush()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # kilobytes
    assert sum(path.stat().st_size for path in shelf.files()) <= 72 * MB
    whole = b"".join(event(number, text) for number in range(1, 11))
    assert await rest(log, ids[-1]) == whole  # from memory
    assert await rest(log, ids[-400]) == whole  # from disk
    with pytest.raises(BadAskError):
        await log.find(ids[0], KEY, 0)


async def test_what_is_counted_is_what_is_held(shelf):
    log = shelf.log()
    for _ in range(50):
        begin(log, shelf.trace_id()).append(event(1))
    log.turn()
    counted = log.memory_bytes
    await log.flush()
    assert log.memory_bytes == counted
    shelf.clock.advance(1)
    for stream in list(log._memory.streams.values()):
        stream.end()
    await log.flush()
    shelf.clock.advance(601)
    log.turn()
    assert (log.memory_bytes, log._memory.waiting, log._memory.streams) == (0, 0, {})


async def test_a_stream_that_memory_has_forgotten_is_read_from_disk(shelf):
    log = shelf.log(memory_bytes=0)
    trace_id = shelf.trace_id()
    sent = await one_stream(log, trace_id, 40)
    log.turn()
    assert log._memory.streams == {}
    assert await rest(log, trace_id) == sent
    assert await rest(log, trace_id, 39) == event(40)


async def test_a_live_stream_is_read_from_disk_and_then_from_memory(shelf):
    log = shelf.log(memory_bytes=20_000)
    trace_id = shelf.trace_id()
    stream = begin(log, trace_id)
    sent = []
    for number in range(1, 101):
        sent.append(event(number, "y" * 1000))
        stream.append(sent[-1])
        await log.flush()
        log.turn()
    assert stream.base > 50
    assert log.memory_bytes <= 20_000
    early, late = await log.find(trace_id, KEY, 0), await log.find(trace_id, KEY, 99)
    assert await late.next() == sent[-1]
    read = [await early.next() for _ in range(100)]
    assert read == sent
    waiting = asyncio.ensure_future(early.next())
    stream.append(event(101))
    assert await waiting == event(101)
    stream.end()
    assert await early.next() == b""


async def test_a_stream_whose_beginning_had_to_go_is_read_from_where_it_is_there(shelf):
    log = shelf.log(memory_bytes=10_000, disk_bytes=256 * 1024)  # segments of 64 KiB
    trace_id = shelf.trace_id()
    stream = begin(log, trace_id)
    slow = await log.find(trace_id, KEY, 0)
    sent = [event(number, "z" * 1000) for number in range(1, 601)]
    stream.append(sent[0])
    assert await slow.next() == sent[0]
    for data in sent[1:]:
        stream.append(data)
        await log.flush()
        log.turn()
    assert len(shelf.files()) <= 5
    assert (await slow.next()).startswith(b'id: 2\ndata: {"error"')  # its place is gone: better an error than a hole
    assert await slow.next() == b""
    stream.end()
    await log.flush()
    assert await rest(log, trace_id, 500) == b"".join(sent[500:])
    await log.stop()
    later = shelf.log(disk_bytes=256 * 1024)
    assert await rest(later, trace_id, 500) == b"".join(sent[500:])
    with pytest.raises(BadAskError, match="no such stream"):
        await later.find(trace_id, KEY, 1)


async def test_a_slow_reader_is_overtaken_and_reads_on_from_disk(shelf):
    log = shelf.log(memory_bytes=10_000)
    trace_id = shelf.trace_id()
    stream = begin(log, trace_id)
    sent = [event(number, "z" * 1000) for number in range(1, 301)]
    reading = await log.find(trace_id, KEY, 0)
    stream.append(sent[0])
    read = [await reading.next()]
    for data in sent[1:]:
        stream.append(data)
        await log.flush()
        log.turn()
    stream.end()
    await one_stream(log, shelf.trace_id(), 8, "z" * 1000)
    log.turn()
    assert bytes.fromhex(trace_id) not in log._memory.streams  # nobody but the reader knows it any more
    while data := await reading.next():
        read.append(data)
    assert b"".join(read) == b"".join(sent)


async def test_without_a_disk_memory_is_all_there_is(shelf):
    log = shelf.log(memory_bytes=20_000, disk_bytes=0)
    await log.start()
    ids = [shelf.trace_id() for _ in range(3)]
    for trace_id in ids:
        await one_stream(log, trace_id, 8, "w" * 1000)
    log.turn()
    assert shelf.files() == []
    assert log.memory_bytes <= 20_000
    assert len(await rest(log, ids[2])) > 8000
    with pytest.raises(BadAskError):
        await log.find(ids[0], KEY, 0)
    live = begin(log, shelf.trace_id())
    for number in range(1, 40):
        live.append(event(number, "w" * 1000))
        log.turn()
    assert log.memory_bytes <= 20_000
    assert live.lost
    await log.stop()


async def test_a_setting_without_disk_clears_what_an_earlier_one_left(shelf):
    first = shelf.log()
    await one_stream(first, shelf.trace_id(), 3)
    await first.stop()
    assert shelf.files()
    log = shelf.log(disk_bytes=0)
    await log.start()
    assert shelf.files() == []
    await log.stop()


async def test_segments_are_deleted_when_the_last_stream_in_them_is_old(shelf):
    log = shelf.log(keep_s=60, disk_bytes=4 * MB)  # segments of 64 KiB
    lasting, trace_id = shelf.trace_id(), shelf.trace_id()
    stream = begin(log, lasting)
    stream.append(event(1))
    await one_stream(log, trace_id, 70, "v" * 1000)
    (first,) = shelf.files()
    await one_stream(log, shelf.trace_id(), 70, "v" * 1000)
    _, second = shelf.files()
    for _ in range(10):  # the first segment is kept for the stream that goes on, the second is the writer's last
        shelf.clock.advance(SWEEP_S + 5)
        await log.flush()
    assert shelf.files() == [first]  # the second was old, and nobody wrote to it any more
    stream.append(event(2))
    stream.end()
    await log.flush()
    shelf.clock.advance(59)
    await log.flush()
    assert first.exists()
    assert await rest(log, lasting) == event(1) + event(2)
    shelf.clock.advance(SWEEP_S)
    await log.flush()
    assert shelf.files() == []
    assert not second.exists()


async def test_the_dead_are_cleared_away_and_the_living_left_alone(shelf):
    dead, living = shelf.log("0", keep_s=60), shelf.log("1", keep_s=60)
    for log in (dead, living):
        await one_stream(log, shelf.trace_id(), 3)
    await killed(dead)
    assert len(list(shelf.folder.glob("streams/*/*.lock"))) == 2
    shelf.clock.advance(61)
    third = shelf.log("2", keep_s=60)
    await third.start()
    assert [path.parent.name for path in shelf.files()] == ["1"]
    assert sorted(path.parent.name for path in shelf.folder.glob("streams/*/*.lock")) == ["1", "2"]
    await third.stop()


async def test_somebody_deletes_the_files_under_a_running_gateway(shelf):
    log = shelf.log()
    await one_stream(log, shelf.trace_id(), 3)
    for path in shelf.files():
        path.unlink()
    shelf.clock.advance(SWEEP_S)
    await log.flush()
    trace_id = shelf.trace_id()
    sent = await one_stream(log, trace_id, 3)
    assert len(shelf.files()) == 1
    log._memory.streams.clear()
    assert await rest(log, trace_id) == sent


async def test_files_are_for_their_owner_alone(shelf):
    log = shelf.log()
    await one_stream(log, shelf.trace_id(), 3)
    (path,) = shelf.files()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_what_is_counted_covers_what_python_takes(shelf):
    log = shelf.log(disk_bytes=0, memory_bytes=1024 * MB)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        stream = begin(log, shelf.trace_id())
        for number in range(1, 21):
            stream.append(event(number))
            stream.seal()
        stream.end()
    log.turn()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert 0.4 < taken / log.memory_bytes <= 1


async def test_so_it_does_for_streams_that_are_kept_at_once(shelf):
    log = shelf.log(disk_bytes=0, memory_bytes=1024 * MB)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(2000):
        headers = [(b"x-%d" % number, b"value %d" % number) for number in range(8)]
        log.whole(shelf.trace_id(), Head(KEY, "openai", headers), event(1, "word " * 100), 1)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert 0.4 < taken / log.memory_bytes <= 1


async def test_streams_that_are_kept_at_once_give_way_like_others(shelf):
    log = shelf.log(disk_bytes=MB, memory_bytes=10_000)
    ids = [shelf.trace_id() for _ in range(20)]
    for trace_id in ids:
        log.whole(trace_id, Head(KEY, "openai", []), event(1, "word " * 200), 1)
    await log.flush()
    log.turn()
    assert log.memory_bytes <= 10_000
    assert [await rest(log, trace_id) for trace_id in ids] == [event(1, "word " * 200)] * 20
