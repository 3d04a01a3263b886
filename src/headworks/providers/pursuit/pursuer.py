"""Asks until somebody begins to answer. One `Pursuer` a call; its `answer.py` goes on when what has begun breaks off.

Invariants: at most one attempt is under way, but for a hedge (`race.py`); each attempt is on the trace from the moment
it is sent; whatever ends the call, `close` leaves nothing running.
"""

import asyncio

import msgspec

from headworks.core.errors import BadAskError, ProviderError
from headworks.core.messages import Ask
from headworks.core.policy import Patience
from headworks.core.prefix import Prefix
from headworks.core.protocols import Hold, OpenTrace
from headworks.core.replies import Chunk, Event, Usage
from headworks.providers.outbound.courier import Courier
from headworks.providers.pursuit.attempt import Attempt, Outcome
from headworks.providers.pursuit.course import Course
from headworks.providers.pursuit.limits import fits, for_probe, for_whole, hurried, usual_patience, within
from headworks.providers.pursuit.mending import Mending, may_be_too_long
from headworks.providers.pursuit.plans import Fresh, Plan
from headworks.providers.pursuit.race import race
from headworks.providers.pursuit.tools import Choice, Tools
from headworks.providers.secrets import hide_secrets

_OUTCOMES: dict[str, Outcome] = {"rate_limit_exceeded": "limited"}


