"""Calls in any order, failing in any way: each ends in time, asks nobody too often, and leaves nothing behind."""

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.providers.pursuit.conftest import Bench, error

from headworks.core.errors import BadAskError, HeadworksError, ProviderError
from headworks.core.policy import Policy
from headworks.providers.pursuit.course import Course
from headworks.providers.pursuit.tools import Choice

ERRORS = [
    ("provider_error", {}),
    ("overloaded", {}),
    ("provider_timeout", {}),
    ("provider_timeout", {"provider_status": 504}),
    ("rate_limit_exceeded", {}),
    ("rate_limit_exceeded", {"retry_after_s": 0.05}),
    ("rate_limit_exceeded", {"retry_after_s": 3.0}),
    ("rate_limit_exceeded", {"retry_after_s": 900.0}),
    ("denied", {}),
    ("denied", {"provider_status": 403}),
    ("unknown_model", {}),
    ("invalid_request", {}),
    ("context_length_exceeded", {}),
    ("content_policy_violation", {}),
]
NAMES = ("one", "two", "three")
MOST_WAITS_IN_A_ROW = 50
"""Ten seconds of waits of a quarter of a second, and back-offs."""


class Caller:
    """One call as the pursuer makes it, step by step."""

    def __init__(self, desk: Bench, course: Course, policy: Policy) -> None:
        self.desk = desk
        self.course = course
        self.policy = policy
        self.asking: Choice | None = None
        self.begun = False
        self.over: HeadworksError | bool = False
        self.free_at_s = 0.0
        self.waits = 0
        self.silent: set[str] = set()
        self.failures: Counter[int] = Counter()

    @property
    def ready(self) -> bool:
        """True when it would ask the course what to do."""
        return not self.over and self.asking is None and self.desk.clock.monotonic() >= self.free_at_s

    def step(self) -> None:
        """Do what the course says."""
        now_s = self.desk.clock.monotonic()
        try:
            said = self.course.choose()
        except HeadworksError as told:
            self.end(told)
            return
        if isinstance(said, float):
            self.waits += 1
            assert self.waits <= MOST_WAITS_IN_A_ROW
            assert 0 <= said <= self.course.times_left()[1]
            self.free_at_s = now_s + said
            return
        choice = self.in_line(said) if said.waits else said
        if choice is not None:
            self.ask(choice)

    def in_line(self, said: Choice) -> Choice | None:
        """As the pursuer, but that no time is spent in the line."""
        self.desk.health.released(said.admission)
        limiter = said.road.standing.limiter
        if not limiter.try_enter():
            self.course.crowded(said, error("overloaded", retry_after_s=2.0))
            return None
        admitted = self.course.admit(said.place)
        if admitted is None:
            limiter.leave("none", None)
        return admitted

    def ask(self, choice: Choice) -> None:
        assert self.desk.clock.monotonic() < self.course.deadline_s
        assert choice.target.provider not in self.silent
        assert self.failures[choice.place] <= self.policy.retries
        self.course.calls += 1
        assert self.course.calls <= self.policy.calls
        self.asking, self.waits = choice, 0

    def fail(self, failed: ProviderError, *, ran_out: bool, hurried: bool) -> None:
        choice = self.leave()
        self.course.failed(choice, failed, ran_out=ran_out, hurried=hurried)
        if failed.code == "provider_timeout" and failed.provider_status is None and not ran_out:
            self.silent.add(choice.target.provider)
        elif failed.retryable:
            self.failures[choice.place] += 1

    def begin(self) -> None:
        assert self.asking is not None
        self.desk.health.succeeded(self.asking.admission)
        self.asking.road.standing.throttle.succeeded()
        self.course.begun(self.asking)
        self.begun = True

    def leave(self) -> Choice:
        choice, self.asking = self.asking, None
        assert choice is not None
        choice.road.standing.limiter.leave("none", None)
        self.begun = False
        return choice

    def finish(self) -> None:
        """The answer is whole, or the client has left."""
        if self.asking is not None:
            if not self.begun:
                self.desk.health.released(self.asking.admission)
            self.leave()
        self.over = True

    def end(self, told: HeadworksError) -> None:
        self.over = told
        if told.retryable:
            advice_s = told.retry_after_s
            assert self.course.calls < 2 if advice_s is None else 0 < advice_s <= 60
        if isinstance(told, BadAskError) or told.code == "invalid_request":
            assert not told.retryable


