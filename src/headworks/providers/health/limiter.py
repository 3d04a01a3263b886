"""How many calls a provider is sent at once: a limit that finds itself, and a fair, short queue before it.

Additive increase, multiplicative decrease, as TCP does (Chiu and Jain, 1989): successes while the limit is in use raise
it; a share of 429s, or first bytes much later than usual, lower it. Who finds no room waits only if it is likely to be
worth it; else the call is refused at once, while its caller still has time to go elsewhere. Invariants: whoever enters
finds fewer inside than the limit; a permit has exactly one owner, also when a waiter is cancelled while it is handed
over; every waiter ends, by a permit, by its patience or by being cancelled.
"""

import asyncio
import math
from typing import Literal

from msgspec import Struct

from headworks.core.clock import Clock
from headworks.core.errors import ProviderError
from headworks.providers.health.turns import Turns

Outcome = Literal["ok", "limited", "failed", "none"]
_RING = 32
_SEEK = 16
"""The median is looked at once in so many first bytes: sorting costs more than all the rest."""
_FEWEST_SERVED = 4
"""Waits are not guessed from fewer calls than this,"""
_REMEMBERED_S = 10.0
"""nor from what was measured longer ago: else a slow hour would have callers turned away for ever."""
_LONGEST_WAIT_S = 3600.0
"""A timer needs an end, also for the patience of those who have no deadline."""
_LONGEST_ADVICE_S = 60.0
"""The SDKs do not wait longer before a retry."""


class LimiterSettings(Struct, frozen=True, kw_only=True):
    """The rules.

    Attributes:
        start: The limit at first.
        least: It never goes below, unless `most` is less.
        most: It never goes above.
        queue: How many may wait, as a multiple of the limit.
        limited_share: So large a share of 429 among the answers of `pause_s` is too much for the provider;
        limited_factor: what it makes of the limit,
        late_factor: and what late first bytes do;
        pause_s: either at most once in this time.
        late: First bytes are late when their median is this many times the usual,
        late_by_s: and at least so many seconds above it: what varies by less is not the provider's load.
        usual_up: How far, once in `pause_s`, the usual follows a median above it (a share of the way),
        usual_down: and one below it.
    """

    start: float = 256.0
    least: float = 4.0
    most: float = 4096.0
    queue: float = 2.0
    limited_share: float = 0.2
    limited_factor: float = 0.7
    late_factor: float = 0.9
    pause_s: float = 1.0
    late: float = 3.0
    late_by_s: float = 0.25
    usual_up: float = 0.02
    usual_down: float = 0.1


