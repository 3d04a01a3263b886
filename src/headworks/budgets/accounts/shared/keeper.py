"""Accounts in a Redis or Valkey server, exact across all machines that use it.

A reservation is one step of the server. A settlement is first written into this machine's own file, and then told: it
is kept when the server is away, and the server can come back empty. While it is away, calls are refused at once, or
served from this machine's share, as the policy says.
"""

import asyncio
from collections.abc import Sequence

from headworks.budgets.accounts.protocol import Balance, Claim, Settlement, Shortage
from headworks.budgets.accounts.shared import journal, share
from headworks.budgets.accounts.shared.journal import Sum
from headworks.budgets.accounts.shared.live import Granted, LiveHolds
from headworks.budgets.accounts.shared.server import Server, StaleError
from headworks.budgets.accounts.shared.settings import OnFailure, SharedLimits
from headworks.budgets.accounts.shared.upkeep import Upkeep
from headworks.budgets.accounts.sqlite import SqliteAccounts
from headworks.budgets.accounts.statements import Book
from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.storage.link.wire import LinkError

_DEFAULTS = SharedLimits()


class SharedAccounts:
    """Satisfies `protocol.Accounts`. All methods on one event loop.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        local: Accounts of this machine, started and stopped with these; nobody else uses them.
        clock: This machine's time. Paces go by the server's.
        on_failure: What happens while the server is away: calls are refused, or served from this machine's share.
        limits: Limits.

    Raises:
        BadUrlError: The URL cannot be used.
    """

    def __init__(
        self,
        url: str,
        local: SqliteAccounts,
        clock: Clock,
        *,
        on_failure: OnFailure,
        limits: SharedLimits = _DEFAULTS,
    ) -> None:
        self._local = local
        self._limits = limits
        self._server = Server(url, limits, clock)
        self._live = LiveHolds()
        self._upkeep = Upkeep(self._server, local, self._live, limits, clock)
        self._opens = on_failure == "open-with-local-share"
        if self._opens:
            self._upkeep.watched = {}
        self._node = ""

    @property
    def up(self) -> bool:
        """Whether calls use the server at the moment."""
        return self._upkeep.ready

    async def start(self) -> None:
        """Open this machine's file and connect; returns when the server can be used, or is seen to be away.

        With a server that has just come up empty this takes `report_s`.

        Raises:
            StoreError: The file cannot be used.
        """
        await self._local.start()
        started = journal.boot()
        self._node = await self._local.perform(lambda book, now: journal.node(book, started, now))
        self._server.named(self._node, self._local.worker)
        await self._server.line.start()
        self._upkeep.start(self._node)
        await self._upkeep.looked.wait()

    async def stop(self) -> None:
        """Give back what is left, disconnect, and close the file."""
        await self._upkeep.stop()
        await self._server.line.stop()
        await self._local.stop()

    async def reserve(self, hold: str, claims: Sequence[Claim]) -> Shortage | None:
        """As the protocol says."""
        if self._upkeep.unwritable is not None:
            raise self._upkeep.unwritable
        if not self._upkeep.ready:
            return await self._reserve_here(hold, claims, self._server.line.reason)
        self._live.asking.add(hold)
        try:
            shortage = await self._server.reserve(hold, claims)
        except LinkError as error:
            if isinstance(error, StaleError):
                self._upkeep.unusable(str(error))
            return await self._reserve_here(hold, claims, str(error))
        finally:
            self._live.asking.discard(hold)
        if shortage is None:
            before = self._live.granted.get(hold)
            local = before.local if before is not None else None
            self._live.granted[hold] = Granted(tuple(claims), tuple(claim.amount for claim in claims), local)
            if self._opens:
                self._watch(claims)
        return shortage

    async def settle(self, hold: str, claims: Sequence[Claim], settlement: Settlement) -> bool:
        """As the protocol says; raises StoreError only when this machine's file cannot be written."""
        granted = self._live.granted.get(hold)
        try:
            sums = await self._local.perform(
                lambda book, now: self._debit(book, hold, granted, claims, settlement, now)
            )
        except StoreError as error:
            self._upkeep.unwritable = error
            raise
        except asyncio.CancelledError:  # it is written all the same, and told with the next look
            self._live.granted.pop(hold, None)
            raise
        self._live.granted.pop(hold, None)
        if sums is None:
            return False
        if self._upkeep.ready:
            await self._tell(hold, _taken(granted, claims), settlement, sums)
        return True

    async def balances(self, accounts: Sequence[str]) -> list[Balance]:
        """As the protocol says. While the server is away: as far as this machine can tell."""
        if self._upkeep.ready:
            try:
                return await self._server.balances(accounts)
            except LinkError as error:
                reason = str(error)
        else:
            reason = self._server.line.reason
        if not self._opens:
            raise _away(reason)
        return await self._local.perform(lambda book, _: [share.balance(book, account) for account in accounts])

    async def listed(self, limit: int) -> list[tuple[str, Balance]]:
        """As the protocol says; needs the server."""
        try:
            names = await self._server.listed(limit)
            return list(zip(names, await self._server.balances(names), strict=True))
        except LinkError as error:
            raise _away(str(error)) from error

    async def sweep(self) -> int:
        """As the protocol says."""
        released = await self._local.sweep()
        try:
            await self._upkeep.look()
            return released + (await self._upkeep.sweep() if self._upkeep.ready else 0)
        except LinkError as error:
            raise _away(str(error)) from error

    async def _reserve_here(self, hold: str, claims: Sequence[Claim], reason: str) -> Shortage | None:
        """As the policy says, without the server."""
        if not self._opens:
            raise _away(reason)
        before = self._live.granted.get(hold)
        there = before.there if before is not None else (0,) * len(claims)
        done = await self._local.perform(lambda book, now: share.grant(book, self._node, hold, claims, there, now))
        if done is None:
            raise _away(f"{reason}; this machine has never reached it, so it has no share")
        shortage, local = done
        if shortage is None:
            self._live.granted[hold] = Granted(tuple(claims), there, local)
        return shortage

    def _debit(
        self,
        book: Book,
        hold: str,
        granted: Granted | None,
        claims: Sequence[Claim],
        settlement: Settlement,
        now_s: float,
    ) -> list[Sum] | None:
        """Write a settlement into this machine's file; None when it is there."""
        if not book.note(hold, settlement, now_s):
            return None
        if granted is not None:
            share.settle(book, hold, granted, settlement, now_s)
        return journal.debit(book, self._node, claims, settlement, now_s)

    async def _tell(self, hold: str, taken: Sequence[Claim], settlement: Settlement, sums: Sequence[Sum]) -> None:
        self._live.asking.add(hold)
        try:
            await self._server.settle(hold, taken, settlement, sums)
        except LinkError:
            return  # what is written is told with the next look, and the hold given back
        finally:
            self._live.asking.discard(hold)
        for one in sums:
            known = self._upkeep.told.get((one.account, one.node))
            if known is None or known.spent < one.spent:
                self._upkeep.told[one.account, one.node] = one

    def _watch(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            if claim.kind == "sum" and claim.most is not None:
                self._upkeep.watch(claim.account)


def _taken(granted: Granted | None, claims: Sequence[Claim]) -> Sequence[Claim]:
    """The claims with what the server has granted of them."""
    if granted is None or granted.local is None:
        return claims
    return [
        Claim(claim.account, claim.kind, there, claim.most) for claim, there in zip(claims, granted.there, strict=True)
    ]


def _away(reason: str) -> StoreError:
    return StoreError(f"The shared accounts cannot be reached: {reason.rstrip('.')}.")
