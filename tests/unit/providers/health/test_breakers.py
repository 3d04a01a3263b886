"""A breaker opens on failures, lets one probe in at a time, and closes when two in a row are good."""

from headworks.providers.health import Admission, Health, HealthSettings, Lane, LocalBoard
from headworks.testing import FakeClock

LANE = Lane("lab", "small", 0)
OTHER = Lane("lab", "large", 0)


def admitted(health: Health, lane: Lane = LANE) -> Admission:
    admission = health.admit(lane)
    assert admission is not None
    return admission


def opened(clock: FakeClock, settings: HealthSettings | None = None) -> Health:
    """A gateway whose lane has just opened."""
    health = Health(clock, LocalBoard(), settings)
    for _ in range(5):
        health.failed(admitted(health))
    assert health.admit(LANE) is None
    return health


def test_a_healthy_lane_is_admitted_without_making_anything() -> None:
    health = Health(FakeClock(), LocalBoard())
    first = admitted(health)
    health.succeeded(first)
    assert admitted(health, Lane("lab", "small", 0)) is first
    assert (first.lane, first.probe) == (LANE, False)
    assert health.free_in_s(LANE) == 0
    assert health.states() == []


def test_five_failures_in_a_row_open_a_lane_and_no_other() -> None:
    clock = FakeClock()
    health = Health(clock, LocalBoard())
    for _ in range(4):
        health.failed(admitted(health))
        clock.advance(14)
    assert health.admit(LANE) is not None
    health.failed(admitted(health))
    assert health.admit(LANE) is None
    assert health.admit(OTHER) is not None
    assert health.admit(Lane("lab", "small", 1)) is not None
    assert health.admit(Lane("second", "small", 0)) is not None


def test_five_failures_over_more_than_a_minute_do_not() -> None:
    clock = FakeClock()
    health = Health(clock, LocalBoard())
    for _ in range(50):
        health.failed(admitted(health))
        assert health.free_in_s(LANE) == 0
        clock.advance(15.1)


def test_a_success_in_between_begins_the_row_anew() -> None:
    clock = FakeClock()
    health = Health(clock, LocalBoard())
    for _ in range(10):
        for _ in range(4):
            health.failed(admitted(health))
            clock.advance(3)
        health.succeeded(admitted(health))
    assert health.admit(LANE) is not None


def outcomes(health: Health, clock: FakeClock, word: str, pause_s: float) -> bool:
    """Whether the lane is still open to all after calls that ended so: `+` answered, `-` failed, `.` nothing."""
    for letter in word:
        if letter != ".":
            admission = health.admit(LANE)
            if admission is None:
                return False
            (health.succeeded if letter == "+" else health.failed)(admission)
        clock.advance(pause_s)
    return health.admit(LANE) is not None


def test_the_share_of_failures_needs_twenty_results_in_two_seconds() -> None:
    for word, pause_s, stays in (
        ("--+-+" * 3 + "--+-", 0.05, True),  # 19 results
        ("--+-+" * 3 + "--+-+", 0.05, True),  # the twentieth is a success; what comes next decides
        ("--+-+" * 3 + "--+-+" + "-", 0.05, False),  # 13 of 21 failed
        ("++-" * 100, 0.05, True),  # a third fails
        ("--+" * 100, 0.25, True),  # two thirds fail, but never twenty calls within the window
        ("+" * 100 + "-++-+--" * 3, 0.01, True),  # the good ones of a moment ago count
        ("+" * 100 + "." * 300 + "--+--+" * 3 + "--", 0.01, False),  # they are gone
    ):
        clock = FakeClock()
        health = Health(clock, LocalBoard())
        assert outcomes(health, clock, word, pause_s) is stays, word


def test_open_lasts_a_second_then_one_probe_at_a_time() -> None:
    clock = FakeClock()
    health = opened(clock)
    assert health.free_in_s(LANE) == 1.0
    clock.advance(0.9)
    assert health.admit(LANE) is None
    clock.advance(health.free_in_s(LANE))
    assert health.free_in_s(LANE) == 0
    probe = admitted(health)
    assert probe.probe
    assert health.admit(LANE) is None
    assert 0 < health.free_in_s(LANE) <= 0.25
    health.succeeded(probe)
    assert health.free_in_s(LANE) == 0
    second = admitted(health)
    assert second.probe
    assert health.admit(LANE) is None
    health.succeeded(second)
    assert not admitted(health).probe
    assert health.states() == []


