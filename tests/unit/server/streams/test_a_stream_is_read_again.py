"""Who lost the connection gets what follows the last event they saw: live, stored, after a restart, at a sibling."""

import asyncio
import json

import pytest
from tests.unit.server.streams.conftest import KEY, begin, event, killed, rest

from headworks.core.errors import BadAskError
from headworks.server.streams.kept import Head

WORDS = [event(number) for number in range(1, 6)]
AT_ONCE = event(1, "one") + event(2, "two") + b": headworks {}\n" + event(3, "[DONE]")


async def written(log, trace_id, count=5, *, ends=True, dialect="openai"):
    """A stream of `count` events in as many turns."""
    stream = begin(log, trace_id, dialect=dialect)
    for number in range(1, count + 1):
        stream.append(event(number))
        log.turn()
    if ends:
        stream.end()
    return stream


@pytest.mark.parametrize("after", range(7))
async def test_a_stored_stream_goes_on_after_any_event(shelf, after):
    log, trace_id = shelf.log(), shelf.trace_id()
    await written(log, trace_id)
    assert await rest(log, trace_id, after) == b"".join(WORDS[after:])


@pytest.mark.parametrize("after", range(7))
async def test_a_stored_stream_is_read_after_a_restart(shelf, after):
    first, trace_id = shelf.log(), shelf.trace_id()
    await written(first, trace_id)
    await first.stop()
    assert await rest(shelf.log(), trace_id, after) == b"".join(WORDS[after:])


async def test_comments_behind_the_last_event_seen_are_part_of_the_rest(shelf):
    log, trace_id = shelf.log(), shelf.trace_id()
    stream = begin(log, trace_id)
    pieces = [event(1), b": seam\n", event(2) + b": headworks {}\n", event(3)]
    for piece in pieces:
        stream.append(piece)
        log.turn()
    stream.end()
    assert await rest(log, trace_id, 1) == b"".join(pieces[1:])
    assert await rest(log, trace_id, 2) == b": headworks {}\n" + event(3)
    await log.stop()
    assert await rest(shelf.log(), trace_id, 1) == b"".join(pieces[1:])
    assert await rest(shelf.log(), trace_id, 2) == b": headworks {}\n" + event(3)


async def test_a_live_stream_is_read_along_by_several(shelf):
    log, trace_id = shelf.log(), shelf.trace_id()
    stream = begin(log, trace_id)
    stream.append(event(1))
    one, two = await log.find(trace_id, KEY, 0), await log.find(trace_id, KEY, 1)
    assert await one.next() == event(1)
    waiting = [asyncio.ensure_future(one.next()), asyncio.ensure_future(two.next())]
    await asyncio.sleep(0)
    assert not any(reader.done() for reader in waiting)
    stream.append(event(2))
    assert await asyncio.gather(*waiting) == [event(2), event(2)]
    stream.append(event(3))
    stream.end()
    assert [await one.next(), await one.next()] == [event(3), b""]
    assert [await two.next(), await two.next(), await two.next()] == [event(3), b"", b""]


async def test_a_reader_that_leaves_is_missed_by_nobody(shelf):
    log, trace_id = shelf.log(), shelf.trace_id()
    stream = begin(log, trace_id)
    reading = await log.find(trace_id, KEY, 0)
    waiting = asyncio.ensure_future(reading.next())
    await asyncio.sleep(0)
    waiting.cancel()
    stream.append(event(1))
    stream.end()
    assert await rest(log, trace_id) == event(1)


async def test_the_head_of_the_answer_is_known_again(shelf):
    first, trace_id = shelf.log(), shelf.trace_id()
    await written(first, trace_id, dialect="anthropic")
    await first.stop()
    reading = await shelf.log().find(trace_id, KEY, 0)
    assert reading.head.headers == [(b"x-request-id", trace_id.encode())]
    assert reading.head.dialect == "anthropic"


async def test_a_stream_whose_gateway_was_killed_ends_with_an_error_in_its_dialect(shelf):
    first, ours, theirs = shelf.log(), shelf.trace_id(), shelf.trace_id()
    await written(first, ours, 3, ends=False)
    await written(first, theirs, 3, ends=False, dialect="anthropic")
    await first.flush()
    await killed(first)
    log = shelf.log()
    sent, _, error = (await rest(log, ours)).rpartition(b"id: 4\ndata: ")
    assert sent == b"".join(WORDS[:3])
    assert json.loads(error)["error"]["code"] == "stream_interrupted"
    sent, _, error = (await rest(log, theirs, 2)).rpartition(b"id: 4\nevent: error\ndata: ")
    assert sent == WORDS[2]
    assert json.loads(error)["error"]["code"] == "stream_interrupted"
    assert json.loads(error)["request_id"] == theirs


async def test_a_client_that_saw_more_than_the_killed_gateway_could_store_gets_the_error_alone(shelf):
    first, trace_id = shelf.log(), shelf.trace_id()
    await written(first, trace_id, 3, ends=False)
    await first.flush()
    await killed(first)
    assert (await rest(shelf.log(), trace_id, 5)).startswith(b'id: 6\ndata: {"error"')


async def test_what_was_not_written_before_the_kill_is_all_that_is_lost(shelf):
    first, trace_id = shelf.log(), shelf.trace_id()
    stream = await written(first, trace_id, 2, ends=False)
    await first.flush()
    stream.append(event(3))
    await killed(first)
    assert (await rest(shelf.log(), trace_id)).startswith(event(1) + event(2) + b'id: 3\ndata: {"error"')


