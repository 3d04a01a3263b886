"""A 429 rests one lane for as long as the provider says; an account turned away rests its key for five minutes."""

import math

import pytest
from structlog.testing import capture_logs

from headworks.providers.health import Admission, Health, Lane, LocalBoard
from headworks.testing import FakeClock

LANE, SIBLING, NEXT_KEY = Lane("lab", "small", 0), Lane("lab", "large", 0), Lane("lab", "small", 1)


def admitted(health: Health, lane: Lane = LANE) -> Admission:
    admission = health.admit(lane)
    assert admission is not None
    return admission


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def health(clock: FakeClock) -> Health:
    return Health(clock, LocalBoard())


def test_a_limited_lane_rests_as_long_as_the_provider_says(clock: FakeClock, health: Health) -> None:
    health.limited(admitted(health), 12.5)
    assert health.admit(LANE) is None
    assert health.free_in_s(LANE) == 12.5
    assert health.admit(SIBLING) is not None
    assert health.admit(NEXT_KEY) is not None
    clock.advance(12.5)
    admissions = [admitted(health) for _ in range(3)]
    assert not any(admission.probe for admission in admissions)


def test_when_it_does_not_say_the_rest_grows_up_to_a_minute(clock: FakeClock, health: Health) -> None:
    rests = []
    for _ in range(8):
        health.limited(admitted(health), None)
        rests.append(health.free_in_s(LANE))
        clock.advance(rests[-1])
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_success_resets_the_growth(clock: FakeClock, health: Health) -> None:
    for _ in range(4):
        health.limited(admitted(health), None)
        clock.advance(health.free_in_s(LANE))
    assert [state.state for state in health.states()] == ["closed"]
    health.succeeded(admitted(health))
    assert health.states() == []
    health.limited(admitted(health), None)
    assert health.free_in_s(LANE) == 1


def test_so_does_a_long_time(clock: FakeClock, health: Health) -> None:
    for _ in range(4):
        health.limited(admitted(health), None)
        clock.advance(health.free_in_s(LANE))
    clock.advance(61)
    health.limited(admitted(health), None)
    assert health.free_in_s(LANE) == 1


def test_many_calls_that_are_limited_at_once_are_one_strike(clock: FakeClock, health: Health) -> None:
    together = [admitted(health) for _ in range(100)]
    for call in together[:50]:
        health.limited(call, None)
    assert health.free_in_s(LANE) == 1
    clock.advance(1)
    admitted(health)
    for call in together[50:]:
        health.limited(call, None)  # they began before the rest
    assert health.free_in_s(LANE) == 0


def test_a_straggler_that_was_told_a_longer_wait_is_believed(clock: FakeClock, health: Health) -> None:
    early, late = admitted(health), admitted(health)
    health.limited(early, 1)
    health.limited(late, 30)
    assert health.free_in_s(LANE) == 30
    clock.advance(29)
    health.limited(late, 0.5)
    assert health.free_in_s(LANE) == 1


def test_nonsense_waits_count_as_not_said_and_long_ones_are_cut(health: Health) -> None:
    for lane_number, (told, rest) in enumerate(
        ((0, 1), (-5, 1), (math.nan, 1), (math.inf, 1), (3600, 3600), (1e9, 3600), (0.05, 0.05))
    ):
        lane = Lane("lab", f"model-{lane_number}", 0)
        health.limited(admitted(health, lane), told)
        assert health.free_in_s(lane) == rest, told


def test_a_limited_call_is_no_failure(health: Health) -> None:
    for _ in range(4):
        health.failed(admitted(health))
    health.limited(admitted(health), 3)
    assert [state.state for state in health.states()] == ["limited"]


def test_a_refused_key_rests_with_all_its_models_and_nothing_else(clock: FakeClock, health: Health) -> None:
    running = admitted(health, SIBLING)
    with capture_logs() as logs:
        health.denied(admitted(health), whole_key=True)
        health.denied(running, whole_key=True)
    assert health.admit(LANE) is None
    assert health.admit(SIBLING) is None
    assert health.admit(Lane("lab", "never asked before", 0)) is None
    assert health.admit(NEXT_KEY) is not None
    assert health.admit(Lane("other", "small", 0)) is not None
    assert health.free_in_s(SIBLING) == 300
    assert logs == [
        {"event": "provider_key_dead", "log_level": "error", "provider": "lab", "key_number": 0, "model": None}
    ]
    assert [(s.model, s.key, s.state) for s in health.states()] == [(None, 0, "denied")]


def test_after_five_minutes_one_call_of_all_models_may_try_a_dead_key(clock: FakeClock, health: Health) -> None:
    health.denied(admitted(health), whole_key=True)
    clock.advance(299)
    assert health.admit(LANE) is None
    clock.advance(1)
    probe = admitted(health, SIBLING)
    assert probe.probe
    assert health.admit(SIBLING) is None
    assert health.admit(LANE) is None
    health.succeeded(probe)
    assert not admitted(health).probe
    assert health.states() == []


