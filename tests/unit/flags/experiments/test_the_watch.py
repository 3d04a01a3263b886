"""Whoever looks at experiments rolls back what hurts, goes on with what does not, and does each thing once."""

import pytest

from headworks.core.errors import StoreError
from headworks.flags.experiments import Opinion
from headworks.flags.experiments.records import KIND


class Behind:
    """The board as a node sees it that has not heard of the last change."""

    def __init__(self, board) -> None:
        self._entries = dict(board.all(KIND))
        self.put, self.history = board.put, board.history

    def get(self, kind, name):
        return self._entries.get(name)

    def all(self, kind):
        return self._entries


async def test_a_variant_whose_calls_fail_is_rolled_back_at_the_next_look(house):
    await house.start()
    house.call(range(30))
    assert await house.watch.look() == []
    house.clock.advance(60)
    house.call(range(60), failing="new")
    done = await house.watch.look()
    assert [decision.kind for decision in done] == ["roll_back"]
    assert house.assignments.of("bot", "user-1") is None
    experiment, _ = house.desk.get("bot")
    assert experiment.state == "rolled_back"
    assert experiment.ended.startswith("Of the last ")
    assert house.told == [("roll_back", experiment.ended)]
    assert await house.watch.look() == []


async def test_where_the_control_fails_too_something_else_is_broken(house):
    await house.start()
    house.call(range(100), failing="new")
    house.call(range(100), failing="control")
    assert await house.watch.look() == []


async def test_failures_of_long_ago_are_no_failures_of_late(house):
    await house.start()
    house.call(range(100), failing="new")
    house.clock.advance(3_600)
    house.call(range(100))
    assert await house.watch.look() == []


async def test_a_guard_that_is_hurt_rolls_back_and_keeps_the_report(house):
    await house.start(guards=["cost"], set=["new.model=opus"])
    house.call(range(3_000), dear="new")
    (done,) = await house.watch.look()
    assert done.why.startswith("The guard cost is hurt: cost of a call $0.0")
    assert done.why.endswith("with the control; 20 % worse was allowed.")
    house.records.calls.clear()
    report = await house.watch.report("bot")
    assert (report.state, report.calls) == ("rolled_back", 3_000)
    assert report.guards[0].hurt


async def test_without_that_guard_it_goes_on(house):
    await house.start(set=["new.model=opus"])
    house.call(range(3_000), dear="new")
    assert await house.watch.look() == []


async def test_a_ramp_goes_up_step_by_step_while_nothing_looks_worse(house):
    await house.start(ramp=True, guards=["cost", "errors"])
    seen = []
    for _ in range(6):
        house.call(range(5_000))
        assert await house.watch.look() == []  # not before its time
        house.clock.advance(600)
        house.call(range(5_000))
        seen += [decision.kind for decision in await house.watch.look()]
    assert seen == ["ramp"] * 4
    experiment, _ = house.desk.get("bot")
    assert experiment.steps[experiment.step] == 100.0


async def test_a_ramp_waits_for_users_and_while_a_guard_looks_worse(house):
    await house.start(ramp=True, guards=["cost"])
    house.clock.advance(600)
    house.call(range(100))
    assert await house.watch.look() == []
    house.call(range(20_000), dear="new")
    decisions = await house.watch.look()
    assert "ramp" not in [decision.kind for decision in decisions]


async def test_each_step_is_counted_by_itself(house):
    await house.start(ramp=True)
    house.call(range(5_000))
    house.clock.advance(600)
    await house.watch.look()
    assert (await house.watch.report("bot")).calls == 0
    house.call(range(1_000))
    report = await house.watch.report("bot")
    assert (report.calls, report.percent) == (1_000, 5.0)


async def test_what_is_found_is_told_once_and_stays_found(house):
    await house.start()
    house.vote(range(3_000), {"control": 5, "new": 8})
    assert [decision.kind for decision in await house.watch.look()] == ["found"]
    assert await house.watch.look() == []
    house.vote(range(3_000), {"control": 6, "new": 6})
    report = await house.watch.report("bot")
    assert report.headline.startswith("new is better:")
    assert report.advice == "Promote new, if the guards are well."


async def test_nothing_is_found_while_the_ramp_is_on_its_way(house):
    await house.start(ramp=True)
    house.vote(range(20_000), {"control": 5, "new": 9})
    assert await house.watch.look() == []


async def test_users_that_are_parted_wrongly_raise_an_alarm_once(house):
    await house.start()
    house.call(number for number in range(3_000) if house.user(number).variant == "control" or number % 3)
    assert [decision.kind for decision in await house.watch.look()] == ["warn"]
    house.vote(range(3_000), {"control": 5, "new": 9})
    assert await house.watch.look() == []
    report = await house.watch.report("bot")
    assert report.headline == "do not trust these figures."


async def test_of_two_who_look_one_acts(house):
    await house.start()
    house.call(range(100), failing="new")
    other = house.another_watch()
    both = await house.watch.look() + await other.look()
    assert [decision.kind for decision in both] == ["roll_back"]
    assert len(await house.board.history(KIND)) == 2


async def test_one_that_was_stopped_meanwhile_is_left_as_it_is(house):
    await house.start()
    house.call(range(100), failing="new")
    slower = house.another_watch(Behind(house.board))
    await house.desk.stop("bot", who="ann")
    assert await slower.look() == []
    assert house.desk.get("bot")[0].state == "stopped"
    assert house.told == []


async def test_a_restart_reads_everything_again_and_decides_the_same(house):
    await house.start()
    house.vote(range(1_000), {"control": 5, "new": 6})
    house.call(range(1_000))
    report = await house.watch.report("bot")
    assert await house.another_watch().report("bot") == report


async def test_reading_goes_on_where_it_stopped_in_pieces(house):
    house.records.size = 64
    await house.start()
    house.call(range(1_000))
    await house.watch.look()
    house.call(range(1_000, 1_010))
    await house.watch.look()
    assert house.records.read == 1_010
    assert (await house.watch.report("bot")).calls == 1_010


async def test_records_that_cannot_be_read_are_read_at_the_next_look(house):
    await house.start()
    house.call(range(100), failing="new")
    house.records.broken = True
    with pytest.raises(StoreError):
        await house.watch.look()
    house.records.broken = False
    assert [decision.kind for decision in await house.watch.look()] == ["roll_back"]


async def test_scores_of_a_judge_are_read_from_elsewhere(house):
    scores = []
    watch = type(house.watch)(
        house.desk, house.records, house.clock, lambda *_: None, opinions=lambda feature, name, since_s: scores
    )
    await house.start(metric="judge")
    for number in range(400):
        variant = house.user(number).variant
        value = 4.0 + (variant == "new") + number % 3 / 10
        scores.append(
            Opinion(
                metric="judge",
                trace_id=f"t{number}",
                at_s=house.clock.now(),
                unit=f"u:user-{number}",
                variant=variant,
                value=value,
            )
        )
    assert [decision.verdict for decision in await watch.look()] == ["better"]
    assert (await watch.report("bot")).findings[1].users == 400  # read twice, counted once