def test_each_failed_probe_doubles_the_rest_up_to_five_seconds() -> None:
    clock = FakeClock()
    health = opened(clock)
    rests = []
    for _ in range(5):
        clock.advance(health.free_in_s(LANE))
        health.failed(admitted(health))
        rests.append(health.free_in_s(LANE))
    assert rests == [2, 4, 5, 5, 5]


def test_a_failed_probe_after_a_good_one_starts_the_count_of_good_ones_again() -> None:
    clock = FakeClock()
    health = opened(clock)
    clock.advance(1)
    health.succeeded(admitted(health))
    health.failed(admitted(health))
    clock.advance(2)
    health.succeeded(admitted(health))
    assert admitted(health).probe


def test_an_outage_is_noticed_within_two_seconds_and_over_within_ten() -> None:
    clock = FakeClock()
    health = Health(clock, LocalBoard())
    sent_after_two_seconds = 0
    back_after = None
    for call in range(50 * 60):
        at = call * 0.02
        down = 10 <= at < 40
        admission = health.admit(LANE)
        if admission is not None:
            (health.failed if down else health.succeeded)(admission)
            sent_after_two_seconds += 12 <= at < 40
            if at >= 40 and back_after is None and not admission.probe:
                back_after = at - 40
        clock.advance(0.02)
    assert sent_after_two_seconds <= 10
    assert back_after is not None
    assert back_after <= 10


def test_calls_from_before_the_outage_say_nothing_about_the_time_after_it() -> None:
    clock = FakeClock()
    health = Health(clock, LocalBoard())
    hanging = [admitted(health) for _ in range(50)]
    for _ in range(5):
        health.failed(admitted(health))
    clock.advance(1)
    for call in hanging[:10]:
        health.succeeded(call)  # no probe: closes nothing
        health.failed(call)
    for _ in range(2):
        health.succeeded(admitted(health))
    for call in hanging[10:]:
        health.failed(call)  # they have waited for a silent provider until now
    assert not admitted(health).probe


def test_a_probe_that_says_nothing_gives_its_claim_back() -> None:
    clock = FakeClock()
    health = opened(clock)
    clock.advance(1)
    health.released(admitted(health))
    probe = admitted(health)
    assert probe.probe
    health.limited(probe, 7)
    assert health.free_in_s(LANE) == 7
    clock.advance(7)
    assert admitted(health).probe


def test_a_call_that_says_nothing_changes_nothing() -> None:
    health = Health(FakeClock(), LocalBoard())
    for _ in range(100):
        health.released(admitted(health))
    assert health.states() == []


def test_a_claim_expires_after_a_minute_and_its_owner_has_nothing_to_say_any_more() -> None:
    clock = FakeClock()
    health = opened(clock)
    clock.advance(1)
    lost = admitted(health)
    clock.advance(59.9)
    assert health.admit(LANE) is None
    clock.advance(0.1)
    new = admitted(health)
    assert new.probe
    health.failed(lost)
    health.succeeded(lost)
    health.released(lost)
    assert health.admit(LANE) is None
    health.succeeded(new)
    assert admitted(health).probe


def test_states_name_what_is_not_plainly_closed() -> None:
    clock = FakeClock()
    health = opened(clock)
    began = clock.now()
    (state,) = health.states()
    assert (state.provider, state.model, state.key) == LANE
    assert (state.state, state.cause, state.free_in_s, state.since_s) == ("open", "open", 1.0, began)
    clock.advance(1)
    assert [(s.state, s.free_in_s, s.probing) for s in health.states()] == [("half_open", 0, False)]
    probe = admitted(health)
    assert [(s.state, s.free_in_s, s.probing) for s in health.states()] == [("half_open", 60, True)]
    health.failed(probe)
    assert [(s.state, s.free_in_s, s.since_s) for s in health.states()] == [("open", 2, began)]


def test_the_rules_can_be_others() -> None:
    clock = FakeClock()
    health = Health(clock, LocalBoard(), HealthSettings(row=2, open_s=3, probes=1))
    for _ in range(2):
        health.failed(admitted(health))
    assert health.free_in_s(LANE) == 3
    clock.advance(3)
    health.succeeded(admitted(health))
    assert not admitted(health).probe
