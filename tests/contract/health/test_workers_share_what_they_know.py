"""What one worker learns of a provider, all act on within a tenth of a second; probes are one at a time over all."""

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from headworks.providers.health import Admission, Board, Health, Lane
from headworks.testing import FakeClock

NewBoard = Callable[[], Board]
LANE, SIBLING = Lane("lab", "small", 0), Lane("lab", "large", 0)


def admitted(health: Health, lane: Lane = LANE) -> Admission:
    admission = health.admit(lane)
    assert admission is not None
    return admission


def fail(health: Health) -> None:
    for _ in range(5):
        health.failed(admitted(health))


@pytest.fixture
def workers(clock: FakeClock, new_board: NewBoard) -> tuple[Health, Health]:
    """Two workers that have both looked just now."""
    here, there = Health(clock, new_board()), Health(clock, new_board())
    admitted(here)
    admitted(there)
    return here, there


def test_an_opened_lane_is_closed_to_all_a_tenth_of_a_second_later(
    clock: FakeClock, workers: tuple[Health, Health]
) -> None:
    here, there = workers
    fail(here)
    clock.advance(0.1)
    assert there.admit(LANE) is None
    assert 0.85 <= there.free_in_s(LANE) <= 0.9
    assert there.admit(SIBLING) is not None
    assert [state.state for state in there.states()] == ["open"]


def test_of_two_workers_one_gets_the_probe(clock: FakeClock, workers: tuple[Health, Health]) -> None:
    here, there = workers
    fail(here)
    clock.advance(0.95)
    assert there.admit(LANE) is None
    assert here.admit(LANE) is None
    clock.advance(0.05)  # no time for either to look again
    probe = admitted(there)
    assert probe.probe
    assert here.admit(LANE) is None
    there.succeeded(probe)
    second = admitted(there)
    assert here.admit(LANE) is None
    there.succeeded(second)
    clock.advance(0.1)
    for health in workers:
        assert not admitted(health).probe
        assert health.states() == []


def test_a_claim_is_taken_over_after_a_minute_by_whoever_asks(clock: FakeClock, workers: tuple[Health, Health]) -> None:
    here, there = workers
    fail(here)
    clock.advance(1)
    lost = admitted(here)
    clock.advance(59.9)
    assert there.admit(LANE) is None  # hears of it only now
    clock.advance(0.1)
    probe = admitted(there)
    here.succeeded(lost)
    here.failed(lost)
    assert here.admit(LANE) is None
    there.succeeded(probe)
    clock.advance(0.1)
    assert admitted(here).probe


def test_both_may_find_it_down_in_the_same_moment(clock: FakeClock, workers: tuple[Health, Health]) -> None:
    here, there = workers
    fail(here)
    fail(there)
    assert here.admit(LANE) is None
    assert there.admit(LANE) is None
    clock.advance(1)
    assert admitted(there).probe
    assert here.admit(LANE) is None


def test_a_limit_is_for_all_and_its_growth_is_reset_by_a_success_of_any(
    clock: FakeClock, workers: tuple[Health, Health]
) -> None:
    here, there = workers
    for rest in (1, 2, 4):
        here.limited(admitted(here), None)
        clock.advance(0.1)
        assert there.admit(LANE) is None
        assert here.free_in_s(LANE) == pytest.approx(rest - 0.1)
        clock.advance(rest - 0.1)
    there.succeeded(admitted(there))
    clock.advance(0.1)
    here.limited(admitted(here), None)
    assert here.free_in_s(LANE) == 1


def test_two_workers_limited_at_once_are_one_strike(clock: FakeClock, workers: tuple[Health, Health]) -> None:
    here, there = workers
    mine, theirs = admitted(here), admitted(there)
    here.limited(mine, None)
    there.limited(theirs, None)
    clock.advance(1)
    here.limited(admitted(here), None)
    assert here.free_in_s(LANE) == 2


def test_a_dead_key_is_dead_for_all_and_reported_once(clock: FakeClock, workers: tuple[Health, Health]) -> None:
    here, there = workers
    mine, theirs = admitted(here), admitted(there, SIBLING)
    with capture_logs() as logs:
        here.denied(mine, whole_key=True)
        there.denied(theirs, whole_key=True)
    assert [log["event"] for log in logs] == ["provider_key_dead"]
    clock.advance(0.1)
    for health in workers:
        assert health.admit(LANE) is None
        assert health.admit(SIBLING) is None
    clock.advance(299.9)
    probe = admitted(there)
    assert here.admit(SIBLING) is None
    there.succeeded(probe)
    clock.advance(0.1)
    assert not admitted(here, SIBLING).probe


def test_a_worker_that_starts_later_knows_what_the_others_know(
    clock: FakeClock, workers: tuple[Health, Health], new_board: NewBoard
) -> None:
    here, _ = workers
    fail(here)
    here.denied(admitted(here, SIBLING), whole_key=False)
    clock.advance(0.5)
    new = Health(clock, new_board())
    assert new.free_in_s(LANE) == pytest.approx(0.5)
    assert new.free_in_s(SIBLING) == pytest.approx(299.5)
    assert new.admit(LANE) is None


@pytest.mark.parametrize("jump_s", [-3600, -2, 2, 3600])
def test_a_jump_of_the_wall_clock_makes_no_rest_longer_or_shorter_for_those_who_know_it(
    clock: FakeClock, workers: tuple[Health, Health], jump_s: float
) -> None:
    here, there = workers
    here.denied(admitted(here), whole_key=True)
    clock.advance(0.1)
    assert there.admit(LANE) is None
    clock.jump(jump_s)
    for health in workers:
        assert health.free_in_s(LANE) == pytest.approx(299.9)
    clock.advance(299.9)
    assert admitted(there).probe


@pytest.mark.parametrize("jump_s", [-3600, -2, 2, 3600])
def test_for_a_new_worker_no_rest_is_longer_after_a_jump(
    clock: FakeClock, workers: tuple[Health, Health], new_board: NewBoard, jump_s: float
) -> None:
    here, _ = workers
    here.denied(admitted(here), whole_key=True)
    clock.advance(100)
    clock.jump(jump_s)
    new = Health(clock, new_board())
    assert 0 <= new.free_in_s(LANE) <= 200


@pytest.mark.parametrize("jump_s", [-3600, -2, 2, 3600])
def test_no_jump_lets_a_second_probe_in_or_keeps_the_next_one_out_for_long(
    clock: FakeClock, workers: tuple[Health, Health], new_board: NewBoard, jump_s: float
) -> None:
    here, _ = workers
    fail(here)
    clock.advance(1)
    assert admitted(here).probe
    clock.advance(10)
    clock.jump(jump_s)
    new = Health(clock, new_board())
    assert new.admit(LANE) is None
    clock.advance(49.9)
    assert new.admit(LANE) is None
    clock.advance(10.1)  # a minute after this worker first heard of the claim
    assert admitted(new).probe