class Calls(RuleBasedStateMachine):
    """Many calls over one route."""

    def __init__(self) -> None:
        super().__init__()
        self.callers: list[Caller] = []

    @initialize(
        route=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4),
        keys=st.integers(1, 3),
        room=st.sampled_from([1, 2, 50]),
        tokens=st.sampled_from([0, 2, 100]),
        side=st.sampled_from([0.0, 0.5, 1.0]),
    )
    def open(self, route: list[str], keys: int, room: int, tokens: int, side: float) -> None:
        self.desk = Bench(*route, providers=dict.fromkeys(set(route), (keys, room, tokens)), side=side)

    @rule(
        retries=st.integers(0, 3),
        calls=st.integers(1, 8),
        elsewhere=st.booleans(),
        deadline_s=st.sampled_from([None, 0.05, 1.0, 20.0]),
        begin_s=st.sampled_from([None, 0.5]),
    )
    def come(self, retries: int, calls: int, elsewhere: bool, deadline_s: float | None, begin_s: float | None) -> None:
        policy = Policy(retries=retries, calls=calls, filtered_elsewhere=elsewhere)
        now_s = self.desk.clock.monotonic()
        times: dict[str, Any] = {"stream": begin_s is not None}
        times |= {"deadline_s": now_s + deadline_s} if deadline_s else {}
        times |= {"begin_by_s": now_s + begin_s} if begin_s else {}
        self.callers.append(Caller(self.desk, self.desk.course(policy, **times), policy))

    def some(self, which: int, wanted: str) -> Caller:
        fitting = [caller for caller in self.callers if getattr(caller, wanted)]
        return fitting[which % len(fitting)]

    @precondition(lambda self: any(caller.ready for caller in self.callers))
    @rule(which=st.integers(0, 50))
    def step(self, which: int) -> None:
        self.some(which, "ready").step()

    @precondition(lambda self: any(caller.asking for caller in self.callers))
    @rule(which=st.integers(0, 50), how=st.sampled_from(ERRORS), ran_out=st.booleans(), hurried=st.booleans())
    def fail(self, which: int, how: tuple[str, dict[str, Any]], ran_out: bool, hurried: bool) -> None:
        caller = self.some(which, "asking")
        caller.fail(error(how[0], **how[1]), ran_out=ran_out and caller.begun, hurried=hurried)

    @precondition(lambda self: any(caller.asking for caller in self.callers))
    @rule(which=st.integers(0, 50))
    def cannot(self, which: int) -> None:
        caller = self.some(which, "asking")
        if not caller.begun and caller.asking is not None:
            caller.course.calls -= 1
            self.desk.health.released(caller.asking.admission)
            caller.course.cannot(caller.leave(), BadAskError("not there"))

    @precondition(lambda self: any(caller.asking for caller in self.callers))
    @rule(which=st.integers(0, 50), places=st.sets(st.integers(0, 3)))
    def mend(self, which: int, places: set[int]) -> None:
        caller = self.some(which, "asking")
        if not caller.begun and caller.asking is not None:
            place = caller.asking.place
            caller.fail(error("context_length_exceeded"), ran_out=False, hurried=False)
            if not caller.course.move({other for other in places if other < len(self.desk.targets)} - {place}):
                caller.course.allow(place)

    @precondition(lambda self: any(caller.asking for caller in self.callers))
    @rule(which=st.integers(0, 50))
    def begin(self, which: int) -> None:
        caller = self.some(which, "asking")
        if not caller.begun:
            caller.begin()

    @precondition(lambda self: any(caller.asking for caller in self.callers))
    @rule(which=st.integers(0, 50))
    def begin_beside(self, which: int) -> None:
        caller = self.some(which, "asking")
        assert caller.asking is not None
        other = caller.course.beside(caller.asking)
        if other is not None:
            assert other.place != caller.asking.place
            assert other.target.provider not in caller.silent
            self.desk.health.released(other.admission)
            other.road.standing.limiter.leave("none", None)

    @precondition(lambda self: any(not caller.over for caller in self.callers))
    @rule(which=st.integers(0, 50))
    def finish(self, which: int) -> None:
        fitting = [caller for caller in self.callers if not caller.over]
        fitting[which % len(fitting)].finish()

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.0, 5.0, 61.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.desk.clock.advance(seconds)

    @invariant()
    def nobody_is_inside_but_who_asks(self) -> None:
        if self.callers:
            asking = Counter(caller.asking.target.provider for caller in self.callers if caller.asking)
            assert {name: limiter.inside for name, limiter in self.desk.limiters.items() if limiter.inside} == asking

    @invariant()
    def no_claim_is_kept_but_by_who_asks(self) -> None:
        if self.callers:
            held = sum(caller.asking is not None and caller.asking.admission.probe for caller in self.callers)
            assert sum(state.probing for state in self.desk.health.states()) <= held

    def teardown(self) -> None:
        """Whoever is still there goes on by himself, and ends."""
        for caller in self.callers:
            while not caller.over:
                if caller.asking is not None:
                    caller.fail(error(), ran_out=False, hurried=False)
                self.desk.clock.advance(max(0.0, caller.free_at_s - self.desk.clock.monotonic()))
                caller.step()
        if self.callers:
            assert all(limiter.inside == 0 for limiter in self.desk.limiters.values())
            assert not any(state.probing for state in self.desk.health.states())


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
