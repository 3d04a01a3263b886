"""One trouble is one message, however often and by however many workers it is raised; and one when it is over."""

import asyncio
import threading

ACME, BETA = "org acme, month", "org beta, month"


async def test_what_is_raised_again_is_not_told_again(kit):
    desk = kit.desk()
    for _ in range(5):
        desk.tell(kit.alert())
        await kit.turn(desk, 60)
    assert kit.told() == [[(ACME, "warning", False)]]


async def test_it_is_told_again_after_a_while(kit):
    desk = kit.desk(repeat_after_h=1)
    for _ in range(13):
        desk.tell(kit.alert())
        await kit.turn(desk, 600)
    assert [body["alerts"][0]["again"] for body in kit.receiver.bodies] == [False, True, True]


async def test_it_is_told_at_once_when_it_gets_worse(kit):
    desk = kit.desk()
    desk.tell(kit.alert())
    await kit.turn(desk)
    desk.tell(kit.alert(severity="critical"))
    await kit.turn(desk)
    desk.tell(kit.alert(severity="warning"))
    await kit.turn(desk)
    assert kit.told() == [[(ACME, "warning", False)], [(ACME, "critical", False)]]


async def test_that_it_is_over_is_told_once_with_the_severity_it_had(kit):
    desk = kit.desk()
    desk.tell(kit.alert(severity="critical"))
    await kit.turn(desk)
    for _ in range(2):
        desk.tell(kit.alert(severity="info", resolved=True, title="Below 80% again."))
        await kit.turn(desk)
    assert kit.told() == [[(ACME, "critical", False)], [(ACME, "critical", True)]]
    desk.tell(kit.alert())
    await kit.turn(desk)
    assert kit.told()[-1] == [(ACME, "warning", False)]


async def test_what_was_never_raised_is_not_told_to_be_over(kit):
    desk = kit.desk()
    desk.tell(kit.alert(resolved=True))
    await kit.turn(desk)
    assert kit.told() == []


async def test_two_workers_tell_it_once(kit):
    one, other = kit.desk(), kit.desk()
    for _ in range(3):
        one.tell(kit.alert())
        other.tell(kit.alert())
        await asyncio.gather(kit.turn(one), kit.turn(other))
    assert kit.told() == [[(ACME, "warning", False)]]


async def test_a_restart_does_not_tell_it_again(kit):
    desk = kit.desk()
    desk.tell(kit.alert())
    await kit.turn(desk)
    await kit.desks.pop().stop()
    desk = kit.desk()
    desk.tell(kit.alert())
    await kit.turn(desk, 60)
    assert len(kit.told()) == 1


async def test_what_a_worker_noted_before_it_left_is_sent_by_another(kit):
    kit.desk(group_s=60).tell(kit.alert())
    await kit.desks.pop().stop()
    await kit.turn(kit.desk(group_s=60), 61)
    assert len(kit.told()) == 1


async def test_alerts_close_together_come_as_one_message(kit):
    desk = kit.desk(group_s=60)
    desk.tell(kit.alert())
    await kit.turn(desk, 30)
    desk.tell(kit.alert(subject=BETA))
    await kit.turn(desk, 29)
    assert kit.told() == []
    await kit.turn(desk, 2)
    assert kit.told() == [[(ACME, "warning", False), (BETA, "warning", False)]]


async def test_what_is_over_before_it_was_told_comes_once(kit):
    desk = kit.desk(group_s=60)
    desk.tell(kit.alert())
    await kit.turn(desk, 10)
    desk.tell(kit.alert(resolved=True))
    await kit.turn(desk, 60)
    assert kit.told() == [[(ACME, "warning", True)]]


async def test_of_very_many_a_message_names_the_first_and_counts_the_rest(kit):
    desk = kit.desk()
    for number in range(120):
        desk.tell(kit.alert(subject=f"user {number}"))
    await kit.turn(desk)
    (body,) = kit.receiver.bodies
    assert (len(body["alerts"]), body["more"]) == (100, 20)


async def test_channels_are_told_what_they_ask_for(kit):
    url = kit.receiver.url
    channels = {
        "all": {"webhook_url": f"{url}/all"},
        "grave": {"webhook_url": f"{url}/grave", "min_severity": "critical"},
        "money": {"webhook_url": f"{url}/money", "kinds": ["budget_*", "spend_*"]},
    }
    desk = kit.desk(channels=channels)
    desk.tell(kit.alert())
    desk.tell(kit.alert(kind="provider_down", subject="provider lab", severity="critical"))
    await kit.turn(desk)
    told = {path: body for (path, _, _), body in zip(kit.receiver.received, kit.receiver.bodies, strict=True)}
    kinds = {path: [alert["kind"] for alert in body["alerts"]] for path, body in told.items()}
    assert kinds == {"/all": ["budget_mark", "provider_down"], "/grave": ["provider_down"], "/money": ["budget_mark"]}


async def test_the_runbook_of_the_kind_is_linked(kit):
    desk = kit.desk(runbook_url="https://wiki/runbooks/{kind}#first")
    desk.tell(kit.alert())
    await kit.turn(desk)
    assert kit.receiver.bodies[0]["alerts"][0]["runbook_url"] == "https://wiki/runbooks/budget_mark#first"


async def test_any_thread_may_tell(kit):
    desk = kit.desk()
    threads = [
        threading.Thread(target=lambda: [desk.tell(kit.alert(subject=f"s{n}")) for n in range(50)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    await kit.turn(desk)
    assert len(kit.receiver.bodies[0]["alerts"]) == 50
    assert desk.dropped == 0


async def test_a_reload_changes_who_is_told(kit):
    desk = kit.desk(channels={})
    desk.tell(kit.alert())
    await kit.turn(desk)
    desk.fit(kit.settings())
    desk.tell(kit.alert(subject=BETA))
    await kit.turn(desk)
    assert kit.told() == [[(BETA, "warning", False)]]


async def test_the_desk_works_by_itself_until_it_is_stopped(kit):
    desk = kit.desk()
    await desk.start()
    desk.tell(kit.alert())
    await kit.desks.pop().stop()
    assert (await _listed(kit))["alerts"][0]["subject"] == ACME


async def _listed(kit):
    return await kit.desk().listed()
