"""Two keepers of accounts that can be killed in the middle: the product's tables in memory, and its own on a file.

`InMemory` runs `budgets.accounts.statements`, the statements that the product runs, on a database without a file; what
is left out is the file, its lock and the presence of workers, for which it has a lease. Work is done in the order in
which it is asked for, a random moment later, and its outcome is heard a random moment after that. `OnFile` is the
product's `SqliteAccounts`, unchanged, but that it can be killed.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import apsw

from headworks.budgets.accounts.protocol import Balance, Claim, Settlement, Shortage
from headworks.budgets.accounts.sqlite import SqliteAccounts
from headworks.budgets.accounts.statements import Book
from headworks.budgets.accounts.tables import ROOM, STEPS
from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.storage.sqlite import migrate

LEASE_S = 10.0
_Work = Callable[[Book, float], Any]


class Tables:
    """The database in memory that the workers of one schedule share.

    Args:
        clock: Source of time.
        random: Decides how long things take.
        slowest_s: What is asked for is done within this time, and heard of within as much again.

    Attributes:
        away: While True the accounts cannot be reached.
        gone: Workers that were killed, and when.
    """

    def __init__(self, clock: Clock, random: Random, slowest_s: float) -> None:
        self.clock = clock
        self.random = random
        self.slowest_s = slowest_s
        self.away = False
        self.gone: dict[str, float] = {}
        self.db = _database()


def beyond(claims: Sequence[Claim], settlement: Settlement) -> int:
    """How many accounts a call settles at more than it had reserved there: each might overdraw them."""
    return sum(claim.kind == "sum" and settlement.amounts.get(claim.account, 0) > claim.amount for claim in claims)


_EMPTIED = ("accounts", "holds", "settlements")
_kept: list[apsw.Connection] = []


def _database() -> apsw.Connection:
    """The database of this process, empty. Schedules are run one after another."""
    if not _kept:
        db = apsw.Connection(":memory:")
        migrate(db, ROOM, STEPS)
        _kept.append(db)
    for table in _EMPTIED:
        _kept[0].execute(f"DELETE FROM {table}")
    return _kept[0]


class InMemory:
    """Satisfies `accounts.protocol.Accounts`.

    Args:
        tables: What it shares with other workers.
        name: Of this worker.

    Attributes:
        settled_first: Holds that it ended, in this order; one that was ended before is not among them.
        beyond: How often an account was debited with more than was reserved there.
    """

    def __init__(self, tables: Tables, name: str) -> None:
        self.settled_first: list[str] = []
        self.beyond = 0
        self._tables = tables
        self._name = name
        self._book = Book(tables.db, name)
        self._waiting: list[tuple[_Work, asyncio.Future[Any]]] = []
        self._killed = False

    def kill(self) -> None:
        """As `kill -9`: nothing is settled, nothing more is done, and nobody hears of it."""
        self._killed = True
        self._tables.gone[self._name] = self._tables.clock.monotonic()
        for _, outcome in self._waiting:
            outcome.cancel()
        self._waiting = []

    async def reserve(self, hold: str, claims: Sequence[Claim]) -> Shortage | None:
        """As the protocol says."""
        shortage: Shortage | None = await self._done(lambda book, now: book.reserve(hold, claims, now))
        return shortage

    async def settle(self, hold: str, claims: Sequence[Claim], settlement: Settlement) -> bool:
        """As the protocol says."""
        self.beyond += beyond(claims, settlement)

        def work(book: Book, now: float) -> bool:
            first = book.settle(hold, claims, settlement, now)
            if first:
                self.settled_first.append(hold)
            return first

        first: bool = await self._done(work)
        return first

    async def balances(self, accounts: Sequence[str]) -> list[Balance]:
        """As the protocol says."""
        found: list[Balance] = await self._done(lambda book, _: [book.balance(name) for name in accounts])
        return found

    async def listed(self, limit: int) -> list[tuple[str, Balance]]:
        """As the protocol says."""
        found: list[tuple[str, Balance]] = await self._done(lambda book, _: book.listed(limit))
        return found

    async def sweep(self) -> int:
        """End the holds of workers whose lease has ended."""
        now_s = self._tables.clock.monotonic()
        ended = [name for name, at_s in self._tables.gone.items() if now_s - at_s >= LEASE_S]
        released: int = await self._done(lambda book, _: sum(book.release(name) for name in ended))
        return released

    async def start(self) -> None:
        """As the protocol says."""
        await self.sweep()

    async def stop(self) -> None:
        """As the protocol says."""

    def _done(self, work: _Work) -> "asyncio.Future[Any]":
        outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._killed:
            outcome.cancel()
            return outcome
        self._waiting.append((work, outcome))
        if len(self._waiting) == 1:
            self._in_a_moment(self._flush)
        return outcome

    def _in_a_moment(self, what: Callable[[], None]) -> None:
        tables, loop = self._tables, asyncio.get_running_loop()
        if tables.slowest_s and tables.random.random() < 0.5:
            loop.call_later(tables.random.random() * tables.slowest_s, what)
        else:
            loop.call_soon(what)

    def _flush(self) -> None:
        if self._killed:
            return
        waiting, self._waiting = self._waiting, []
        if self._tables.away:
            outcomes: list[Any] = [StoreError("The accounts are away.")] * len(waiting)
        else:
            self._book.begin()
            outcomes = [work(self._book, self._tables.clock.now()) for work, _ in waiting]
            self._book.commit()
        futures = [outcome for _, outcome in waiting]
        self._in_a_moment(lambda: self._heard(futures, outcomes))

    def _heard(self, futures: list["asyncio.Future[Any]"], outcomes: list[Any]) -> None:
        for future, outcome in zip(futures, outcomes, strict=True):
            if future.done():
                continue
            if self._killed:
                future.cancel()
            elif isinstance(outcome, StoreError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)


class OnFile(SqliteAccounts):
    """`SqliteAccounts` that can be killed, and remembers what it settled first."""

    _killed = False
    beyond = 0

    def kill(self) -> None:
        """As `kill -9`: the kernel closes what is open."""
        self._killed = True
        if self._tidying is not None:
            self._tidying.cancel()
        for _, outcome in self._waiting:
            outcome.cancel()
        self._waiting = []
        if self._book is not None:
            self._book.close()
            self._book = None
        presence = self._presence
        os.close(presence._descriptor)  # noqa: SLF001  the kernel closes it, and its name stays
        presence._descriptor = -1  # noqa: SLF001

    async def settle(self, hold: str, claims: Sequence[Claim], settlement: Settlement) -> bool:
        """As the protocol says."""
        self.beyond += beyond(claims, settlement)

        def work(book: Book, now: float) -> bool:
            first = book.settle(hold, claims, settlement, now)
            if first:
                self.settled_first.append(hold)
            return first

        return await self.perform(work)

    @property
    def settled_first(self) -> list[str]:
        """Holds that it ended first."""
        found: list[str] = self.__dict__.setdefault("_first", [])
        return found

    def _done(self, work: _Work) -> "asyncio.Future[Any]":
        if self._killed:
            outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            outcome.cancel()
            return outcome
        return super()._done(work)
