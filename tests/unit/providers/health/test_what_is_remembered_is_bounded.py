"""Clients may make model names up: nothing grows without end, and a lane that rests is not forgotten for others."""

from headworks.providers.health import Health, HealthSettings, Lane, Latencies, LocalBoard
from headworks.providers.health.lanes import Watches
from headworks.testing import FakeClock


def test_lanes_have_a_bound_and_the_ones_in_use_stay() -> None:
    watches = Watches(100, 2.0, 8)
    kept = watches.wanted(Lane("lab", "kept", 0))
    for number in range(10_000):
        watches.wanted(Lane("lab", f"made up {number}", 0))
        if number % 40 == 0:
            assert watches.wanted(Lane("lab", "kept", 0)) is kept
        assert len(watches) <= 101


def test_an_open_lane_stays_open_however_many_others_are_asked() -> None:
    health = Health(FakeClock(), LocalBoard(), HealthSettings(lanes=100))
    lane = Lane("lab", "small", 0)
    for _ in range(5):
        admission = health.admit(lane)
        assert admission is not None
        health.failed(admission)
    for number in range(1000):
        admission = health.admit(Lane("lab", f"made up {number}", 0))
        assert admission is not None
        health.succeeded(admission)
    assert health.admit(lane) is None


def test_a_lane_not_asked_for_long_still_counts_what_comes_back() -> None:
    health = Health(FakeClock(), LocalBoard(), HealthSettings(lanes=100))
    lane = Lane("lab", "small", 0)
    calls = [health.admit(lane) for _ in range(6)]
    for number in range(60):
        health.admit(Lane("lab", f"made up {number}", 0))
    first, *others = [call for call in calls if call is not None]
    health.succeeded(first)
    for call in others:
        health.failed(call)
    assert health.admit(lane) is None


def test_a_lane_not_asked_for_long_rests_with_its_key() -> None:
    health = Health(FakeClock(), LocalBoard(), HealthSettings(lanes=100))
    lane = Lane("lab", "small", 0)
    health.admit(lane)
    for number in range(60):
        health.admit(Lane("lab", f"made up {number}", 0))
    admission = health.admit(Lane("lab", "made up 59", 0))
    assert admission is not None
    health.denied(admission, whole_key=True)
    assert health.admit(lane) is None


def test_limits_of_made_up_names_push_each_other_out_and_not_the_open_lane() -> None:
    clock, board = FakeClock(), LocalBoard(most=200)
    health = Health(clock, board)
    lane = Lane("lab", "small", 0)
    for _ in range(5):
        admission = health.admit(lane)
        assert admission is not None
        health.failed(admission)
    for number in range(2000):
        admission = health.admit(Lane("lab", f"made up {number}", 0))
        assert admission is not None
        health.limited(admission, 3600)
    assert len(board) <= 200
    for worker in (health, Health(clock, board)):
        assert worker.admit(lane) is None


def test_very_long_names_are_told_apart_by_their_beginnings() -> None:
    health = Health(FakeClock(), LocalBoard())
    long = Lane("lab", "x" * 1_000_000, 0)
    admission = health.admit(long)
    assert admission is not None
    assert len(admission.lane.model) == 256
    assert health.admit(long) is admission
    health.limited(admission, 5)
    assert health.admit(long) is None
    assert health.free_in_s(long) == 5


def test_the_window_of_a_lane_is_a_few_numbers() -> None:
    clock = FakeClock()
    health = Health(clock, LocalBoard())
    lane = Lane("lab", "small", 0)
    for number in range(10_000):
        admission = health.admit(lane)
        assert admission is not None
        (health.failed if number % 3 == 0 else health.succeeded)(admission)
        clock.advance(0.003)
    watch = health._watches.find(lane)
    assert watch is not None
    assert len(watch._past) == 16
    assert len(watch.row) <= 5
    passed, missed = watch.results()
    assert 2.0 / 0.003 <= passed + missed <= 2.25 / 0.003 + 1


def test_the_latencies_of_the_models_asked_least_recently_are_forgotten() -> None:
    latencies = Latencies(models=10)
    for _ in range(20):
        latencies.note("lab", "kept", 1.0)
    for number in range(100):
        latencies.note("lab", f"made up {number}", 1.0)
        latencies.note("lab", "kept", 1.0)
        assert len(latencies) <= 10
    assert latencies.p95_s("lab", "kept") == 1.0
    assert latencies.p95_s("lab", "made up 0") is None
