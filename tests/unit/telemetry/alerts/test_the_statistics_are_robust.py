"""What is unusual: properties of the pure functions behind the watches."""

import math
import statistics as reference

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.telemetry.alerts.watch.statistics import (
    Rule,
    is_unusual,
    median,
    peaks,
    percentile,
    rise_text,
    usual,
)

AMOUNTS = st.floats(0, 1e15, allow_nan=False)
PASTS = st.lists(AMOUNTS, min_size=2, max_size=8)
RULES = st.builds(Rule, score=st.floats(1, 20), least=st.floats(1e-3, 1e12))


@given(st.lists(AMOUNTS, min_size=1, max_size=50))
def test_the_median_is_the_known_one(values):
    assert median(values) == pytest.approx(reference.median(values))


@given(PASTS, RULES, AMOUNTS)
def test_order_of_the_weeks_does_not_matter(past, rule, amount):
    assert is_unusual(amount, past, rule) == is_unusual(amount, sorted(past), rule)


@given(PASTS, RULES, AMOUNTS, AMOUNTS)
def test_more_is_never_less_unusual(past, rule, one, other):
    low, high = sorted((one, other))
    assert is_unusual(high, past, rule) or not is_unusual(low, past, rule)


@given(PASTS, RULES, st.floats(1.01, 10))
def test_what_is_unusual_is_well_above_the_usual(past, rule, factor):
    found = usual(past, rule)
    above = factor * rule.score * found.deviation
    assert is_unusual(found.median + above, past, rule)
    assert above >= rule.least * (1 - 1e-9)
    assert above >= 0.25 * rule.score * median(past) * (1 - 1e-9)


@given(PASTS, st.floats(1, 20), AMOUNTS, st.integers(-6, 6))
def test_the_unit_of_money_does_not_matter(past, score, amount, power):
    factor = 2.0**power
    plain, scaled = Rule(score=score, least=1.0), Rule(score=score, least=factor)
    assert is_unusual(amount, past, plain) == is_unusual(amount * factor, [value * factor for value in past], scaled)


@given(st.floats(1, 1e6), st.floats(0, 1e15), RULES)
def test_one_bad_week_of_four_hides_nothing(level, bad, rule):
    found = usual([level, level, level, bad], rule)
    assert found.median == level
    assert found.deviation == pytest.approx(max(0.25 * level, rule.least / rule.score))


@given(st.lists(st.floats(90, 110), min_size=4, max_size=8), st.floats(80, 120))
def test_ordinary_weeks_raise_nothing(past, amount):
    assert not is_unusual(amount, past, Rule(score=5, least=5))


@given(st.floats(10, 1e9), st.integers(-1, 1), st.integers(300, 10_000))
def test_a_job_that_shifts_by_an_hour_is_usual(cost, shift, hour):
    past = {hour - week * 168 + shift: cost for week in range(1, 5)}
    assert not is_unusual(cost, peaks(past, hour, range(1, 5)), Rule(score=5, least=5))


def test_weeks_without_a_call_count_as_nothing():
    assert peaks({100: 7.0}, 268, [1, 2]) == [7.0, 0.0]


@given(st.lists(AMOUNTS, min_size=1, max_size=60), st.floats(0.01, 1))
def test_a_percentile_is_one_of_the_values_and_covers_its_share(values, share):
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= math.floor(share * len(values))
    assert sum(value < found for value in values) < max(1, share * len(values))


def test_a_rise_is_told_in_percent():
    assert [rise_text(*pair) for pair in ((440, 100), (50, 100), (5, 0), (5, 0.001))] == ["+340%", "-50%", "new", "new"]
