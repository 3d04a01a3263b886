"""Is the promise kept: measures how many served answers are wrong, and stops serving when too many are.

A share of the answers served is checked in the shadow. That share is drawn by chance, so the wrong ones among them say
how many are wrong among all, with an interval that may be looked at at any time (`interval.py`). Times the share of
calls that are served, that is the error over all calls.

    learning --(enough checked)--> open <--(upper bound over or under max_error)--> limited
    each of them --(lower bound over max_error, or as many users say so)--> stopped
    stopped --(upper bound of what would have been served, checked afresh, under max_error)--> learning

* learning: too little is checked for a bound to say anything. More is checked than later, and what is certainly wrong
  stops all the same.
* limited: the error may be over `max_error`, and is not known to be. Less is served, so that the bound comes back.
* stopped: it is known to be over. Nothing is served. Each answer that would have been is checked instead, so that the
  way back takes as few calls as possible.

The upper bound alone does not stop a cache unless `strict`: a cache that makes use of all of `max_error` has an upper
bound over it for ever.
"""

import math
from typing import Literal

from msgspec import Struct

from headworks.cache.decision.interval import interval

State = Literal["learning", "open", "limited", "stopped"]

ENOUGH = 20.0
"""A bound counts once this many wrong answers would have been seen at an error of `max_error`."""

LONG = 4_000
"""Checks after which counting starts afresh: what was true long ago is not held against today."""

_LEAST_SHARE = 0.25
_BOOST, _BOOSTED = 5.0, 0.25
_COMPLAINTS = 5


class Measured(Struct, frozen=True, kw_only=True):
    """What the meter shows.

    Attributes:
        state: What is done about it.
        calls: Counted since counting last started afresh, as are the next four.
        hits: Answers served; while stopped, answers that would have been.
        checked: Of these, compared with the model's own answer.
        wrong: Of the checked, not the same.
        told: Answers that users said were wrong.
        rate: (lower, estimate, upper) of the share of hits that are wrong; the estimate is 0 when none was checked.
        error: The same of all calls: the share of calls that got a wrong answer.
    """

    state: State
    calls: int
    hits: int
    checked: int
    wrong: int
    told: int
    rate: tuple[float, float, float]
    error: tuple[float, float, float]


class ShadowMeter(Struct):
    """Of one feature, or of one partition. Encodes as it is, to be kept across restarts.

    Attributes:
        max_error: Share of all calls that may get a wrong answer.
        strict: Stop as soon as the upper bound exceeds `max_error`, once enough is checked.
        state: What is done about what was measured.
        calls: As in `Measured`, also the next four.
        hits: See `Measured`.
        checked: See `Measured`.
        wrong: See `Measured`.
        told: See `Measured`.
        stops: How often it stopped.
        share: How much of `max_error` may be used, 1 unless limited.
    """

    max_error: float
    strict: bool = False
    state: State = "learning"
    calls: int = 0
    hits: int = 0
    checked: int = 0
    wrong: int = 0
    told: int = 0
    stops: int = 0
    share: float = 1.0

    @property
    def serving(self) -> bool:
        """Whether an answer may be served."""
        return self.state != "stopped"

    def called(self) -> None:
        """One more call, whoever answers it."""
        self.calls += 1

    def hit(self) -> None:
        """An answer is served or, when stopped, would have been."""
        self.hits += 1

    def shadow(self, base: float) -> float:
        """Share of hits to check when `base` is wanted: more while learning, all when stopped."""
        if self.state == "stopped":
            return 1.0
        return max(base, min(base * _BOOST, _BOOSTED)) if self.state == "learning" else base

    def observe(self, *, right: bool) -> None:
        """A hit was checked."""
        self.checked += 1
        self.wrong += not right
        self._judge()

    def thumbs_down(self) -> None:
        """A user says that an answer served was wrong. Nobody says so of a right one, so it is no check."""
        self.told += 1
        self._judge()

    def measured(self) -> Measured:
        """All figures."""
        low, high = interval(self.wrong, self.checked)
        rate = (low, self.wrong / max(self.checked, 1), high)
        served = self._served()
        return Measured(
            state=self.state,
            calls=self.calls,
            hits=self.hits,
            checked=self.checked,
            wrong=self.wrong,
            told=self.told,
            rate=rate,
            error=(served * rate[0], served * rate[1], served * rate[2]),
        )

    def _served(self) -> float:
        return self.hits / max(self.calls, self.hits, 1)

    def _judge(self) -> None:
        low, high = interval(self.wrong, self.checked)
        served, most = self._served(), self.max_error
        if self.state == "stopped":
            if high * served <= most:
                self._afresh("learning")
            return
        enough = self.checked > 0 and self.checked * most >= ENOUGH * served
        over = high * served > most
        if low * served > most or self._complained() or (self.strict and enough and over):
            self.stops += 1
            self._afresh("stopped")
            return
        if not enough:
            return
        self.state = "limited" if over else "open"
        self.share = max(_LEAST_SHARE, most / (high * served)) if over else 1.0
        if self.checked >= LONG:
            self._afresh(self.state)

    def _complained(self) -> bool:
        """More users complained than answers may be wrong, by a margin that is no accident."""
        allowed = self.max_error * self.calls
        return self.told >= _COMPLAINTS + allowed + 2 * math.sqrt(allowed)

    def _afresh(self, state: State) -> None:
        self.state = state
        self.calls = self.hits = self.checked = self.wrong = self.told = 0
        if state != "limited":
            self.share = 1.0
