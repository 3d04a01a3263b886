"""The cost-quality curve, its figures, and who may go live."""

import random

import pytest

from headworks.routing.quality.comparing import LENGTH, ORACLE, RANDOM, compare, verdict
from headworks.routing.quality.curve import Pair, curve, difference

PAIR = Pair([0.0] * 50 + [1.0] * 50, [1.0] * 100)
KNOWS = [1.0] * 50 + [0.0] * 50


def test_one_that_knows_recovers_the_gap_with_half_of_the_calls() -> None:
    found = curve("knows", KNOWS, PAIR)
    assert found.apgr.value == pytest.approx(0.75)
    assert [cpt.value for cpt in found.cpt] == pytest.approx([0.25, 0.4, 0.48])
    assert found.apgr.low <= found.apgr.value <= found.apgr.high
    assert (found.points[0], found.points[-1]) == ((0.0, 0.0), (1.0, 1.0))


def test_one_that_knows_nothing_recovers_as_much_as_it_calls() -> None:
    cheap = [float(n % 2) for n in range(400)]
    rng = random.Random(1)
    found = curve("random", [rng.random() for _ in cheap], Pair(cheap, [1.0] * 400))
    assert found.apgr.value == pytest.approx(0.5, abs=0.05)


def test_without_a_gap_there_is_no_curve() -> None:
    with pytest.raises(ValueError, match="no gap"):
        curve("none", [1.0, 2.0], Pair([1.0, 1.0], [1.0, 0.0]))


def test_a_router_that_knows_may_go_live_and_one_that_does_not_may_not() -> None:
    rng = random.Random(2)
    texts = ["x" * rng.randint(1, 99) for _ in range(100)]
    comparison = compare(texts, PAIR, {"knows": KNOWS, "guesses": [rng.random() for _ in texts]})
    assert verdict(comparison, "knows").live
    refused = verdict(comparison, "guesses")
    assert not refused.live
    assert "ahead of" in refused.why
    assert {one.name for one in comparison.curves} == {"knows", "guesses", RANDOM, LENGTH, ORACLE}


def test_the_difference_of_a_router_to_itself_is_nothing() -> None:
    found = curve("knows", KNOWS, PAIR)
    gap = difference(found, found)
    assert (gap.value, gap.low, gap.high) == (0, 0, 0)
