import random

import msgspec
import pytest

from headworks.cache.decision.meter import ENOUGH, LONG, ShadowMeter


def run(meter: ShadowMeter, wrong: float, calls: int, seed: int, served: float = 0.2) -> int | None:
    """`calls` calls of which `served` are hits and `wrong` of these wrong; the call at which it first stopped."""
    rng = random.Random(seed)
    for number in range(calls):
        meter.called()
        if rng.random() < served * meter.share:
            meter.hit()
            if rng.random() < meter.shadow(0.05):
                meter.observe(right=rng.random() >= wrong)
                if meter.stops:
                    return number
    return None


def test_a_right_cache_is_not_stopped() -> None:
    assert [run(ShadowMeter(max_error=0.01), 0.04, 60_000, seed) for seed in range(8)] == [None] * 8


def test_a_cache_that_uses_all_it_may_is_not_stopped_either() -> None:
    stopped = [run(ShadowMeter(max_error=0.01), 0.05, 60_000, seed) for seed in range(8)]
    assert stopped.count(None) >= 7


def test_a_wrong_cache_stops_soon() -> None:
    stopped = [run(ShadowMeter(max_error=0.01), 0.2, 20_000, seed) for seed in range(8)]
    assert all(number is not None and number < 4_000 for number in stopped)


def test_a_cache_that_is_always_wrong_stops_after_a_few_checks() -> None:
    meter = ShadowMeter(max_error=0.01)
    checks = 0
    while meter.serving:
        for _ in range(10):
            meter.called()
        meter.hit()
        meter.observe(right=False)
        checks += 1
    assert 2 <= checks <= 6


def test_one_wrong_answer_at_the_start_does_not_stop_it() -> None:
    meter = ShadowMeter(max_error=0.005)
    for _ in range(20):
        meter.called()
    meter.hit()
    meter.observe(right=False)
    assert meter.state == "learning"


def stopped() -> ShadowMeter:
    meter = ShadowMeter(max_error=0.01)
    assert run(meter, 0.5, 5_000, 1) is not None
    return meter


def test_a_stopped_cache_checks_all_that_it_would_have_served() -> None:
    meter = stopped()
    assert meter.state == "stopped"
    assert not meter.serving
    assert meter.shadow(0.02) == 1.0
    assert meter.measured().checked == 0


def test_it_comes_back_when_the_bound_does_and_checks_more_again() -> None:
    meter = stopped()
    checks = 0
    while not meter.serving:
        for _ in range(5):
            meter.called()
        meter.hit()
        meter.observe(right=True)
        checks += 1
    assert 20 < checks < 500
    assert meter.state == "learning"
    assert meter.shadow(0.02) == pytest.approx(0.1)


def test_it_does_not_come_back_while_it_is_wrong() -> None:
    meter = stopped()
    rng = random.Random(2)
    for _ in range(2_000):
        meter.called()
        meter.hit()
        meter.observe(right=rng.random() < 0.9)
    assert not meter.serving


def test_what_may_be_over_is_limited_until_the_bound_is_back() -> None:
    meter = ShadowMeter(max_error=0.01)
    for number in range(800):  # 4% of a quarter of the calls: 1% of all
        for _ in range(4):
            meter.called()
        meter.hit()
        meter.observe(right=number % 25 != 0)
    assert meter.state == "limited"
    assert 0.25 <= meter.share < 1.0
    for _ in range(2_000):
        for _ in range(4):
            meter.called()
        meter.hit()
        meter.observe(right=True)
    assert (meter.state, meter.share) == ("open", 1.0)


def test_a_strict_one_stops_at_the_upper_bound_once_enough_is_checked() -> None:
    meter = ShadowMeter(max_error=0.01, strict=True)
    assert run(meter, 0.05, 60_000, 1) is not None
    assert meter.stops == 1


def test_more_is_checked_while_little_is_known() -> None:
    meter = ShadowMeter(max_error=0.01)
    assert meter.shadow(0.02) == pytest.approx(0.1)
    assert meter.shadow(0.5) == 0.5
    meter.called()
    meter.hit()
    for _ in range(int(ENOUGH / 0.01) + 1):
        meter.observe(right=True)
    assert meter.state == "open"
    assert meter.shadow(0.02) == 0.02


def test_what_was_true_long_ago_is_let_go() -> None:
    meter = ShadowMeter(max_error=0.01)
    for _ in range(LONG):
        meter.called()
        meter.hit()
        meter.observe(right=True)
    assert meter.measured().checked == 0
    assert meter.state == "open"


def test_users_who_complain_of_more_than_is_allowed_stop_it() -> None:
    meter = ShadowMeter(max_error=0.01)
    for _ in range(1_000):
        meter.called()
    told = 0
    while meter.serving:
        meter.thumbs_down()
        told += 1
    assert 10 < told < 30


def test_a_complaint_before_any_hit_is_no_harm() -> None:
    meter = ShadowMeter(max_error=0.01)
    meter.thumbs_down()
    assert meter.state == "learning"


def test_the_figures_are_of_all_calls() -> None:
    meter = ShadowMeter(max_error=0.05)
    for number in range(400):
        for _ in range(2):
            meter.called()
        meter.hit()
        meter.observe(right=number % 20 != 0)
    measured = meter.measured()
    assert (measured.calls, measured.hits, measured.checked, measured.wrong) == (800, 400, 400, 20)
    assert measured.rate[1] == 0.05
    assert measured.error == tuple(rate / 2 for rate in measured.rate)
    assert measured.rate[0] < 0.05 < measured.rate[2]


def test_a_meter_is_kept_as_bytes() -> None:
    meter = stopped()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(meter), type=ShadowMeter) == meter
