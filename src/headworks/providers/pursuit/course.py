"""What was tried for one call, and whom to ask next. Decides, and does nothing: no I/O, no waiting.

Rules, in the order in which they count: the call's deadline and its number of provider calls; a provider that was
silent is not asked again within the call; a model is asked again `policy.retries` times after a failure that may pass,
after a back-off; a key that is refused or used up gives way to the provider's next key, then to the next model; a model
whose breaker is open is passed over. When nobody can be asked now, the one that is free first is waited for, if that is
soon.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType

from headworks.core.errors import BadAskError, HeadworksError, ProviderError
from headworks.core.messages import Ask, Route
from headworks.core.policy import Patience
from headworks.providers.pursuit.backoff import backoff_s, spread_s
from headworks.providers.pursuit.tools import Choice, Tools

MOST_WAIT_S = 10.0
"""How long a call without any free model waits for one. Longer, and it is told when to come again."""
MOST_RETRY_AFTER_S = 60.0
"""SDKs heed up to this much."""


# What a call that goes well shares with all others; a failure puts one of its own in the place.
_NO_FAILURES: Mapping[int, int] = MappingProxyType({})
_NO_PAUSES: Mapping[int, float] = MappingProxyType({})
_NOT_OUT: frozenset[int] = frozenset()
_NOT_SILENT: frozenset[str] = frozenset()


class Course:
    """The course of one call.

    Args:
        tools: What calls share.
        ask: The call.
        route: Its targets, in order, and its policy.
        patience: The usual patience of its feature.

    Attributes:
        calls: Provider calls made so far.
        deadline_s: When the call must be over, monotonic clock.
        fatal: An error after which nothing more is tried.
    """

    __slots__ = (
        "_begin_by_s",
        "_error",
        "_failures",
        "_not_before_s",
        "_out",
        "_place",
        "_route",
        "_silent",
        "_tools",
        "calls",
        "deadline_s",
        "fatal",
    )

    def __init__(self, tools: Tools, ask: Ask, route: Route, patience: Patience) -> None:
        self.calls = 0
        if ask.deadline_s is None:
            self.deadline_s = tools.clock.monotonic() + patience.deadline_s
        else:
            self.deadline_s = ask.deadline_s
        self.fatal: HeadworksError | None = None
        self._begin_by_s = ask.begin_by_s if ask.stream else None
        self._tools = tools
        self._route = route
        self._place = 0
        self._failures = _NO_FAILURES
        self._not_before_s = _NO_PAUSES
        self._out = _NOT_OUT
        self._silent = _NOT_SILENT
        self._error: HeadworksError | None = None

    def left_s(self) -> float:
        """Seconds until the deadline."""
        return self.deadline_s - self._tools.clock.monotonic()

    def alone(self, choice: Choice) -> bool:
        """Whether there is no other model to turn to when this one does not begin in time."""
        places = range(len(self._route.targets))
        return all(place == choice.place or not self._open(place) for place in places)

    def begun(self) -> None:
        """The answer has begun: from here on a stream's client waits for its end only."""
        self._begin_by_s = None

    def choose(self) -> Choice | float:
        """Whom to call now, or how many seconds to wait before asking again.

        Raises:
            HeadworksError: There is nothing left to try; the error that tells the caller most.
        """
        now_s = self._tools.clock.monotonic()
        self._check_bounds(now_s)
        if not self.calls:  # nearly every call: the first model, and all is well
            choice = self._admit(0)
            if choice is not None:
                if choice.road.standing.limiter.try_enter():
                    return choice
                self._tools.health.released(choice.admission)
        busy: Choice | None = None
        for place in self._order():
            if not self._open(place):
                continue
            pause_s = self._not_before_s.get(place, 0.0) - now_s
            if pause_s > 0 and self._free_in_s(place) <= pause_s:
                return pause_s
            choice = self._admit(place) if pause_s <= 0 else None
            if choice is None:
                continue
            if choice.road.standing.limiter.try_enter():
                return choice
            if busy is None:
                busy = Choice(choice.place, choice.target, choice.road, choice.admission, waits=True)
            else:
                self._tools.health.released(choice.admission)
        return self._settle(now_s, busy)

    def admitted(self, place: int) -> Choice | None:
        """Leave to call this target now, for one who has waited for a place at its provider; None when it is down."""
        return self._admit(place)

    def beside(self, choice: Choice) -> Choice | None:
        """Another model that is free now, to start beside a call that is slow to begin; None when there is none."""
        if self.calls >= self._route.policy.calls:
            return None
        for place in range(len(self._route.targets)):
            other = self._admit(place) if place != choice.place and self._open(place) else None
            if other is None:
                continue
            if other.road.standing.limiter.try_enter():
                return other
            self._tools.health.released(other.admission)
        return None

    def failed(self, choice: Choice, error: ProviderError, *, ran_out: bool = False) -> None:
        """An attempt failed so: note it on the provider's health, and what that leaves to try.

        Args:
            choice: Whom it asked.
            error: Why it failed.
            ran_out: True when it was at work, but not done within its total time: that is no silence.
        """
        health, admission, place = self._tools.health, choice.admission, choice.place
        if self._error is None or error.retryable:
            self._error = error
        if error.account:
            health.denied(admission, whole_key=error.provider_status != 403)
            self._leave_if_no_key(place)
        elif error.code == "rate_limit_exceeded":
            health.limited(admission, error.retry_after_s)
            self._again(place, error)
        elif not error.retryable:
            health.released(admission)
            self._unmendable(place, error)
        else:
            health.failed(admission)
            if error.code == "provider_timeout" and not ran_out:
                self._silent |= {choice.target.provider}
            else:
                self._not_before_s = {**self._not_before_s, place: self._tools.clock.monotonic() + self._pause_s(place)}
                self._again(place, error)

    def cannot(self, choice: Choice, error: BadAskError) -> None:
        """The target cannot be put this ask. That refuses a first choice; a fallback is passed over."""
        self._tools.health.released(choice.admission)
        choice.road.standing.limiter.leave("none", None)
        self._out |= {choice.place}
        if choice.place == 0 and self._error is None:
            self.fatal = error

    def crowded(self, choice: Choice, error: ProviderError) -> None:
        """The provider has more calls than it can take, and a queue that is too long: somebody else, if there is."""
        self._out |= {choice.place}
        self._error = self._error or error

    def rule_out(self, place: int) -> None:
        """Do not ask this target again."""
        self._out |= {place}

    def pardon(self) -> bool:
        """What ended the call for one model does not end it for the others; whether there are others."""
        self.fatal = None
        return any(self._open(place) for place in range(len(self._route.targets)))

    def allow(self, place: int) -> None:
        """Something about the ask was mended: this target may be asked again at once."""
        self._out -= {place}
        self._silent -= {self._route.targets[place].provider}
        self._not_before_s = {**self._not_before_s, place: 0.0}
        self._place = place
        self.fatal = None

    def final(self, wait_s: float | None = None) -> HeadworksError:
        """The error that ends the call: what went wrong, and whether trying again can help."""
        error = self.fatal or self._error
        if error is None:
            return ProviderError(
                "No model of this route can be called now: each failed of late, or its keys are used up.",
                code="overloaded",
                status=503,
                retry_after_s=min(MOST_RETRY_AFTER_S, wait_s or 1.0),
            )
        if isinstance(error, ProviderError) and error.retryable:
            if error.retry_after_s is None and wait_s is not None and wait_s <= MOST_RETRY_AFTER_S:
                error.retry_after_s = wait_s
            # We have tried again already: an SDK that does so at once would only add to the provider's load.
            again = self.calls < 2 and error.code != "provider_timeout"
            error.retryable = again or error.retry_after_s is not None
        return error

    def _order(self) -> list[int]:
        places = range(len(self._route.targets))
        return [self._place, *(place for place in places if place != self._place)]

    def _open(self, place: int) -> bool:
        return place not in self._out and self._route.targets[place].provider not in self._silent

    def _check_bounds(self, now_s: float) -> None:
        if self.fatal is not None:
            raise self.fatal
        by_s = self.deadline_s if self._begin_by_s is None else min(self.deadline_s, self._begin_by_s)
        if now_s >= by_s:
            raise self.late() from self._error
        if self.calls >= self._route.policy.calls:
            raise self.final()

    def late(self) -> ProviderError:
        """The error of a call whose time is over."""
        why = f" Last failure: {self._error.message}" if self._error is not None else ""
        return ProviderError(
            f"The call did not end within its deadline.{why}", code="deadline_exceeded", status=504, retryable=False
        )

    def _admit(self, place: int) -> Choice | None:
        target = self._route.targets[place]
        road = self._tools.road(target)
        lanes, admit = road.lanes, self._tools.health.admit
        if len(lanes) == 1:
            admission = admit(lanes[0])
            return None if admission is None else Choice(place, target, road, admission)
        first = next(road.turns)
        for step in range(len(lanes)):
            admission = admit(lanes[(first + step) % len(lanes)])
            if admission is not None:
                return Choice(place, target, road, admission)
        return None

    def _free_in_s(self, place: int) -> float:
        lanes = self._tools.road(self._route.targets[place]).lanes
        return min(self._tools.health.free_in_s(lane) for lane in lanes)

    def _settle(self, now_s: float, busy: Choice | None) -> Choice | float:
        """Nobody is free at once: stand in a queue, or wait for the first who will be, or give up."""
        if busy is not None:
            return busy
        waits = [
            max(self._free_in_s(place), self._not_before_s.get(place, 0.0) - now_s)
            for place in self._order()
            if self._open(place)
        ]
        soonest_s = min(waits, default=math.inf)
        if soonest_s <= min(MOST_WAIT_S, self.left_s()):
            return spread_s(self._tools.rng, soonest_s)
        raise self.final(soonest_s if math.isfinite(soonest_s) else None)

    def _again(self, place: int, error: ProviderError) -> None:
        """Count a failure that may pass; too many, or a provider that is better left alone, end with this target."""
        failures = self._failures.get(place, 0) + 1
        self._failures = {**self._failures, place: failures}
        provider = self._route.targets[place].provider
        if failures > self._route.policy.retries or not self._tools.standings[provider].throttle.spend():
            self._out |= {place}
        elif error.code == "rate_limit_exceeded":
            self._place = place

    def _pause_s(self, place: int) -> float:
        return backoff_s(self._tools.rng, self._failures.get(place, 0) + 1)

    def _leave_if_no_key(self, place: int) -> None:
        if self._free_in_s(place) > 0:
            self._out |= {place}

    def _unmendable(self, place: int, error: ProviderError) -> None:
        """A failure that the same ask will meet again. The caller's own mistake ends the call; another may pass."""
        self._out |= {place}
        own = error.status in (400, 404, 413, 422) and error.provider_status is not None
        elsewhere = error.code == "content_policy_violation" and self._route.policy.filtered_elsewhere
        if place == 0 and own and not elsewhere:
            self.fatal = error