class Pursuer:
    """Pursues one call.

    Args:
        tools: What calls share.
        hold: The call, whom to ask, and the policy; and what it may spend.
        trace: Its record.

    Attributes:
        course: What was tried, and what is next.
        attempt: The attempt under way, if any.
    """

    __slots__ = ("_hold", "_mender", "_patience", "attempt", "course", "route", "tools", "trace")

    def __init__(self, tools: Tools, hold: Hold, trace: OpenTrace) -> None:
        ask, route = hold.ask, hold.route
        self.tools = tools
        self.route = route
        self._hold = hold
        self.trace = trace
        self.attempt: Attempt | None = None
        self._mender: Mending | None = None
        editor = tools.editors[ask.dialect]
        self._patience = usual_patience(route.policy, reasoning=editor.wants_reasoning(ask))
        self.course = Course(tools, ask, route, self._patience)

    async def begin(self, plan: Plan) -> tuple[Attempt, list[Chunk]]:
        """Ask until an answer has begun; its first chunks.

        Raises:
            HeadworksError: Nothing is left to try.
        """
        course = self.course
        if course.calls == 0 and may_be_too_long(self.tools, self.route, plan.ask):
            await self._mending().before(plan)
        while True:
            if course.calls and self.route.policy.usd_nano is not None:
                self._check_spending(self.route.policy.usd_nano)
            step = course.choose()
            if isinstance(step, float):
                await asyncio.sleep(step)
                continue
            choice = await self._stand_in_line(step, plan.ask) if step.waits else step
            attempt = None if choice is None else self.prepare(choice, plan)
            if attempt is None:
                continue
            if self.route.policy.hedge and course.calls == 0:
                begun = await race(self, attempt, plan)
                if begun is not None:
                    return begun
                continue
            await self._paid(attempt)
            self.sent(attempt)
            try:
                held = await attempt.begin()
            except ProviderError as error:
                await self.lost(attempt, error, plan)
            else:
                self.succeeded(attempt)
                return attempt, held

    def _mending(self) -> Mending:
        """Made when it is needed, which is rare."""
        if self._mender is None:
            self._mender = Mending(self.tools, self.route, self.course, self.trace, self._aside)
        return self._mender

    def prepare(self, choice: Choice, plan: Plan) -> Attempt | None:
        """An attempt that is ready to be sent; None when the ask cannot be put to its target."""
        attempt = None
        try:
            ask, mode = plan.put(choice)
            attempt = Attempt(self.tools, ask, choice, self._usual_time(choice, ask), mode)
            self._hurry(attempt)
        except BadAskError as error:
            self.course.cannot(choice, error)
        finally:
            if attempt is None:  # on a bug too: it must not take the provider's places one by one
                self.tools.health.released(choice.admission)
                choice.road.standing.limiter.leave("none", None)
        return attempt

    async def _paid(self, attempt: Attempt) -> None:
        """The first attempt is paid for before a call comes here; every other as it is about to be sent."""
        if self.course.calls:
            await self.cover(attempt)

    async def cover(self, attempt: Attempt, beside: Attempt | None = None) -> None:
        """See that an attempt more is paid for, or let it go.

        Raises:
            RefusedError: A limit does not pay for it.
            StoreError: Nobody can tell.
        """
        covered = False
        try:
            target = attempt.choice.target
            await self._hold.cover(target, attempt.ask, None if beside is None else beside.choice.target)
            covered = True
        finally:
            if not covered:
                self.tools.health.released(attempt.choice.admission)
                attempt.close("none")

    def sent(self, attempt: Attempt) -> None:
        """An attempt is about to be sent: from here on it is on record, and ours to end."""
        self.attempt = attempt
        self.course.calls += 1
        self.trace.attempt(attempt.choice.target, attempt.started_s, attempt.mode)

    def succeeded(self, attempt: Attempt) -> None:
        """The answer has begun."""
        self.attempt = attempt
        self.course.begun(attempt.choice)
        self._is_well(attempt)

    def _is_well(self, attempt: Attempt) -> None:
        """The provider answers."""
        choice, tools = attempt.choice, self.tools
        tools.health.succeeded(choice.admission)
        if choice.prefix is not None:
            choice.prefix.landed(choice.place, choice.target)
            self._keep_by_name(attempt, choice.prefix)
        choice.road.standing.throttle.succeeded()
        if attempt.first_s is not None:
            tools.latencies.note(choice.target.provider, attempt.pace_name, attempt.first_s - attempt.started_s)

    def _keep_by_name(self, attempt: Attempt, prefix: Prefix) -> None:
        """Say what was named, and have sent what is to be kept from now on."""
        choice, request = attempt.choice, attempt.request
        key = choice.admission.lane.key
        if request.reference is not None:
            prefix.used(choice.target, key, request.reference.name)
        if request.order is not None:
            dialect = self.tools.dialects[choice.target.dialect]
            prefix.keep(choice.target, key, request.order, Courier(self.tools.outbound, choice.link, key, dialect).post)

    async def lost(self, attempt: Attempt, error: ProviderError, plan: Plan) -> Usage | None:
        """An attempt has failed: put it on record, let it go, learn from it, and mend the ask where that can help.

        Returns:
            What it used, as far as it is known.
        """
        used = self.note_lost(attempt, error)
        await self.mend(attempt, error, plan)
        return used

    def note_lost(self, attempt: Attempt, error: ProviderError) -> Usage | None:
        """As `lost`, but that nothing is mended."""
        hide_secrets(error, attempt.choice.link)
        used = self.trace.attempt_failed(error, attempt.unread)
        self.drop(attempt, _OUTCOMES.get(error.code, "failed"))
        had_no_time = self._had_no_time(attempt, error)
        self.course.failed(attempt.choice, error, ran_out=attempt.ran_out, hurried=had_no_time)
        return used

    async def mend(self, attempt: Attempt, error: ProviderError, plan: Plan) -> None:
        """Mend the ask where that can help after `attempt` failed so."""
        await self._mending().after(attempt, error, plan)

    def _had_no_time(self, attempt: Attempt, error: ProviderError) -> bool:
        if error.code != "provider_timeout" or error.provider_status is not None:
            return False
        known_s = self.tools.latencies.p95_s(attempt.choice.target.provider, attempt.pace_name)
        return hurried(attempt.patience, attempt.usual, known_s, begun=attempt.ran_out or attempt.first_s is not None)

    def _check_spending(self, limit_nano: int) -> None:
        """The money that failed attempts have cost ends a call like their number does."""
        if self.trace.spent_nano() >= limit_nano:
            raise self.course.final()

    async def _aside(self, ask: Ask) -> list[Event] | None:
        """Ask a question of our own, whose answer the client does not see; None when nobody answers it now."""
        step = self.course.choose()
        if isinstance(step, float):
            return None
        if step.waits:
            self.tools.health.released(step.admission)
            return None
        attempt = self.prepare(msgspec.structs.replace(step, prefix=None), Fresh(ask))
        if attempt is None:
            return None
        await self._paid(attempt)
        try:
            self.sent(attempt)
            held = await attempt.begin()
            self._is_well(attempt)
        except ProviderError as error:
            self.note_lost(attempt, error)
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
        self._mender = None  # it holds us: what both hold, an ask of many megabytes perhaps, is to go at once
        attempt = self.attempt
        if attempt is not None:
            if attempt.first_s is None:
                self.tools.health.released(attempt.choice.admission)
            self.drop(attempt, "none")

    def _usual_time(self, choice: Choice, ask: Ask) -> Patience:
        """How long this target may take for this ask when its caller has no deadline."""
        road, usual = choice.road, self._patience
        patience = road.patience.get(id(usual))
        if patience is None:
            patience = road.patience[id(usual)] = road.link.timeouts.over(usual)
        if not ask.stream:
            patience = for_whole(patience, road.link, self.tools.editors[ask.dialect].max_tokens(ask))
        return for_probe(patience) if choice.admission.probe else patience

    def _hurry(self, attempt: Attempt) -> None:
        """Cut the patience of an attempt to what is left of its call."""
        left_s, begin_left_s = self.course.times_left()
        if not fits(attempt.usual, left_s, begin_left_s):
            alone = self.course.alone(attempt.choice)
            attempt.patience = within(attempt.usual, left_s, begin_left_s, alone=alone)
            attempt.leaves_time = not alone

    async def _stand_in_line(self, choice: Choice, ask: Ask) -> Choice | None:
        """Wait for a place at a busy provider. Whoever has one asks to be admitted again: it may be down by then."""
        limiter = choice.road.standing.limiter
        self.tools.health.released(choice.admission)
        try:
            await limiter.enter(ask.org_id or "", self.course.times_left()[1])
        except ProviderError as error:
            self.course.crowded(choice, error)
            return None
        admitted = self.course.admit(choice.place)
        if admitted is None:
            limiter.leave("none", None)
        return admitted