async def test_a_sibling_reads_along(shelf):
    ours, theirs, trace_id = shelf.log("0"), shelf.log("1"), shelf.trace_id()
    stream = await written(ours, trace_id, 2, ends=False)
    await ours.flush()
    reading = await theirs.find(trace_id, KEY, 1)
    assert await reading.next() == event(2)
    waiting = asyncio.ensure_future(reading.next())
    stream.append(event(3))
    await ours.flush()
    assert await waiting == event(3)
    stream.append(event(4))
    stream.end()
    await ours.flush()
    assert [await reading.next(), await reading.next()] == [event(4), b""]


async def test_a_sibling_that_is_asked_before_the_first_turn_finds_the_stream_a_moment_later(shelf):
    ours, theirs, trace_id = shelf.log("0"), shelf.log("1"), shelf.trace_id()
    await ours.start()
    stream = begin(ours, trace_id)
    waiting = asyncio.ensure_future(theirs.find(trace_id, KEY, 0))
    stream.append(event(1))
    stream.end()
    await ours.stop()
    assert await (await waiting).next() == event(1)


async def test_a_sibling_notices_the_death_of_the_writer(shelf):
    ours, theirs, trace_id = shelf.log("0"), shelf.log("1"), shelf.trace_id()
    await written(ours, trace_id, 2, ends=False)
    await ours.flush()
    reading = await theirs.find(trace_id, KEY, 1)
    assert await reading.next() == event(2)
    await killed(ours)
    assert (await reading.next()).startswith(b'id: 3\ndata: {"error"')
    assert await reading.next() == b""


async def test_nobody_learns_why_a_stream_is_not_theirs(shelf):
    log, trace_id, old = shelf.log(keep_s=60), shelf.trace_id(), shelf.trace_id()
    await written(log, old)
    await log.flush()
    shelf.clock.advance(61)
    await written(log, trace_id)
    await log.flush()
    said = set()
    foreign, unknown = (trace_id, "key-2"), (shelf.trace_id(), KEY)
    nonsense = ["nonsense", "z" * 32, "", " " * 32, trace_id[:2] + " " * 30, trace_id.upper(), "é" * 32, trace_id + "0"]
    for asked, key_id in (foreign, unknown, (old, KEY), *((asked, KEY) for asked in nonsense)):
        with pytest.raises(BadAskError) as caught:
            await log.find(asked, key_id, 0)
        said.add((caught.value.code, caught.value.status, caught.value.message))
    ((code, status, _),) = said
    assert (code, status) == ("unknown_stream", 404)
    assert await rest(log, trace_id) == b"".join(WORDS)


async def test_a_stream_on_disk_is_not_kept_longer_than_one_in_memory(shelf):
    first, trace_id = shelf.log(keep_s=60), shelf.trace_id()
    await written(first, trace_id)
    await first.stop()
    shelf.clock.advance(59)
    assert await rest(shelf.log(keep_s=60), trace_id) == b"".join(WORDS)
    shelf.clock.advance(2)
    with pytest.raises(BadAskError, match="no such stream"):
        await shelf.log(keep_s=60).find(trace_id, KEY, 0)


async def test_an_event_that_has_not_been_yet_is_a_mistake(shelf):
    log, trace_id = shelf.log(), shelf.trace_id()
    begin(log, trace_id).append(event(1))
    with pytest.raises(BadAskError, match="has had 1 events so far") as caught:
        await log.find(trace_id, KEY, 2)
    assert (caught.value.code, caught.value.param) == ("invalid_request", "Last-Event-ID")


async def test_a_log_that_is_off_keeps_nothing(shelf):
    log, trace_id = shelf.log(keep_s=0), shelf.trace_id()
    await log.start()
    stream = begin(log, trace_id)
    stream.append(event(1))
    stream.end()
    with pytest.raises(BadAskError):
        await log.find(trace_id, KEY, 0)
    await log.stop()
    assert shelf.files() == []


def keep_at_once(log, trace_id, key_id=KEY):
    log.whole(trace_id, Head(key_id, "openai", [(b"x-request-id", trace_id.encode())]), AT_ONCE, 3)


@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("where", ["memory", "disk", "a sibling", "after a restart"])
async def test_a_stream_that_was_kept_at_once_goes_on_after_any_event(shelf, after, where):
    log, trace_id = shelf.log(disk_bytes=0 if where == "memory" else 1024**2), shelf.trace_id()
    keep_at_once(log, trace_id)
    await log.flush()
    assert (log.memory_bytes > 0) == (where == "memory")  # it is let go of once it is on disk
    if where == "after a restart":
        await killed(log)
    reader = shelf.log("1") if where in ("a sibling", "after a restart") else log
    found = await rest(reader, trace_id, after)
    assert found == [AT_ONCE, AT_ONCE[len(event(1, "one")) :], b": headworks {}\n" + event(3, "[DONE]"), b""][after]
    reading = await reader.find(trace_id, KEY, 0)
    assert reading.head.headers == [(b"x-request-id", trace_id.encode())]
    with pytest.raises(BadAskError):
        await reader.find(trace_id, "another key", 0)


async def test_a_stream_that_was_kept_at_once_is_kept_as_long_as_others(shelf):
    log, trace_id = shelf.log(), shelf.trace_id()
    keep_at_once(log, trace_id)
    await log.flush()
    shelf.clock.advance(601)
    log.turn()
    assert log.memory_bytes == 0
    for reader in (log, shelf.log("1")):
        with pytest.raises(BadAskError):
            await reader.find(trace_id, KEY, 0)
