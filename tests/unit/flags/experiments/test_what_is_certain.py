"""Intervals hold at every look, and users count, not their calls."""

import math
import random

import pytest
from tests.unit.flags.experiments.conftest import House

from headworks.flags.experiments.measure.findings import enough, findings, guards, interval, mismatch
from headworks.flags.experiments.measure.moments import Moments
from headworks.flags.experiments.measure.sequences import log_mismatch, one_sided, two_sided, users_needed
from headworks.flags.experiments.measure.tally import Tally


def played(house: House, experiment):
    tally = Tally(experiment)
    tally.add(house.records("bot", experiment.name, experiment.since_s, None))
    return tally


def by_metric(experiment, tally):
    return {finding.metric: finding for finding in findings(experiment, tally)}


def test_the_boundary_is_the_published_one():
    # sqrt(2 (t rho^2 + 1) / (t^2 rho^2) log(sqrt(t rho^2 + 1) / alpha)) for one standard deviation, times sqrt(t)
    alpha, planned, users = 0.05, 1_000, 400
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / planned
    published = math.sqrt(2 * (users * rho2 + 1) / (users**2 * rho2) * math.log(math.sqrt(users * rho2 + 1) / alpha))
    assert two_sided(users, alpha, planned) == pytest.approx(published * math.sqrt(users))


def test_intervals_are_narrowest_about_the_planned_number():
    reaches = {users: two_sided(users, 0.05, 5_000) for users in (50, 500, 5_000, 50_000, 500_000)}
    assert min(reaches, key=lambda users: reaches[users]) == 5_000
    assert reaches[5_000] == pytest.approx(3.03, abs=0.01)


def test_a_bound_to_one_side_is_nearer_than_an_interval():
    for users in (50, 5_000, 500_000):
        assert one_sided(users, 0.05, 5_000) < two_sided(users, 0.05, 5_000)


def test_users_needed_for_five_points():
    assert users_needed(0.05, 0.25, (0.5, 0.5), 0.05) == 6_012
    assert users_needed(0.05, 0.25, (0.9, 0.1), 0.05) > 16_000


def test_looking_after_every_fifty_users_alarms_less_often_than_alpha():
    alarms = sum(alarmed(random.Random(seed)) for seed in range(200))
    assert alarms <= 15  # 10 are expected at 5 %; more than 15 come once in twenty times if it were so


def alarmed(rng: random.Random) -> bool:
    sides = (Moments(), Moments())
    for users in range(1, 1_501):
        sides[int(rng.random() < 0.5)].change((0.0, 0.0), float(rng.random() < 0.6), 1.0)
        if users % 50 == 0 and enough(*sides):
            low, high = interval(*sides, rate=True, alpha=0.05, planned=1_500)
            if low > 0 or high < 0:
                return True
    return False


def test_many_calls_of_one_user_are_one_user():
    busy, many = Moments(), Moments()
    for user in range(40):
        for turn in range(50):
            busy.change((float(turn * (user % 2)), float(turn)), float(user % 2), 1.0)
    for user in range(2_000):
        many.change((0.0, 0.0), float(user % 2), 1.0)
    assert busy.value == many.value
    assert busy.variance(rate=True) > 40 * many.variance(rate=True)


def test_where_one_user_makes_most_calls_there_are_few_users():
    moments = Moments()
    moments.change((0.0, 0.0), 0.0, 100_000.0)
    for _ in range(500):
        moments.change((0.0, 0.0), 0.0, 1.0)
    assert moments.users == 501
    assert moments.counted_users < 2


def test_no_failure_among_few_calls_is_no_proof_that_there_are_none():
    moments = Moments()
    for _ in range(30):
        moments.change((0.0, 0.0), 0.0, 1.0)
    assert moments.variance(rate=True) ** 0.5 > 0.02
    assert moments.variance(rate=False) == 0.0


async def test_a_clear_difference_is_found_in_the_right_direction(house):
    experiment = await house.start(set=["new.model=haiku"])
    house.call(range(2_000), dear="new")
    house.vote(range(2_000), {"control": 5, "new": 7})
    found = by_metric(experiment, played(house, experiment))
    assert (found["feedback"].verdict, found["cost"].verdict, found["errors"].verdict) == ("better", "worse", "unsure")
    assert found["cost"].low < found["cost"].difference < found["cost"].high
    assert found["judge"].verdict == "few"
    assert found["judge"].value is None


async def test_too_few_users_say_nothing(house):
    experiment = await house.start()
    house.vote(range(50), {"control": 0, "new": 10})
    found = by_metric(experiment, played(house, experiment))["feedback"]
    assert (found.verdict, found.low, found.control, found.value) == ("few", None, 0.0, 1.0)


async def test_nearly_equal_variants_are_the_same_once_it_is_certain(house):
    experiment = await house.start(min_effect=0.1)
    house.vote(range(8_000), {"control": 6, "new": 6})
    assert by_metric(experiment, played(house, experiment))["feedback"].verdict == "same"


async def test_a_guard_is_hurt_beyond_its_margin_only(house):
    experiment = await house.start(guards=["cost:1.5", "cost:0.5", "errors"])
    house.call(range(2_000), dear="new")
    wide, narrow, errors = guards(experiment, played(house, experiment))
    assert (wide.hurt, narrow.hurt, errors.hurt) == (False, True, False)
    assert (wide.looks_worse, narrow.looks_worse) == (False, True)


async def test_more_is_better_for_some_guards(house):
    experiment = await house.start(guards=["feedback"])
    house.vote(range(2_000), {"control": 8, "new": 4})
    assert guards(experiment, played(house, experiment))[0].hurt


async def test_the_later_of_two_thumbs_counts(house):
    experiment = await house.start()
    house.vote(range(100), {"control": 10, "new": 10})
    house.vote(range(100), {"control": 0, "new": 0})
    tally = played(house, experiment)
    assert tally.moments(0, "feedback").value == 0.0
    assert tally.moments(0, "feedback").n + tally.moments(1, "feedback").n == 100


async def test_calls_of_another_variant_and_of_before_do_not_count(house):
    experiment = await house.start()
    house.call(range(10))
    house.clock.jump(-3_600)  # a node whose clock is an hour behind
    house.call(range(10, 13))
    house.clock.jump(3_600)
    await house.desk.stop("bot", who="ann")
    await house.start(salt="other")
    strayed = sum(house.user(n).variant != house.records.calls[n].variant for n in range(10))
    assert strayed > 0
    later = house.desk.get("bot")[0]
    assert (played(house, experiment).calls, played(house, experiment).early) == (10, 3)
    assert played(house, later).strays == strayed


def test_users_that_are_parted_as_meant_raise_no_doubt():
    assert log_mismatch([5_000, 5_000], [0.5, 0.5]) < 0
    assert log_mismatch([5_600, 4_400], [0.5, 0.5]) > math.log(1_000)
    assert log_mismatch([9_000, 1_000], [0.9, 0.1]) < 0
    assert log_mismatch([0, 0], [0.5, 0.5]) == 0.0
    assert log_mismatch([500, 500, 0], [0.5, 0.5, 0.0]) < 0


async def test_calls_that_are_lost_raise_doubt(house):
    experiment = await house.start()
    kept = [number for number in range(2_000) if house.user(number).variant == "control" or number % 3]
    house.call(kept)
    assert mismatch(experiment, played(house, experiment)) > math.log(1_000)
