"""Whose turn it is when calls wait for room: those that somebody waits for go before those that nobody waits for.

A call waits only where waiting can help: for others to settle, for a call under way to end, for a rate to fill up. One
that somebody waits for does so up to `budgets.wait_s`. One of a feature in the background waits for the latter two up
to its own deadline; such calls stand in a line for each account, and only the first of a line asks again, so that a
thousand of them cost what one does. It stands back while others of this process wait for an account of its own.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from headworks.budgets.accounts.protocol import Claim, Shortage
from headworks.budgets.config import BudgetSettings
from headworks.budgets.holds.scopes import Counted
from headworks.core.clock import Clock

LOOK_AGAIN_S = 0.05
"""How often a call that waits for others asks again: they may settle in another process."""
LOOK_AT_RATE_S = 1.0
"""Longest time that the first of a line sleeps: what calls took too much of a rate is given back when they settle."""


class Turns:
    """Who waits in this process, for which accounts."""

    def __init__(self) -> None:
        self.hurried: Counter[str] = Counter()
        self.lines: dict[str, Line] = {}


class Line:
    """The calls in the background that wait for one account, first come first served."""

    __slots__ = ("lock", "members")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.members = 0


class Waiting(Protocol):
    """What a turn knows of the room."""

    settings: BudgetSettings
    clock: Clock
    turns: Turns

    async def freed(self, at_most_s: float) -> None:
        """Return when a call of this process has settled, or after so many seconds."""


class Turn:
    """The turn of one call, from its first attempt to reserve until it is granted or refused.

    Args:
        room: What it shares.
        counted: The limits of the call.
        unhurried_until_s: Until when it may wait for rates, monotonic clock; None when somebody waits for its answer.
    """

    __slots__ = ("_counted", "_hurries_for", "_line", "_line_name", "_rates_until_s", "_room", "_until_s")

    def __init__(self, room: Waiting, counted: Sequence[Counted], unhurried_until_s: float | None) -> None:
        self._room = room
        self._counted = counted
        self._rates_until_s = unhurried_until_s
        self._until_s: float | None = None
        self._hurries_for: tuple[str, ...] = ()
        self._line: Line | None = None
        self._line_name = ""

    async def come(self) -> None:
        """Stand back while others wait: only a call in the background does."""
        if self._rates_until_s is not None:
            turns = self._room.turns
            names = (one.account for one in self._counted)
            busy = next((name for name in names if name in turns.hurried or name in turns.lines), None)
            if busy is not None:
                await self._stand_in_line(busy, self._rates_until_s)

    def leave(self) -> None:
        """Granted, refused or given up: the next one may go."""
        turns = self._room.turns
        for name in self._hurries_for:
            turns.hurried[name] -= 1
            if not turns.hurried[name]:
                del turns.hurried[name]
        if self._line is not None:
            self._line.lock.release()
            self._left(self._line)

    async def waited(self, one: Counted, claim: Claim, shortage: Shortage) -> bool:
        """Wait a moment for what is short, and return True; False when waiting does not help, or no longer."""
        is_rate = not one.limit.is_budget
        if not shortage.for_now(claim) and shortage.free_in_s is None:
            return False
        if is_rate and self._rates_until_s is not None:
            return await self._waited_in_line(one.account, shortage, self._rates_until_s)
        now_s = self._room.clock.monotonic()
        if self._until_s is None:
            self._until_s = now_s + self._room.settings.wait_s
        if now_s + (shortage.free_in_s or 0.0) >= self._until_s:
            return False
        self._hurry_for(one.account)
        await self._pause(shortage)
        return True

    async def _waited_in_line(self, name: str, shortage: Shortage, until_s: float) -> bool:
        if self._room.clock.monotonic() + (shortage.free_in_s or 0.0) >= until_s:
            return False
        if self._line is None:
            return await self._stand_in_line(name, until_s)
        await self._pause(shortage)
        await self._let_others_go(until_s)
        return True

    async def _stand_in_line(self, name: str, until_s: float) -> bool:
        """Return when it is this call's turn; False when its time is up."""
        line = self._room.turns.lines.setdefault(name, Line())
        line.members += 1
        self._line_name = name
        try:
            async with asyncio.timeout(until_s - self._room.clock.monotonic()):
                await line.lock.acquire()
            self._line = line
        except TimeoutError:
            return False
        finally:
            if self._line is None:
                self._left(line)
        await self._let_others_go(until_s)
        return True

    async def _let_others_go(self, until_s: float) -> None:
        hurried = self._room.turns.hurried
        while any(one.account in hurried for one in self._counted) and self._room.clock.monotonic() < until_s:
            await self._room.freed(LOOK_AGAIN_S)

    async def _pause(self, shortage: Shortage) -> None:
        if shortage.free_in_s is None:
            await self._room.freed(LOOK_AGAIN_S)
        else:
            await asyncio.sleep(min(shortage.free_in_s, LOOK_AT_RATE_S))

    def _hurry_for(self, name: str) -> None:
        if self._rates_until_s is None and name not in self._hurries_for:
            self._hurries_for = (*self._hurries_for, name)
            self._room.turns.hurried[name] += 1

    def _left(self, line: Line) -> None:
        line.members -= 1
        if not line.members:
            del self._room.turns.lines[self._line_name]
