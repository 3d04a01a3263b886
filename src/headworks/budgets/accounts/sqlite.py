"""Accounts in one SQLite file: exact across all workers of a machine, and kept when they are killed.

What the calls of one moment want is done in one transaction, and each call goes on when it is committed. Nothing waits
on the event loop: while another worker writes, the work is tried again half a millisecond later. A killed process loses
nothing that was committed; its holds are released by whoever sweeps next, since the kernel has let go of its lock.

The pages of the write-ahead log are brought home by a thread of its own, whose syncing would hold up calls.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw
import structlog

from headworks.budgets.accounts.presence import Presence
from headworks.budgets.accounts.protocol import Balance, Claim, Settlement, Shortage
from headworks.budgets.accounts.statements import Book
from headworks.budgets.accounts.tables import FILE, ROOM, STEPS
from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.storage.sqlite import connect, migrate

AGAIN_S = 0.0005
PATIENCE_S = 5.0
"""Longest time that a call waits for other workers to finish writing."""
SWEEP_S = 5.0
PRUNE_S = 3600.0
_log = structlog.get_logger("headworks.budgets")
Outcome = TypeVar("Outcome")
_Work = Callable[[Book, float], Any]


class SqliteAccounts:
    """Satisfies `protocol.Accounts`. All methods but `start` and `stop` on one event loop.

    Args:
        data_dir: Holds `budgets.sqlite`.
        clock: Wall time for paces, monotonic time for patience.
    """

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self._path = data_dir / FILE
        self._clock = clock
        self._presence = Presence(data_dir)
        self._book: Book | None = None
        self._waiting: list[tuple[_Work, asyncio.Future[Any]]] = []
        self._since_s: float | None = None
        self._prune_at_s = -math.inf
        self._tidying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the file, release what processes that are gone had reserved, and go on doing so.

        Raises:
            StoreError: The file cannot be used.
        """
        try:
            self._presence.enter()
        except OSError as error:
            raise StoreError(f"The data directory cannot be used: {error.strerror}.") from error
        db = connect(self._path)
        migrate(db, ROOM, STEPS)
        db.pragma("wal_autocheckpoint", 0)
        db.set_busy_timeout(0)
        self._book = Book(db, self._presence.name)
        await self.sweep()
        self._tidying = asyncio.create_task(self._tidy(), name="budgets-tidying")

    async def stop(self) -> None:
        """Close the file. Calls that are still under way settle before; whatever they leave is swept by the next."""
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)
            self._tidying = None
        self._flush()
        self._fail(StoreError("The accounts are closed."))
        if self._book is not None:
            self._book.close()
            self._book = None
        self._presence.leave()

    @property
    def worker(self) -> str:
        """Name of this process, which no other has had or will have."""
        return self._presence.name

    async def perform(self, work: Callable[[Book, float], Outcome]) -> Outcome:
        """The outcome of what is done in a transaction that is committed; for what is kept beside the accounts.

        Args:
            work: Is given the tables, and the seconds since the epoch. Done even when its caller is cancelled.

        Raises:
            StoreError: Nothing was done.
        """
        outcome: Outcome = await self._done(work)
        return outcome

    async def reserve(self, hold: str, claims: Sequence[Claim]) -> Shortage | None:
        """As the protocol says."""
        granted: Shortage | None = await self._done(lambda book, now: book.reserve(hold, claims, now))
        return granted

    async def settle(self, hold: str, claims: Sequence[Claim], settlement: Settlement) -> bool:
        """As the protocol says."""
        first: bool = await self._done(lambda book, now: book.settle(hold, claims, settlement, now))
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
        """As the protocol says. Telling who is gone is a look at a few files."""
        workers: list[str] = await self._done(lambda book, _: book.workers())
        released = 0
        for worker in workers:
            if await asyncio.to_thread(self._presence.is_gone, worker):
                released += await self._release(worker)
                self._presence.forget(worker)
        now_s = self._clock.monotonic()
        if now_s >= self._prune_at_s:
            self._prune_at_s = now_s + PRUNE_S
            await self._done(lambda book, now: book.prune(now))
        if released:
            _log.warning("holds_released", holds=released, reason="their process is gone")
        return released

    async def _release(self, worker: str) -> int:
        released: int = await self._done(lambda book, _: book.release(worker))
        return released

    def _done(self, work: _Work) -> "asyncio.Future[Any]":
        """The outcome of `work`, once it is committed, together with all else that is wanted in this moment."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Any] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append((work, outcome))
        return outcome

    def _flush(self) -> None:
        waiting, book = self._waiting, self._book
        if not waiting:
            return
        if book is None:
            self._fail(StoreError("The accounts are not open."))
            return
        try:
            book.begin()
        except apsw.BusyError:
            self._again()
            return
        except apsw.Error as error:
            self._fail(_broken(error))
            return
        self._since_s = None
        try:
            outcomes = [(outcome, work(book, self._clock.now())) for work, outcome in waiting]
            book.commit()
        except apsw.Error as error:
            self._fail(_broken(error))
            return
        finally:
            book.rollback()  # nothing, once it is committed
        self._waiting = []
        for outcome, value in outcomes:
            if not outcome.done():  # a call that was cancelled meanwhile: its hold is ended by whoever made it
                outcome.set_result(value)

    def _again(self) -> None:
        now_s = self._clock.monotonic()
        since_s = self._since_s = now_s if self._since_s is None else self._since_s
        if now_s - since_s > PATIENCE_S:
            self._fail(StoreError(f"The accounts have been locked by another process for {PATIENCE_S:.0f} s."))
        else:
            asyncio.get_running_loop().call_later(AGAIN_S, self._flush)

    def _fail(self, error: StoreError) -> None:
        waiting, self._waiting, self._since_s = self._waiting, [], None
        for _, outcome in waiting:
            if not outcome.done():
                outcome.set_exception(error)

    async def _tidy(self) -> None:
        """Release what the dead have reserved, and bring the log's pages home."""
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                await self.sweep()
                await asyncio.to_thread(_checkpoint, self._path)
            except (StoreError, apsw.Error, OSError) as error:
                _log.warning("accounts_not_tidied", reason=str(error))


def _checkpoint(path: Path) -> None:
    """Write the log's pages into the file, as far as no reader is in the way."""
    db = connect(path)
    try:
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    finally:
        db.close()


def _broken(error: apsw.Error) -> StoreError:
    return StoreError(f"The accounts cannot be written: {error}.")
