"""Callers come, wait, lose patience, are cancelled and leave in any order: no permit is lost and none is made up."""

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from headworks.core.errors import ProviderError
from headworks.providers.health import Limiter, LimiterSettings
from headworks.providers.health.limiter import Outcome
from headworks.testing import FakeClock


class FakeTime(asyncio.SelectorEventLoop):
    """An event loop whose timers run on the fake clock."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock

    def time(self) -> float:
        return self.clock.monotonic()


class Callers(RuleBasedStateMachine):
    """Tasks of a few groups at one limiter. Some steps are followed by a moment for the loop, some are not."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.loop = FakeTime(self.clock)
        self.limiter = Limiter("lab", self.clock, LimiterSettings(start=6, most=9))
        self.waiting: list[asyncio.Task[None]] = []
        self.entered = 0

    async def call(self, group: str, patience_s: float) -> None:
        await self.limiter.enter(group, patience_s)
        self.entered += 1

    @rule()
    def run(self) -> None:
        for _ in range(3):
            self.loop.run_until_complete(asyncio.sleep(0))
        for task in self.waiting:
            if task.done() and not task.cancelled():
                error = task.exception()
                assert error is None or (isinstance(error, ProviderError) and error.code == "overloaded")
        self.waiting = [task for task in self.waiting if not task.done()]

    @rule(group=st.sampled_from("abc"), patience_s=st.sampled_from([0, 1, 5, 60]))
    def come(self, group: str, patience_s: float) -> None:
        self.waiting.append(self.loop.create_task(self.call(group, patience_s)))

    @rule()
    def come_without_waiting(self) -> None:
        before = self.limiter.inside
        if self.limiter.try_enter():
            assert before < self.limiter.limit
            self.entered += 1

    @precondition(lambda self: self.entered)
    @rule(outcome=st.sampled_from(["ok", "ok", "limited", "failed", "none"]), late=st.booleans())
    def leave(self, outcome: Outcome, late: bool) -> None:
        self.entered -= 1
        self.limiter.leave(outcome, 9.0 if late else 0.1)

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 100))
    def cancel(self, which: int) -> None:
        self.waiting[which % len(self.waiting)].cancel()

    @rule(seconds=st.sampled_from([0.1, 1, 5, 60]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def the_numbers_are_in_bounds(self) -> None:
        assert 4 <= self.limiter.limit <= 9
        assert 0 <= self.entered <= self.limiter.inside <= 9
        assert self.limiter.waiting <= 2 * 9

    def teardown(self) -> None:
        """When all who are inside leave, all who wait come in or have lost patience; then nobody is left."""
        self.run()
        assert self.limiter.inside == self.entered
        while self.entered:
            self.leave("ok", False)
            self.run()
        assert self.waiting == []
        assert (self.limiter.inside, self.limiter.waiting) == (0, 0)
        for _ in range(self.limiter.limit):
            assert self.limiter.try_enter()
        assert not self.limiter.try_enter()
        self.loop.close()


TestCallers = Callers.TestCase
TestCallers.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
