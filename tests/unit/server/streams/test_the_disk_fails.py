"""A disk that takes nothing: streams go on, memory stays bounded, one line says so, what can be is written later."""

import resource
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs
from tests.unit.server.streams.conftest import KEY, begin, event, rest

from headworks.core.errors import BadAskError
from headworks.server.streams.kept import Head
from headworks.server.streams.log import RETRY_S

MB = 1024**2


@contextmanager
def room_for(file_bytes):
    """No file of this process grows beyond so many bytes; what is over is refused, in the middle of a write, too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def tries(log, clock, times):
    """So many attempts to write."""
    for _ in range(times):
        clock.advance(RETRY_S)
        await log.flush()


async def test_what_did_not_fit_is_written_when_there_is_room_again(shelf):
    log, trace_id = shelf.log(), shelf.trace_id()
    stream = begin(log, trace_id)
    stream.append(event(1))
    await log.flush()
    (path,) = shelf.files()
    with room_for(path.stat().st_size + 30), capture_logs() as logged:
        stream.append(event(2))
        await tries(log, shelf.clock, 3)
        assert await rest_so_far(log, trace_id) == event(1) + event(2)
        stream.append(event(3))
        stream.end()
        await tries(log, shelf.clock, 3)
    assert [line["event"] for line in logged] == ["stream_log_write_failed"]
    with capture_logs() as logged:
        await tries(log, shelf.clock, 2)
    assert [line["event"] for line in logged] == ["stream_log_recovered"]
    await log.stop()
    assert await rest(shelf.log(), trace_id) == event(1) + event(2) + event(3)


async def rest_so_far(log, trace_id):
    """What a live stream has, in one piece or more."""
    reading = await log.find(trace_id, KEY, 0)
    stream = log._memory.streams[bytes.fromhex(trace_id)]
    return b"".join([await reading.next() for _ in range(stream.count)])


async def test_a_torn_batch_is_taken_off_again(shelf):
    log = shelf.log()
    begin(log, shelf.trace_id()).append(event(1))
    await log.flush()
    (path,) = shelf.files()
    size = path.stat().st_size
    with room_for(size + 30):
        begin(log, shelf.trace_id()).append(event(1))
        await tries(log, shelf.clock, 1)
        assert path.stat().st_size == size


async def test_while_nothing_can_be_written_the_oldest_streams_are_given_up(shelf):
    log = shelf.log(memory_bytes=4 * MB)
    live_id, text = shelf.trace_id(), "x" * 100_000
    live = begin(log, live_id)
    live.append(event(1))
    ids = []
    with room_for(10):
        for _ in range(300):
            ids.append(shelf.trace_id())
            stream = begin(log, ids[-1])
            stream.append(event(1, text))
            stream.end()
            log.turn()
            assert log.memory_bytes < 18 * MB
        await tries(log, shelf.clock, 1)
        assert await rest(log, ids[-1]) == event(1, text)
        with pytest.raises(BadAskError):
            await log.find(ids[0], KEY, 0)
        lost = 300 - sum(bytes.fromhex(trace_id) in log._memory.streams for trace_id in ids)
        assert f"headworks_streams_lost_total {float(lost)}".encode() in log.metrics()
        for number in range(2, 200):
            live.append(event(number, text))
            log.turn()
        assert live.lost
        assert log.memory_bytes < 18 * MB
        assert (await rest(log, live_id)).startswith(b'id: 1\ndata: {"error"')
    await tries(log, shelf.clock, 2)
    trace_id = shelf.trace_id()
    stream = begin(log, trace_id)
    stream.append(event(1))
    stream.end()
    await log.stop()
    assert await rest(shelf.log(), trace_id) == event(1)


async def test_a_folder_that_cannot_be_made_leaves_memory(shelf):
    (shelf.folder / "streams").write_text("in the way", encoding="utf-8")
    log, trace_id = shelf.log(), shelf.trace_id()
    with capture_logs() as logged:
        await log.start()
        stream = begin(log, trace_id)
        stream.append(event(1))
        stream.end()
        await tries(log, shelf.clock, 3)
    assert [line["event"] for line in logged] == ["stream_log_write_failed"]
    assert await rest(log, trace_id) == event(1)
    with pytest.raises(BadAskError):
        await log.find(shelf.trace_id(), KEY, 0)
    await log.stop()


async def test_streams_that_are_kept_at_once_wait_for_the_disk_and_give_way(shelf):
    log = shelf.log(memory_bytes=100_000)
    begin(log, shelf.trace_id()).append(event(1))
    await log.flush()
    (path,) = shelf.files()
    words = event(1, "word " * 2000)
    few, many = [shelf.trace_id() for _ in range(5)], [shelf.trace_id() for _ in range(2000)]
    with room_for(path.stat().st_size + 30):
        for trace_id in few:
            log.whole(trace_id, Head(KEY, "openai", []), words, 1)
        await tries(log, shelf.clock, 3)
        assert [await rest(log, trace_id) for trace_id in few] == [words] * 5
        for trace_id in many:
            log.whole(trace_id, Head(KEY, "openai", []), words, 1)
        await tries(log, shelf.clock, 3)
        with pytest.raises(BadAskError):
            await rest(log, few[0])
        assert await rest(log, many[-1]) == words
    await tries(log, shelf.clock, 3)
    assert log.memory_bytes < 100_000
    assert await rest(log, many[-1]) == words
