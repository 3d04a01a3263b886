"""What was tried for one call, and whom to ask next. Decides, and does nothing: no I/O, no waiting.

Rules, in the order in which they count: the call's deadline and its number of provider calls; a provider that was
silent is not asked again within the call; a model is asked again `policy.retries` times after a failure that may pass,
after a back-off; a key that is refused or used up gives way to the provider's next key, then to the next model; a model
whose breaker is open is passed over. When nobody can be asked now, the one that is free first is waited for, if that is
soon. No wait goes beyond the time that is left.

A conversation keeps to one key of a provider, whose account holds the beginning of its prompts; keys go by turns
otherwise. One that another target holds begins there, while that is cheaper.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from headworks.core.errors import BadAskError, HeadworksError, ProviderError
from headworks.core.messages import Ask, Route
from headworks.core.policy import Patience
from headworks.providers.health import Lane
from headworks.providers.pursuit.affinity import in_order
from headworks.providers.pursuit.backoff import backoff_s, spread_s
from headworks.providers.pursuit.tools import Choice, Road, Tools

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
        "_prefix",
        "_route",
        "_silent",
        "_tools",
        "_waits_since_s",
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
        known = tools.prefixes
        self._prefix = known.of(ask, route) if known is not None and route.caching.prefix else None
        self._place = 0 if self._prefix is None else self._prefix.begin_at(route)
        self._failures = _NO_FAILURES
        self._not_before_s = _NO_PAUSES
        self._out = _NOT_OUT
        self._silent = _NOT_SILENT
        self._error: HeadworksError | None = None
        self._waits_since_s: float | None = None

    def left_s(self) -> float:
        """Seconds until the deadline."""
        return self.deadline_s - self._tools.clock.monotonic()

    def times_left(self) -> tuple[float, float]:
        """Seconds until the deadline, and until the answer must have begun."""
        now_s = self._tools.clock.monotonic()
        return self.deadline_s - now_s, self._begins_by_s() - now_s

    def alone(self, choice: Choice) -> bool:
        """Whether there is nobody else to turn to when this provider is silent: its other models are no help then."""
        provider, targets = choice.target.provider, self._route.targets
        return not any(target.provider != provider and self._open(place) for place, target in enumerate(targets))

    def begun(self, choice: Choice) -> None:
        """The answer has begun: a stream's client now waits for its end only. The same model is asked for a rest."""
        self._begin_by_s = None
        self._place = choice.place

    def choose(self) -> Choice | float:
        """Whom to call now, or how many seconds to wait before asking again.

        Raises:
            HeadworksError: There is nothing left to try; the error that tells the caller most.
        """
        now_s = self._tools.clock.monotonic()
        self._check_bounds(now_s)
        if not self.calls and not self._out:  # nearly every call: the first model, and all is well
            choice = self.admit(self._place)
            if choice is not None:
                if choice.road.standing.limiter.try_enter():
                    return choice
                self._tools.health.released(choice.admission)
        return self._seek(now_s)

    def admit(self, place: int) -> Choice | None:
        """Whom to call there, by the keys in turn; None when all of them rest."""
        target = self._route.targets[place]
        road = self._tools.road(target)
        lanes, admit = road.lanes, self._tools.health.admit
        if len(lanes) == 1:
            admission = admit(lanes[0])
            return None if admission is None else Choice(place, target, road, admission, prefix=self._prefix)
        for lane in self._in_turn(road):
            admission = admit(lane)
            if admission is not None:
                return Choice(place, target, road, admission, prefix=self._prefix)
        return None

    def _in_turn(self, road: Road) -> Sequence[Lane]:
        """The keys in the order in which they are tried: by turns, or as the conversation has it."""
        lanes, prefix = road.lanes, self._prefix
        if prefix is None:
            first = next(road.turns)
            return lanes[first:] + lanes[:first]
        return in_order(lanes, prefix.affinity)

    def beside(self, choice: Choice) -> Choice | None:
        """Another model that is free now, to start beside a call that is slow to begin; None when there is none."""
        if self.calls >= self._route.policy.calls:
            return None
        for place in range(len(self._route.targets)):
            other = self.admit(place) if place != choice.place and self._open(place) else None
            if other is None:
                continue
            if other.road.standing.limiter.try_enter():
                return other
            self._tools.health.released(other.admission)
        return None

    def failed(self, choice: Choice, error: ProviderError, *, ran_out: bool = False, hurried: bool = False) -> None:
        """An attempt failed so: note it on the provider's health, and what that leaves to try.

        Args:
            choice: Whom it asked.
            error: Why it failed.
            ran_out: True when it was at work, but not done within its total time: that is no silence.
            hurried: True when this call gave it less time than it may need: that says nothing about the provider.
        """
        health, admission, place = self._tools.health, choice.admission, choice.place
        self._waits_since_s = None
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
            if hurried:
                health.released(admission)
            else:
                health.failed(admission)
            if error.code == "provider_timeout" and error.provider_status is None and not ran_out:
                self._silent |= {choice.target.provider}
            else:
                told_s = error.retry_after_s or 0.0
                self._pause(place, max(told_s, self._pause_s(place)))
                self._again(place, error)
                if ran_out or told_s:  # slow, or asks to be left alone for a while: whoever is not goes first
                    self._place = next(
                        (other for other in self._order() if other != place and self._open(other)), place
                    )

    def cannot(self, choice: Choice, error: BadAskError) -> None:
        """The target cannot be put this ask. That refuses a first choice; a fallback is passed over."""
        self._out |= {choice.place}
        if choice.place == 0 and self._error is None:
            self.fatal = error

    def crowded(self, choice: Choice, error: ProviderError) -> None:
        """The provider has more calls than it can take, and a queue that is too long: somebody else, if there is."""
        self._out |= {choice.place}
        self._error = self._error or error

    def move(self, places: set[int]) -> bool:
        """Ask none but these from here on, since what ended the call for one does not end it for them.

        Returns:
            False when none of them may be asked; then nothing is changed.
        """
        if not any(self._open(place) for place in places):
            return False
        self.fatal = None
        self._out |= set(range(len(self._route.targets))) - places
        return True

    def allow(self, place: int) -> None:
        """Something about the ask was mended: this target may be asked again at once, unless its provider is silent."""
        self._out -= {place}
        self._pause(place, 0.0)
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
            # We have tried again already: an SDK that does so at once would only add to the provider's load. Nor does
            # one wait for longer than it heeds: then it asks at once.
            again = self.calls < 2 and error.code != "provider_timeout"
            told_s = error.retry_after_s
            error.retryable = again if told_s is None else told_s <= MOST_RETRY_AFTER_S
        return error

    def _seek(self, now_s: float) -> Choice | float:
        """The first model that is free, in order; else a queue to stand in, or a time to wait."""
        busy: int | None = None
        for place in self._order():
            if not self._open(place):
                continue
            pause_s = self._not_before_s.get(place, 0.0) - now_s
            if pause_s > 0:
                if busy is None and self._is_worth(place, pause_s, now_s):
                    return pause_s
                continue
            choice = self.admit(place)
            if choice is None:
                continue
            if choice.road.standing.limiter.try_enter():
                return choice
            self._tools.health.released(choice.admission)
            busy = place if busy is None else busy
        return self._queue(busy) or self._settle(now_s)

    def _queue(self, place: int | None) -> Choice | None:
        """A place in the queue of a provider that has no room now."""
        choice = None if place is None else self.admit(place)
        return None if choice is None else msgspec.structs.replace(choice, waits=True)

    def _order(self) -> list[int]:
        places = range(len(self._route.targets))
        return [self._place, *(place for place in places if place != self._place)]

    def _open(self, place: int) -> bool:
        return place not in self._out and self._route.targets[place].provider not in self._silent

    def _check_bounds(self, now_s: float) -> None:
        if self.fatal is not None:
            raise self.fatal
        if now_s >= self._begins_by_s():
            raise self.late() from self._error
        if self.calls >= self._route.policy.calls:
            raise self.final()

    def _begins_by_s(self) -> float:
        return self.deadline_s if self._begin_by_s is None else min(self.deadline_s, self._begin_by_s)

    def late(self) -> ProviderError:
        """The error of a call whose time is over."""
        why = f" Last failure: {self._error.message}" if self._error is not None else ""
        return ProviderError(
            f"The call did not end within its deadline.{why}", code="deadline_exceeded", status=504, retryable=False
        )

    def _free_in_s(self, place: int) -> float:
        lanes = self._tools.road(self._route.targets[place]).lanes
        return min(self._tools.health.free_in_s(lane) for lane in lanes)

    def _is_worth(self, place: int, pause_s: float, now_s: float) -> bool:
        """Whether to wait out a back-off: it is no long one, time is left, and the model is free then."""
        in_time = pause_s <= MOST_WAIT_S and now_s + pause_s < self._begins_by_s()
        return in_time and self._free_in_s(place) <= pause_s

    def _settle(self, now_s: float) -> float:
        """Nobody is free at once: wait for the first who will be, or give up. Waits in a row count together."""
        waits = [
            max(self._free_in_s(place), self._not_before_s.get(place, 0.0) - now_s)
            for place in self._order()
            if self._open(place)
        ]
        soonest_s, left_s = min(waits, default=math.inf), self._begins_by_s() - now_s
        since_s = now_s if self._waits_since_s is None else self._waits_since_s
        if soonest_s < left_s and now_s + soonest_s - since_s <= MOST_WAIT_S:
            self._waits_since_s = since_s
            return min(spread_s(self._tools.rng, soonest_s), (soonest_s + left_s) / 2)
        raise self.final(self._rest_s())

    def _rest_s(self) -> float | None:
        """How long all who may be asked rest; None when somebody does not. A back-off of our own is no rest."""
        rests = [self._free_in_s(place) for place in self._order() if self._open(place)]
        return min(rests, default=None) or None

    def _again(self, place: int, error: ProviderError) -> None:
        """Count a failure that may pass; too many, or a provider that is better left alone, end with this target."""
        failures = self._failures.get(place, 0) + 1
        self._failures = {**self._failures, place: failures}
        provider = self._route.targets[place].provider
        if failures > self._route.policy.retries or not self._tools.standings[provider].throttle.spend():
            self._out |= {place}
        elif error.code == "rate_limit_exceeded":
            self._place = place

    def _pause(self, place: int, seconds: float) -> None:
        self._not_before_s = {**self._not_before_s, place: self._tools.clock.monotonic() + seconds}

    def _pause_s(self, place: int) -> float:
        return backoff_s(self._tools.rng, self._failures.get(place, 0) + 1)

    def _leave_if_no_key(self, place: int) -> None:
        """A target whose keys are all dead is not waited for; one that has another, which rests for a moment, is."""
        if self._free_in_s(place) > MOST_WAIT_S:
            self._out |= {place}

    def _unmendable(self, place: int, error: ProviderError) -> None:
        """A failure that the same ask will meet again. The caller's own mistake ends the call; another may pass.

        What a fallback takes for a mistake may be a peculiarity of its own. But a refusal by a content filter, whoever
        it is that refuses, is reported where the feature does not want anybody else to be asked.
        """
        self._out |= {place}
        if error.code == "content_policy_violation":
            ends = not self._route.policy.filtered_elsewhere
        else:
            ends = place == 0 and error.status in (400, 404, 413, 422) and error.provider_status is not None
        if ends:
            self.fatal = error
