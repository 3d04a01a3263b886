"""Whether it pays to have a prefix kept under a name, for how long, and what that costs."""

import calendar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.cache.prefix.economics import Reuse, best_stay, longer_gain
from headworks.cache.prefix.minimums import least_tokens
from headworks.cache.prefix.storage import storage_nano, stored_nano
from headworks.core.messages import Prices, Target

AUTUMN_S = float(calendar.timegm((2026, 11, 24, 12, 0, 0)))
NEW_YEAR_S = float(calendar.timegm((2027, 1, 1, 0, 0, 0)))
PRICES = Prices(input=750, output=1, cached=75)
uses = st.floats(0, 50)


def model(name):
    return Target(name="m", provider="p", provider_model=name, dialect="d")


def test_it_is_paid_for_twice_before_it_saves_anything():
    assert best_stay(Reuse(1.0, 1.0), 0.0, 0.1, 0.0).gain == pytest.approx(0.9 - 1)
    assert best_stay(Reuse(2.0, 2.0), 0.0, 0.1, 0.0).gain == pytest.approx(1.8 - 1)


def test_five_minutes_are_best_for_what_is_used_all_the_time_and_an_hour_for_what_is_not():
    assert best_stay(Reuse(10.0, 10.0), 2.0, 0.1, 2.25).life == "5m"
    often = best_stay(Reuse(0.2, 10.0), 600.0, 0.1, 2.25)
    assert (often.life, often.gain > 0) == ("1h", True)


def test_it_does_not_last_longer_for_being_used():
    soon = Reuse(10.0, 0.0)
    assert best_stay(soon, 290.0, 0.1, 0.7).gain < 0
    assert best_stay(soon, 20.0, 0.1, 0.7).gain > 0


def test_nothing_pays_where_reading_costs_as_much_as_saying_it():
    assert best_stay(Reuse(50.0, 50.0), 1.0, 1.0, 0.0).gain == pytest.approx(-1)


@given(uses, st.floats(1, 4_000), st.floats(0, 1), st.floats(0, 20), st.floats(0, 1))
def test_what_is_kept_already_saves_no_more(row, gap_s, read, hour, share):
    whole, part = (best_stay(Reuse(row, row), gap_s, read, hour, of) for of in (1.0, share))
    assert part.gain <= whole.gain + 1e-9


@given(uses, st.floats(1, 4_000), st.floats(0, 1), st.floats(0, 20))
def test_dearer_storage_never_pays_better(row, gap_s, read, hour):
    cheap, dear = (best_stay(Reuse(row, row), gap_s, read, of) for of in (hour, hour + 1))
    assert dear.gain <= cheap.gain


def test_to_prolong_costs_storage_only():
    assert longer_gain("5m", Reuse(1.0, 1.0), 0.0, 0.1, 1.2) == pytest.approx(0.9 - 0.1)
    assert longer_gain("1h", Reuse(1.0, 1.0), 0.0, 0.1, 1.2) == pytest.approx(0.9 - 1.2)


@pytest.mark.parametrize(
    ("name", "now_s", "nano"),
    [
        ("gemini-3.8-flash", AUTUMN_S, 500),
        ("gemini-3.8-flash", NEW_YEAR_S - 1, 500),
        ("gemini-3.8-flash", NEW_YEAR_S, 1_000),
        ("google/gemini-2.5-pro", AUTUMN_S, 4_500),
        ("models/gemini-3.1-pro-preview-customtools", AUTUMN_S, 4_500),
        ("Gemini-2.5-Flash-Lite", AUTUMN_S, 1_000),
        ("gemini-2.5-flash-image", AUTUMN_S, None),
        ("gpt-9", AUTUMN_S, None),
    ],
)
def test_what_an_hour_costs_by_the_list_of_that_day(name, now_s, nano):
    assert storage_nano(model(name), PRICES, now_s) == nano


@pytest.mark.parametrize("own", [0, 123])
def test_the_configs_own_price_wins(own):
    prices = Prices(input=1, output=1, cache_storage_hour=own)
    assert storage_nano(model("gemini-2.5-pro"), prices, AUTUMN_S) == own
    assert storage_nano(model("of-my-own"), prices, AUTUMN_S) == own


@given(st.integers(0, 10**7), st.integers(0, 10**5), st.integers(0, 10**5))
def test_money_is_whole_and_never_too_little(tokens, nano, seconds):
    exact = tokens * nano * seconds
    assert 0 <= stored_nano(tokens, nano, float(seconds)) * 3_600 - exact < 3_600


@pytest.mark.parametrize(("name", "tokens"), [("gemini-2.5-pro", 2048), ("gemini-3.8-flash", 4096), ("gpt-9", 1024)])
def test_the_least_length(name, tokens):
    assert least_tokens(name) == tokens
