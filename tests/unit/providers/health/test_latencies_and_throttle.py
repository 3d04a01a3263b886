"""What is late for a model, and how many retries a provider may be sent."""

import random

from hypothesis import given
from hypothesis import strategies as st

from headworks.providers.health import Latencies, RetryThrottle, ThrottleSettings


def test_p95_is_unknown_below_twenty_times() -> None:
    latencies = Latencies()
    for number in range(19):
        latencies.note("lab", "small", float(number))
        assert latencies.p95_s("lab", "small") is None
    latencies.note("lab", "small", 19.0)
    assert latencies.p95_s("lab", "small") == 18.0
    assert latencies.p95_s("lab", "large") is None
    assert latencies.p95_s("other", "small") is None


@given(st.lists(st.floats(0, 600), min_size=20, max_size=400))
def test_nineteen_of_twenty_of_the_last_times_are_within_p95(times: list[float]) -> None:
    latencies = Latencies()
    for seconds in times:
        latencies.note("lab", "small", seconds)
    p95_s = latencies.p95_s("lab", "small")
    last = times[-128:]
    assert p95_s in last
    assert sum(seconds <= p95_s for seconds in last) >= 0.95 * len(last)
    assert sum(seconds < p95_s for seconds in last) < 0.95 * len(last)


def test_p95_is_computed_anew_after_sixteen_more_times() -> None:
    latencies = Latencies()
    for _ in range(20):
        latencies.note("lab", "small", 1.0)
    assert latencies.p95_s("lab", "small") == 1.0
    for _ in range(15):
        latencies.note("lab", "small", 9.0)
    assert latencies.p95_s("lab", "small") == 1.0
    latencies.note("lab", "small", 9.0)
    assert latencies.p95_s("lab", "small") == 9.0


def test_a_provider_that_is_down_is_sent_a_hundred_retries_and_no_more() -> None:
    throttle = RetryThrottle()
    assert sum(throttle.spend() for _ in range(1000)) == 100
    assert not throttle.spend()


def test_successes_fill_the_bucket_and_never_above_its_size() -> None:
    throttle = RetryThrottle(ThrottleSettings(tokens=10, refill=0.1))
    for _ in range(10):
        assert throttle.spend()
    for _ in range(9):
        throttle.succeeded()
    assert not throttle.spend()
    throttle.succeeded()
    throttle.succeeded()
    assert throttle.spend()
    for _ in range(1000):
        throttle.succeeded()
    assert throttle.left == 10


def refused(share: float, calls: int) -> int:
    """How many retries are refused of `calls` of which each attempt fails with probability `share`."""
    draw, throttle, refusals = random.Random(7), RetryThrottle(), 0
    for _ in range(calls):
        while draw.random() < share:
            if not throttle.spend():
                refusals += 1
                break
        else:
            throttle.succeeded()
    return refusals


def test_it_does_not_stand_in_the_way_of_one_failure_in_five() -> None:
    assert refused(0.2, 10_000) == 0


def test_it_stops_the_retries_where_most_calls_fail() -> None:
    assert refused(0.9, 10_000) > 8000
