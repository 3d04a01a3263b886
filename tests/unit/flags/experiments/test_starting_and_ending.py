"""Experiments are started, stopped and promoted on the board, and never by two people at once."""

import asyncio

import pytest
from msgspec import structs
from tests.unit.flags.experiments.conftest import TWO

from headworks.core.errors import BadAskError
from headworks.flags.experiments import Plan, Release, promoted, stopped


async def test_an_unknown_feature_is_refused(house):
    with pytest.raises(BadAskError) as caught:
        await house.desk.start(Plan(feature="bto", variants=TWO), who="ann")
    assert (caught.value.code, caught.value.status) == ("unknown_feature", 404)


async def test_a_second_experiment_on_a_feature_is_refused_not_layered(house):
    await house.start()
    with pytest.raises(BadAskError, match="bot-1 runs on bot, and users are split once only") as caught:
        await house.start()
    assert caught.value.status == 409
    await house.desk.start(Plan(feature="search", variants=TWO), who="ann")
    assert [one.name for one in house.desk.all()] == ["bot-1", "search-1"]


async def test_of_two_that_start_at_the_same_moment_one_is_refused(house):
    starts = await asyncio.gather(
        *(house.desk.start(Plan(feature="bot", variants=TWO), who=who) for who in ("ann", "bob")),
        return_exceptions=True,
    )
    assert sorted(getattr(one, "code", "started") for one in starts) == ["conflict", "started"]


async def test_a_version_that_does_not_exist_is_refused(house):
    house.missing.add("bot@9")
    with pytest.raises(BadAskError, match="bot@9: `bot@9` does not exist"):
        await house.start(["bot@8:50", "bot@9:50"])
    assert house.desk.all() == []


async def test_stopping_twice_is_refused_and_says_how_it_ended(house):
    await house.start()
    await house.desk.stop("bot", who="ann", why="Too late.")
    with pytest.raises(BadAskError, match="bot-1 was stopped already: Too late") as caught:
        await house.desk.stop("bot-1", who="bob")
    assert caught.value.status == 409


async def test_there_is_nothing_to_stop(house):
    with pytest.raises(BadAskError) as caught:
        await house.desk.stop("bot", who="ann")
    assert (caught.value.code, caught.value.status) == ("unknown_experiment", 404)


async def test_runs_are_counted_and_part_users_anew(house):
    first = await house.start()
    await house.desk.stop("bot", who="ann")
    second = await house.start()
    assert (first.name, second.name) == ("bot-1", "bot-2")
    assert first.salt != second.salt
    await house.desk.stop("bot", who="ann")
    await house.desk.clear("bot", who="ann")
    assert (await house.start()).name not in {"bot-1", "bot-2"}


async def test_a_name_is_used_once(house):
    await house.start(name="spring")
    await house.desk.stop("bot", who="ann")
    with pytest.raises(BadAskError, match="There was an experiment `spring` before"):
        await house.start(name="spring")
    with pytest.raises(BadAskError, match="There was an experiment `spring` before"):
        await house.desk.start(Plan(feature="search", variants=TWO, name="spring"), who="ann")


async def test_what_was_promoted_answers_all_users_and_stays_under_later_experiments(house):
    await house.start(set=["new.model=haiku"])
    await house.desk.promote("bot", "new", who="ann")
    assert {house.user(number).release.model for number in range(50)} == {"haiku"}
    assert house.user(1).label is None
    await house.start(set=["new.temperature=0"])
    assert {house.user(number).release.model for number in range(50)} == {"haiku"}
    await house.desk.stop("bot", who="ann")
    assert house.user(1).release == Release(model="haiku")
    await house.desk.clear("bot", who="ann")
    assert house.assignments.of("bot", "user-1") is None


async def test_promoting_twice_and_unknown_variants_are_refused(house):
    await house.start()
    with pytest.raises(BadAskError, match="bot-1 has no variant `newer`"):
        await house.desk.promote("bot", "newer", who="ann")
    await house.desk.promote("bot", "new", who="ann")
    with pytest.raises(BadAskError, match="was promoted already"):
        await house.desk.promote("bot", "control", who="ann")


async def test_a_stopped_experiment_can_still_be_promoted_while_its_versions_exist(house):
    await house.start(["bot@7:50", "bot@8:50"])
    await house.desk.stop("bot", who="ann")
    house.missing.add("bot@7")
    with pytest.raises(BadAskError, match="does not exist"):
        await house.desk.promote("bot", "bot@7", who="ann")
    await house.desk.promote("bot", "bot@8", who="ann")
    assert house.user(1).release.prompt == "bot@8"


async def test_one_that_runs_is_not_cleared(house):
    await house.start()
    with pytest.raises(BadAskError, match="still runs"):
        await house.desk.clear("bot", who="ann")


async def test_who_changed_what_and_why_is_kept(house):
    await house.start()
    await house.desk.stop("bot", who="bob", why="Too late.")
    history = await house.desk.history("bot-1")
    assert [(entry.who, entry.why) for entry in history] == [("bob", "Too late."), ("ann", "")]


async def test_the_last_report_is_kept_when_somebody_ends_it(house):
    await house.start()
    house.call(range(100))
    await stopped(house.desk, house.watch, "bot", who="ann", why="", to_config=False)
    house.records.calls.clear()
    report = await house.watch.report("bot")
    assert (report.calls, sum(report.users.values()), report.state) == (100, 100, "stopped")


async def test_a_ledger_that_cannot_be_read_stops_nobody_from_stopping(house):
    await house.start()
    house.records.broken = True
    assert (await promoted(house.desk, house.watch, "bot", "new", who="ann", why="")).state == "promoted"
    await stopped(house.desk, house.watch, "bot", who="ann", why="", to_config=True)
    assert house.desk.all() == []


async def test_a_step_that_does_not_exist_is_refused(house):
    experiment = await house.start(ramp=True)
    with pytest.raises(BadAskError, match="there is no step 6"):
        await house.desk.move(experiment, 5, version=1, who="ann", why="")
    with pytest.raises(BadAskError, match="was stopped already"):
        await house.desk.move(structs.replace(experiment, state="stopped"), 1, version=1, who="ann", why="")
