"""Asks until somebody begins to answer. One `Pursuer` a call; its `answer.py` goes on when what has begun breaks off.

Invariants: at most one attempt is under way, but for a hedge (`race.py`); each attempt is on the trace from the moment
it is sent; whatever ends the call, `close` leaves nothing running.
"""

import asyncio

from headworks.core.errors import BadAskError, ProviderError
from headworks.core.messages import Ask, Route
from headworks.core.policy import Patience
from headworks.core.protocols import OpenTrace
from headworks.core.replies import Chunk, Event, Usage
from headworks.providers.pursuit.attempt import Attempt, Outcome
from headworks.providers.pursuit.course import Course
from headworks.providers.pursuit.limits import for_whole, usual_patience, within
from headworks.providers.pursuit.mending import Mending
from headworks.providers.pursuit.plans import Fresh, Plan
from headworks.providers.pursuit.race import race
from headworks.providers.pursuit.tools import Choice, Tools

_OUTCOMES: dict[str, Outcome] = {"rate_limit_exceeded": "limited"}


class Pursuer:
    """Pursues one call.

    Args:
        tools: What calls share.
        ask: The call.
        route: Whom to ask, and the policy.
        trace: Its record.

    Attributes:
        course: What was tried, and what is next.
        attempt: The attempt under way, if any.
    """

    def __init__(self, tools: Tools, ask: Ask, route: Route, trace: OpenTrace) -> None:
        self.tools = tools
        self.route = route
        self.trace = trace
        self.attempt: Attempt | None = None
        editor = tools.editors[ask.dialect]
        self._patience = usual_patience(route.policy, reasoning=editor.wants_reasoning(ask))
        self.course = Course(tools, ask, route, self._patience)
        self._mending = Mending(tools, route, self.course, trace, self._aside)

    async def begin(self, plan: Plan) -> tuple[Attempt, list[Chunk]]:
        """Ask until an answer has begun; its first chunks.

        Raises:
            HeadworksError: Nothing is left to try.
        """
        await self._mending.before(plan)
        while True:
            step = self._affordable()
            if isinstance(step, float):
                await asyncio.sleep(step)
                continue
            if step.waits and not await self._stand_in_line(step, plan.ask):
                continue
            attempt = self.prepare(step, plan)
            if attempt is None:
                continue
            try:
                if self.route.policy.hedge and self.course.calls == 0:
                    return await race(self, attempt, plan)
                return attempt, await self.send(attempt)
            except ProviderError as error:
                await self.lost(attempt, error, plan)

    def prepare(self, choice: Choice, plan: Plan) -> Attempt | None:
        """An attempt that is ready to be sent; None when the ask cannot be put to its target."""
        try:
            ask = plan.ask_for(choice)
            return Attempt(self.tools, ask, choice, self._time_for(choice, ask), plan.mode_for(choice))
        except BadAskError as error:
            self.course.cannot(choice, error)
            return None

    async def send(self, attempt: Attempt) -> list[Chunk]:
        """Send it and wait for the beginning of the answer.

        Raises:
            ProviderError: It failed before that.
        """
        self.attempt = attempt
        self.course.calls += 1
        self.trace.attempt(attempt.choice.target, attempt.started_s, attempt.mode)
        held = await attempt.begin()
        self.succeeded(attempt)
        return held

    def succeeded(self, attempt: Attempt) -> None:
        """The answer has begun: the provider is well."""
        choice, tools = attempt.choice, self.tools
        self.attempt = attempt
        self.course.begun()
        tools.health.succeeded(choice.admission)
        tools.standings[choice.link.name].throttle.succeeded()
        if attempt.first_s is not None:
            tools.latencies.note(choice.link.name, attempt.pace_name, attempt.first_s - attempt.started_s)

    async def lost(self, attempt: Attempt, error: ProviderError, plan: Plan) -> Usage | None:
        """An attempt has failed: put it on record, let it go, learn from it, and mend the ask where that can help.

        Returns:
            What it used, as far as it is known.
        """
        used = self.trace.attempt_failed(error)
        ran_out = attempt.ran_out
        self.drop(attempt, _OUTCOMES.get(error.code, "failed"))
        self.course.failed(attempt.choice, error, ran_out=ran_out)
        await self._mending.after(attempt, error, plan, ran_out=ran_out)
        return used

    def _affordable(self) -> Choice | float:
        """As `Course.choose`; the money that failed attempts have cost ends a call like its number of attempts does."""
        limit = self.route.policy.usd_nano
        if limit is not None and self.course.calls and self.trace.spent_nano() >= limit:
            raise self.course.final()
        return self.course.choose()

    async def _aside(self, ask: Ask) -> list[Event] | None:
        """Ask a question of our own, whose answer the client does not see; None when nobody answers it now."""
        step = self.course.choose()
        if isinstance(step, float):
            return None
        if step.waits:
            self.tools.health.released(step.admission)
            return None
        attempt = self.prepare(step, Fresh(ask))
        if attempt is None:
            return None
        try:
            held = await self.send(attempt)
        except ProviderError as error:
            self.trace.attempt_failed(error)
            self.drop(attempt, _OUTCOMES.get(error.code, "failed"))
            self.course.failed(attempt.choice, error)
            return None
        events = [event for chunk in held for event in chunk.events]
        self.trace.attempt_aside(events)
        self.drop(attempt, "ok")
        return events

    def drop(self, attempt: Attempt, outcome: Outcome) -> None:
        """Let go of an attempt."""
        attempt.close(outcome)
        if self.attempt is attempt:
            self.attempt = None

    def close(self) -> None:
        """The call is over. An attempt still under way is ended, which says nothing about its provider."""
        attempt = self.attempt
        if attempt is not None:
            if attempt.first_s is None:
                self.tools.health.released(attempt.choice.admission)
            self.drop(attempt, "none")

    def _time_for(self, choice: Choice, ask: Ask) -> Patience:
        patience = choice.link.timeouts.over(self._patience)
        if not ask.stream:
            patience = for_whole(patience, choice.link, self.tools.editors[ask.dialect].max_tokens(ask))
        return within(patience, self.course.left_s(), alone=self.course.alone(choice))

    async def _stand_in_line(self, choice: Choice, ask: Ask) -> bool:
        limiter = self.tools.standings[choice.link.name].limiter
        try:
            await limiter.enter(ask.org_id or "", self.course.left_s())
        except ProviderError as error:
            self.tools.health.released(choice.admission)
            self.course.crowded(choice, error)
            return False
        except asyncio.CancelledError:
            self.tools.health.released(choice.admission)
            raise
        return True
