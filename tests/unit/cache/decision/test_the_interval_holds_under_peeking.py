import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.cache.decision.interval import interval


@pytest.mark.parametrize("rate", [0.02, 0.06, 0.3])
def test_looking_after_every_observation_misses_the_rate_as_rarely_as_promised(rate: float) -> None:
    rng = random.Random(7)
    missed = 0
    for _ in range(200):
        wrong = 0
        for count in range(1, 400):
            wrong += rng.random() < rate
            if count % 7 == 0 or count < 30:
                low, high = interval(wrong, count)
                if not low <= rate <= high:
                    missed += 1
                    break
    assert missed / 200 <= 0.05 + 0.03


def test_nothing_seen_says_nothing() -> None:
    assert interval(0, 0) == (0.0, 1.0)


@given(st.integers(0, 3_000), st.integers(1, 3_000))
def test_the_interval_holds_what_was_seen(wrong: int, count: int) -> None:
    wrong = min(wrong, count)
    low, high = interval(wrong, count)
    assert 0.0 <= low <= wrong / count <= high <= 1.0


@given(st.integers(1, 500), st.integers(0, 499))
def test_one_more_wrong_never_lowers_either_end(count: int, wrong: int) -> None:
    wrong = min(wrong, count - 1)
    before, after = interval(wrong, count), interval(wrong + 1, count)
    assert after[0] >= before[0] - 1e-9
    assert after[1] >= before[1] - 1e-9


def test_more_is_known_after_more() -> None:
    widths = [high - low for low, high in (interval(count // 20, count) for count in (20, 200, 2_000, 20_000))]
    assert widths == sorted(widths, reverse=True)
    assert interval(0, 20_000)[1] < 0.001


def test_all_wrong_and_all_right_are_no_trouble() -> None:
    assert interval(0, 50)[0] == 0.0
    assert interval(50, 50)[1] == 1.0
    assert interval(50, 50)[0] > 0.6


def test_an_interval_is_worked_out_once_for_each_count() -> None:
    before = interval.cache_info().misses
    assert interval(7, 7_654) == interval(7, 7_654)
    assert interval.cache_info().misses == before + 1