def test_a_key_that_is_still_dead_rests_again_and_is_not_reported_again(clock: FakeClock, health: Health) -> None:
    with capture_logs() as logs:
        health.denied(admitted(health), whole_key=True)
        for _ in range(3):
            clock.advance(300)
            health.denied(admitted(health, SIBLING), whole_key=True)
            assert health.free_in_s(LANE) == 300
        clock.advance(300)
        health.succeeded(admitted(health))
        health.denied(admitted(health), whole_key=True)
    assert [log["event"] for log in logs] == ["provider_key_dead"] * 2


def test_a_missing_permission_rests_one_lane(health: Health) -> None:
    with capture_logs() as logs:
        health.denied(admitted(health), whole_key=False)
    assert health.admit(LANE) is None
    assert health.free_in_s(LANE) == 300
    assert health.admit(SIBLING) is not None
    assert [log["model"] for log in logs] == ["small"]


def test_stragglers_do_not_make_a_dead_keys_rest_longer(clock: FakeClock, health: Health) -> None:
    running = [admitted(health) for _ in range(3)]
    health.denied(admitted(health), whole_key=True)
    for call in running:
        clock.advance(50)
        health.denied(call, whole_key=True)
        health.limited(call, None)
        health.failed(call)
    assert health.free_in_s(LANE) == 150


def test_a_probe_of_a_dead_key_that_fails_otherwise_is_followed_by_another_soon(
    clock: FakeClock, health: Health
) -> None:
    health.denied(admitted(health), whole_key=True)
    clock.advance(300)
    health.failed(admitted(health))
    assert 0 < health.free_in_s(LANE) <= 5
    clock.advance(health.free_in_s(LANE))
    health.limited(admitted(health), 20)
    assert health.free_in_s(SIBLING) == 20
    clock.advance(20)
    health.released(admitted(health))
    assert admitted(health).probe


def test_a_key_whose_probe_lacks_a_permission_is_alive(clock: FakeClock, health: Health) -> None:
    health.denied(admitted(health), whole_key=True)
    clock.advance(300)
    health.denied(admitted(health), whole_key=False)
    assert health.admit(LANE) is None
    assert not admitted(health, SIBLING).probe


def test_a_breakers_probe_that_finds_the_key_dead_gives_its_claim_back(clock: FakeClock, health: Health) -> None:
    for _ in range(5):
        health.failed(admitted(health))
    clock.advance(1)
    health.denied(admitted(health), whole_key=True)
    assert health.free_in_s(LANE) == 300
    clock.advance(300)
    health.succeeded(admitted(health))
    assert admitted(health).probe  # the breaker's own


def test_a_breakers_probe_that_finds_a_known_dead_key_does_not_make_its_rest_longer(
    clock: FakeClock, health: Health
) -> None:
    for _ in range(5):
        health.failed(admitted(health))
    clock.advance(1)
    probe = admitted(health)
    health.denied(admitted(health, SIBLING), whole_key=True)
    clock.advance(20)
    with capture_logs() as logs:
        health.denied(probe, whole_key=True)
    assert logs == []
    assert health.free_in_s(LANE) == 280


def test_a_lane_that_rests_for_itself_does_not_probe_the_key(clock: FakeClock, health: Health) -> None:
    health.denied(admitted(health), whole_key=True)
    clock.advance(300)
    sibling = admitted(health, SIBLING)
    health.succeeded(sibling)
    health.limited(admitted(health), 400)
    health.denied(admitted(health, SIBLING), whole_key=True)
    clock.advance(300)
    assert health.free_in_s(LANE) == 100
    assert health.admit(LANE) is None
    assert admitted(health, SIBLING).probe


def test_a_key_that_was_replaced_is_asked_at_once(clock: FakeClock, health: Health) -> None:
    health.denied(admitted(health, SIBLING), whole_key=False)
    health.denied(admitted(health), whole_key=True)
    health.denied(admitted(health, NEXT_KEY), whole_key=True)
    health.key_replaced("lab", 0)
    assert not admitted(health).probe
    assert not admitted(health, SIBLING).probe
    assert health.admit(NEXT_KEY) is None


def test_everything_known_can_be_forgotten(clock: FakeClock, health: Health) -> None:
    health.denied(admitted(health), whole_key=True)
    assert health.admit(LANE) is None
    health.forget()
    admission = admitted(health)
    assert health.states() == []
    for _ in range(4):
        health.failed(admission)
    health.forget()
    for _ in range(4):
        health.failed(admitted(health))
    assert health.admit(LANE) is not None
