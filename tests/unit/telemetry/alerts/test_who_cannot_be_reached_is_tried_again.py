"""A receiver that is down, slow or says no: tried again with growing pauses, in order, then kept and shown."""

import asyncio
import random
import socket

import pytest
import structlog

from headworks.telemetry.alerts.rules import FIRST_PAUSE_S, LONGEST_PAUSE_S, MOST_TRIES, pause_s


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def turns(kit, desk, count, seconds=LONGEST_PAUSE_S):
    for _ in range(count):
        await kit.turn(desk, seconds)


async def undelivered(desk):
    return [(row["state"], row["tries"], row["error"]) for row in (await desk.listed())["undelivered"]]


async def test_what_fails_is_sent_when_the_receiver_is_back(kit):
    desk = kit.desk()
    kit.receiver.status = 500
    desk.tell(kit.alert())
    await kit.turn(desk)
    assert await undelivered(desk) == [("waiting", 1, "Channel `hook` answered with status 500.")]
    kit.receiver.status = 200
    await kit.turn(desk, 0.5)
    assert len(kit.receiver.received) == 1
    await kit.turn(desk, FIRST_PAUSE_S)
    assert len(kit.receiver.received) == 2
    assert await undelivered(desk) == []
    assert len({body["id"] for body in kit.receiver.bodies}) == 1


async def test_after_many_tries_it_is_kept_and_shown(kit):
    desk = kit.desk(channels={"hook": {"webhook_url": f"http://127.0.0.1:{closed_port()}/very-secret-path"}})
    desk.tell(kit.alert())
    await turns(kit, desk, MOST_TRIES + 3)
    ((state, tries, error),) = await undelivered(desk)
    assert (state, tries) == ("failed", MOST_TRIES)
    assert "channel `hook`" in error
    assert "secret" not in error


@pytest.mark.parametrize("status", [400, 403, 404, 410])
async def test_what_will_never_be_taken_is_not_tried_again(kit, status):
    desk = kit.desk()
    kit.receiver.status = status
    desk.tell(kit.alert())
    await turns(kit, desk, 3)
    assert len(kit.receiver.received) == 1
    assert (await undelivered(desk))[0][0] == "failed"


async def test_a_receiver_that_asks_for_rest_gets_it(kit):
    desk = kit.desk()
    kit.receiver.status, kit.receiver.retry_after = 429, "120"
    desk.tell(kit.alert())
    await kit.turn(desk)
    kit.receiver.status = 200
    await kit.turn(desk, 119)
    assert len(kit.receiver.received) == 1
    await kit.turn(desk, 2)
    assert len(kit.receiver.received) == 2


async def test_what_comes_up_meanwhile_joins_the_message_that_waits(kit):
    desk = kit.desk()
    kit.receiver.status = 503
    desk.tell(kit.alert())
    await kit.turn(desk)
    desk.tell(kit.alert(resolved=True))
    desk.tell(kit.alert(subject="org beta, month"))
    kit.receiver.status = 200
    await kit.turn(desk, 60)
    assert kit.told()[1:] == [[("org acme, month", "warning", True), ("org beta, month", "warning", False)]]
    first, second = kit.receiver.bodies
    assert first["id"] != second["id"]


async def test_a_slow_channel_keeps_no_other_waiting(kit):
    url = kit.receiver.url
    channels = {"slow": {"webhook_url": f"{url}/slow"}, "dead": {"webhook_url": f"http://127.0.0.1:{closed_port()}"}}
    desk = kit.desk(channels=channels)
    kit.receiver.free.clear()
    desk.tell(kit.alert())
    await desk.turn()
    await asyncio.wait(desk._sending, return_when=asyncio.FIRST_COMPLETED)
    assert [row["channel"] for row in (await desk.listed())["undelivered"] if row["error"]] == ["dead"]
    kit.receiver.free.set()
    await desk.settled()
    assert [row["channel"] for row in (await desk.listed())["undelivered"]] == ["dead"]


async def test_a_receiver_that_does_not_answer_in_time_is_given_up_for_now(kit):
    desk = kit.desk(channels={"hook": {"webhook_url": kit.receiver.url, "timeout_s": 0.05}})
    kit.receiver.free.clear()
    desk.tell(kit.alert())
    await kit.turn(desk)
    kit.receiver.free.set()
    ((state, _, error),) = await undelivered(desk)
    assert state == "waiting"
    assert "0.05 s" in error


async def test_a_worker_that_dies_while_it_sends_leaves_the_message_to_another(kit):
    dying, other = kit.desk(), kit.desk()
    kit.receiver.free.clear()
    dying.tell(kit.alert())
    await dying.turn()
    for task in list(dying._sending):  # as if the process were gone: nothing is written any more
        task.cancel()
    await dying.settled()
    kit.receiver.free.set()
    seen = len(kit.receiver.received)
    await kit.turn(other, 5)
    assert len(kit.receiver.received) == seen
    await kit.turn(other, 60)
    assert len(kit.receiver.received) == seen + 1


async def test_a_disk_that_refuses_is_told_of_all_the_same(kit):
    (kit.folder / "alerts.sqlite").mkdir()
    desk = kit.desk()
    with structlog.testing.capture_logs() as logs:
        desk.tell(kit.alert(kind="disk_full"))
        await kit.turn(desk)
        desk.tell(kit.alert(kind="disk_full"))
        await kit.turn(desk)
    assert kit.told() == [[("org acme, month", "warning", False)]]
    assert [line["event"] for line in logs] == ["alerts_not_shared"]
    (kit.folder / "alerts.sqlite").rmdir()
    desk.tell(kit.alert(kind="disk_full", resolved=True))
    await kit.turn(desk)
    assert kit.told()[1:] == [[("org acme, month", "warning", True)]]


def test_pauses_grow_and_are_spread():
    dice = random.Random(1)
    spans = [[pause_s(tries, dice) for _ in range(200)] for tries in range(1, 40)]
    for tries, span in enumerate(spans, start=1):
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (tries - 1))
        assert longest / 2 <= min(span) < max(span) <= longest
        assert max(span) - min(span) > longest / 4


async def test_no_log_line_holds_an_address(kit):
    desk = kit.desk(channels={"hook": {"slack_url": f"http://127.0.0.1:{closed_port()}/services/T0/B0/s3cr3t-token"}})
    with structlog.testing.capture_logs() as logs:
        desk.tell(kit.alert())
        await turns(kit, desk, MOST_TRIES)
    assert logs
    assert "s3cr3t" not in str(logs) + str(await desk.listed())
