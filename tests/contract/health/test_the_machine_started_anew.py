"""Entries outlive their processes and the machine's uptime, on which the monotonic counter of their stamps depends."""

from collections.abc import Callable

import pytest

from headworks.providers.health import Board, Health, Lane
from headworks.testing import FakeClock

NewBoard = Callable[[], Board]
LANE = Lane("lab", "small", 0)


def after_a_restart(before: FakeClock, down_s: float, uptime_s: float) -> FakeClock:
    clock = FakeClock(before.now() + down_s - uptime_s)
    clock.advance(uptime_s)
    return clock


@pytest.mark.parametrize("uptime_s", [0, 20, 50_000])
def test_a_dead_key_is_tried_again_no_later_than_it_would_have_been(
    clock: FakeClock, new_board: NewBoard, uptime_s: float
) -> None:
    clock.advance(1000)
    old = Health(clock, new_board())
    admission = old.admit(LANE)
    assert admission is not None
    old.denied(admission, whole_key=True)
    new = Health(after_a_restart(clock, 60, uptime_s), new_board())
    assert 0 <= new.free_in_s(LANE) <= 240 + 0.001


@pytest.mark.parametrize("uptime_s", [0, 20, 50_000])
def test_a_claim_of_a_process_that_is_gone_ends_within_a_minute(
    clock: FakeClock, new_board: NewBoard, uptime_s: float
) -> None:
    clock.advance(1000)
    old = Health(clock, new_board())
    for _ in range(5):
        admission = old.admit(LANE)
        assert admission is not None
        old.failed(admission)
    clock.advance(1)
    assert old.admit(LANE) is not None
    later = after_a_restart(clock, 5, uptime_s)
    new = Health(later, new_board())
    assert new.admit(LANE) is None
    later.advance(60)
    probe = new.admit(LANE)
    assert probe is not None
    assert probe.probe
