"""Users are parted by a hash: the same everywhere, in the shares that were asked for."""

import math

import pytest
from msgspec import structs

from headworks.flags.experiments import Assignments
from headworks.flags.experiments.assignment import Split, assignment, shares, unit_of
from headworks.flags.experiments.records import KIND, Experiment, Release, Variant, decode, encode
from headworks.testing import FakeBoard

USERS = 100_000


def three(percent: float = 100.0, salt: str = "bot-1") -> Experiment:
    parts = (("control", 50.0), ("a", 30.0), ("b", 20.0))
    variants = tuple(Variant(name=name, share=share) for name, share in parts)
    return Experiment(
        feature="bot",
        name="bot-1",
        run=1,
        salt=salt,
        variants=variants,
        metric="feedback",
        started_s=0,
        since_s=0,
        steps=(percent,),
    )


def test_a_hundred_thousand_users_fall_into_three_variants_as_they_should():
    split = Split(three())
    counts = {"control": 0, "a": 0, "b": 0}
    for number in range(USERS):
        counts[split.of(f"u:user-{number}").variant] += 1
    for name, share in (("control", 0.5), ("a", 0.3), ("b", 0.2)):
        reach = 3.2905 * math.sqrt(USERS * share * (1 - share))  # two-sided, 99.9 %
        assert abs(counts[name] - USERS * share) <= reach


def test_the_hash_is_the_documented_one_and_never_changes():
    split = Split(three())
    # printf 'bot-1\0u:ann' | b2sum -l 64   (GNU coreutils)
    assert split.hashed("u:ann") == 0x9C309B9D893D708A
    assert split.of("u:ann").variant == "control"  # point 610,116; a has the first 300,000, b the next 200,000
    names = [split.of(f"u:user-{number}").variant for number in range(8)]
    assert names == ["a", "control", "b", "b", "b", "control", "b", "b"]


def test_experiments_part_the_same_users_in_ways_of_their_own():
    one, other = Split(three(salt="bot-1")), Split(three(salt="bot-2"))
    units = [f"u:user-{number}" for number in range(20_000)]
    both = sum(one.of(unit).variant == "a" and other.of(unit).variant == "a" for unit in units)
    assert abs(both / len(units) - 0.09) < 0.01


def test_a_user_counts_as_one_else_the_session_else_the_key():
    assert unit_of("ann", "s1", "k1") == "u:ann"
    assert unit_of(None, "s1", "k1") == "s:s1"
    assert unit_of("", "", "k1") == "k:k1"
    assert unit_of(None, None, None) == "k:"


def test_names_that_are_no_valid_text_are_hashed_all_the_same():
    assert Split(three()).of("u:\ud800") is not None


def test_shares_of_a_step_are_what_users_get():
    assert shares(three()) == [0.5, 0.3, 0.2]
    assert shares(three(5.0)) == pytest.approx([0.975, 0.015, 0.01])


async def test_what_was_promoted_is_given_to_all_and_not_labelled():
    release = Release(model="haiku")
    over = structs.replace(three(), state="promoted", winner="a", in_force=release)
    board = FakeBoard()
    assignments = Assignments(board)
    await board.put(KIND, "bot", encode(over), who="ann")
    assert assignments.of("bot", "ann").release == release
    assert assignments.of("bot", "ann").label is None
    assert assignments.of("other", "ann") is None


async def test_a_change_on_the_board_is_in_force_at_once(house):
    assert house.assignments.of("bot", "ann") is None
    await house.start()
    found = house.assignments.of("bot", "ann", "s1", "k1")
    assert found.label == f"bot-1:{found.variant}"
    assert found.experiment == "bot-1"
    await house.desk.stop("bot", who="ann")
    assert house.assignments.of("bot", "ann") is None


async def test_an_entry_that_cannot_be_read_splits_nobody(house):
    await house.board.put(KIND, "bot", b'{"feature": 1}', who="a newer version")
    assert house.assignments.of("bot", "ann") is None
    assert house.desk.all() == []


def test_an_experiment_comes_back_from_the_board_as_it_was_put_up():
    assert decode(encode(three())) == three()


def test_a_feature_without_an_experiment_is_one_look_into_a_table():
    assert assignment({}, "bot", "u:ann") is None