class Limiter:
    """The way in to one provider. For one event loop.

    Args:
        name: The provider's, for the sentence to the caller.
        clock: Monotonic time between two decreases and for the length of waits.
        settings: The rules.
    """

    def __init__(self, name: str, clock: Clock, settings: LimiterSettings | None = None) -> None:
        self._rules = settings or LimiterSettings()
        self._name = name
        self._tick = clock.monotonic
        self._most = max(1.0, self._rules.most)
        self._least = min(self._rules.least, self._most)
        self._limit = max(self._least, min(self._rules.start, self._most))
        self._room = int(self._limit)
        self._inside = 0
        self._turns: Turns[asyncio.Future[bool]] = Turns()
        self._queue = self._turns.groups
        self._lowered_at_s = -math.inf
        self._counted_from_s = -math.inf
        self._passed = 0
        self._turned_away = 0
        self._times = [0.0] * _RING
        self._noted = 0
        self._usual_s: float | None = None
        self._looked_at_s = -math.inf
        self._served_at_s = 0.0
        self._held_s = 0.0
        self._served = 0.0

    @property
    def limit(self) -> int:
        """How many may be inside."""
        return self._room

    @property
    def inside(self) -> int:
        """How many are inside: above the limit for a while after it was lowered."""
        return self._inside

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._turns)

    def try_enter(self) -> bool:
        """Enter if there is room; then `leave` must follow. While somebody waits there is none: he is let in first."""
        if self._inside >= self._room:
            return False
        self._inside += 1
        return True

    async def enter(self, group: str, patience_s: float) -> None:
        """Enter, waiting for room for at most `patience_s`; then `leave` must follow. `group`: whose turn it uses.

        Raises:
            ProviderError: `overloaded`: there is no room in time. Said at once when that is clear at once.
        """
        if self.try_enter():
            return
        wait_s = self._wait_s(group)
        if wait_s > patience_s or patience_s <= 0 or len(self._turns) >= self._rules.queue * self._room:
            raise self._overloaded(wait_s)
        if not self._queue:
            self._served_at_s = self._tick()
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        self._turns.add(group, waiter)
        timer = loop.call_later(min(patience_s, _LONGEST_WAIT_S), _expire, waiter)
        try:
            entered = await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.result():
                self.leave("none", None)  # let in and cancelled in the same moment
            raise
        finally:
            timer.cancel()
            self._turns.remove(group, waiter)
        if not entered:
            raise self._overloaded(self._wait_s(group))

    def leave(self, outcome: Outcome, first_byte_s: float | None) -> None:
        """The call is over. `first_byte_s`: seconds until the provider began to answer, None when it did not."""
        if first_byte_s is not None:
            noted = self._noted
            self._times[noted % _RING] = first_byte_s
            self._noted = noted = noted + 1
            if noted % _SEEK == 0:
                self._look()
        if outcome == "ok":
            self._passed += 1
            if self._inside + self._inside >= self._room:
                self._limit = min(self._most, self._limit + 1.0 / self._limit)
                self._room = int(self._limit)
        elif outcome == "limited":
            self._limited()
        self._inside -= 1
        if self._queue:
            self._note_served()
            self._let_in()

    def _limited(self) -> None:
        """A 429. One among many good answers is the provider's mood: only a share of them says that it is too much."""
        now = self._tick()
        if now - self._counted_from_s >= self._rules.pause_s:
            self._counted_from_s, self._passed, self._turned_away = now, 0, 0
        self._turned_away += 1
        answered = self._turned_away + self._passed
        if self._turned_away > 1 and self._turned_away >= self._rules.limited_share * answered:
            self._lower(self._rules.limited_factor)

    def _let_in(self) -> None:
        while self._queue and self._inside < self._room:
            waiter = self._turns.next()
            if not waiter.done():  # it may be cancelled and not have woken up yet
                waiter.set_result(True)
                self._inside += 1

    def _lower(self, factor: float) -> None:
        now = self._tick()
        if now - self._lowered_at_s >= self._rules.pause_s:
            self._lowered_at_s = now
            self._limit = max(self._least, self._limit * factor)
            self._room = int(self._limit)

    def _look(self) -> None:
        """Compare the median first byte with the usual one, which follows it slowly: models and prompts do change."""
        now = self._tick()
        if self._noted < _RING or now - self._looked_at_s < self._rules.pause_s:
            return
        self._looked_at_s = now
        times = sorted(self._times)
        median = (times[_RING // 2 - 1] + times[_RING // 2]) / 2
        if self._usual_s is None:
            self._usual_s = median
        late = median > self._rules.late * self._usual_s and median - self._usual_s >= self._rules.late_by_s
        if late and self._inside + self._inside > self._room:
            self._lower(self._rules.late_factor)
        follow = self._rules.usual_up if median > self._usual_s else self._rules.usual_down
        self._usual_s += (median - self._usual_s) * follow

    def _note_served(self) -> None:
        """A place became free while somebody waited: keeps the mean time a place is held, over about two fillings.

        Only then: while nobody waits, places become free more slowly than they could.
        """
        now = self._tick()
        kept = 1.0 - 1.0 / (2 * self._room)
        self._held_s = self._held_s * kept + (now - self._served_at_s) * self._room
        self._served = self._served * kept + 1.0
        self._served_at_s = now

    def _wait_s(self, group: str) -> float:
        """How long one of `group` who comes now will probably wait; 0 while nothing is known."""
        if not self._queue and self._tick() - self._served_at_s > _REMEMBERED_S:
            self._held_s = self._served = 0.0
        if self._served < _FEWEST_SERVED:
            return 0.0
        return self._held_s / self._served / self._room * (self._turns.ahead(group) + 1)

    def _overloaded(self, wait_s: float) -> ProviderError:
        advice = min(_LONGEST_ADVICE_S, max(1.0, math.ceil(wait_s)))
        return ProviderError(
            f"Provider `{self._name}` has as many calls as it can take now ({self._inside}), and {len(self._turns)} "
            f"wait before it. Try again in {advice:.0f} s.",
            code="overloaded",
            status=503,
            retryable=True,
            retry_after_s=advice,
        )


def _expire(waiter: asyncio.Future[bool]) -> None:
    if not waiter.done():
        waiter.set_result(False)
