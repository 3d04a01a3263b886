"""What a worker does beside its calls, so that the server knows what it should.

A worker uses the server only after it has *reported*: told it every sum of this machine that it may not know, and
compared the holds. Holds are compared both ways: what the server keeps beyond the calls under way is given back,
whatever late command left it there; what it lacks it is told again.
"""

import asyncio
import math
from contextlib import suppress
from functools import partial

import structlog

from headworks.budgets.accounts.shared import journal
from headworks.budgets.accounts.shared.journal import Sum
from headworks.budgets.accounts.shared.live import LiveHolds
from headworks.budgets.accounts.shared.server import Hello, Server
from headworks.budgets.accounts.shared.settings import SharedLimits
from headworks.budgets.accounts.shared.share import share_account
from headworks.budgets.accounts.sqlite import SqliteAccounts
from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.storage.link.wire import AwayError, LinkError, RefusedByServerError

_STEP = 100
_ON_THEIR_WAY_S = 2.0
"""A sum that grew so lately is being told by the call that made it grow."""
_RECENT_S = 600.0
"""A server that was away may be an older copy of itself: what was told within this time is told again."""
_PRUNE_S = 3600.0
_WATCHED = 1000
_log = structlog.get_logger("headworks.budgets")


class Upkeep:
    """Of one worker.

    Args:
        server: The server.
        local: This machine's file.
        live: Holds of this worker's calls.
        limits: Limits.
        clock: Time.
    """

    def __init__(
        self, server: Server, local: SqliteAccounts, live: LiveHolds, limits: SharedLimits, clock: Clock
    ) -> None:
        self.ready = False
        """Whether calls may use the server."""
        self.unwritable: StoreError | None = None
        """Why this machine's file cannot be written; then nothing may be spent."""
        self.watched: dict[str, None] | None = None
        """Accounts whose balance is looked up again and again, the latest last; None when nobody needs it."""
        self.told: dict[tuple[str, str], Sum] = {}
        """Sums that calls have told the server, to be noted."""
        self.looked = asyncio.Event()
        """Set when it has become ready, or could not."""
        self._server, self._local, self._live, self._limits, self._clock = server, local, live, limits, clock
        self._node = ""
        self._machines = 0
        self._woken = asyncio.Event()
        self._looking = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._ready_at_s = self._sweep_at_s = math.inf
        self._prune_at_s = -math.inf
        self._rest_s = limits.look_s
        self._lapsed: list[str] = []
        self._said = True

    def start(self, node: str) -> None:
        """Look from now on."""
        self._node = node
        self._server.line.on_change = self.changed
        self._task = asyncio.create_task(self._run(), name="budgets-upkeep")

    async def stop(self) -> None:
        """Look no more; give back what is left of this worker."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self.ready:
            with suppress(LinkError, StoreError):
                await self._note()
                await self._compare()
                await self._server.leave()
        self.ready = False

    def changed(self) -> None:
        """The connection is there, or gone."""
        if not self._server.line.up:
            self.unusable(self._server.line.reason)
        self._woken.set()

    def unusable(self, reason: str) -> None:
        """Calls may not use the server until it has been reported to."""
        self._refused(reason)
        self._woken.set()

    def watch(self, account: str) -> None:
        """Keep in mind how an account stands."""
        if self.watched is not None:
            self.watched.pop(account, None)
            self.watched[account] = None
            if len(self.watched) > _WATCHED:
                del self.watched[next(iter(self.watched))]

    async def sweep(self) -> int:
        """Compare the holds, and end those of workers whose lease is over; how many those were.

        Whoever has only just come (back) to the server leaves the others time to renew their leases.
        """
        self._sweep_at_s = self._clock.monotonic() + self._limits.sweep_s
        await self._compare()
        released = 0
        if self._clock.monotonic() - self._ready_at_s >= self._limits.lease_s * 2 / 3:
            lapsed, self._lapsed = self._lapsed, []
            for worker in lapsed:
                released += await self._server.bury(worker)
        if released:
            _log.warning("holds_released", holds=released, reason="their worker is gone")
        if self._clock.monotonic() >= self._prune_at_s:
            self._prune_at_s = self._clock.monotonic() + _PRUNE_S
            await self._server.prune()
            await self._local.perform(lambda book, now: journal.prune(book, self._node, now))
        return released

    async def look(self) -> None:
        """Renew the lease, report where that has to be done, and tell what was not told."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        if self.unwritable is not None:
            await self._local.perform(lambda book, _: journal.met(book, self._node, self._machines))
            self.unwritable = None
        hello = await self._server.hello()
        self._lapsed = hello.lapsed
        if not self.ready or hello.epoch != self._server.epoch:
            await self._report(hello)
        else:
            await self._note()
        await self._hear(hello)
        if self.ready and self._clock.monotonic() >= self._sweep_at_s:
            await self.sweep()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            self._rest_s = self._limits.look_s
            try:
                await self.look()
            except AwayError as error:
                if not self.ready:
                    self._rest_s = self._limits.first_pause_s
                    self._refused(str(error))
            except RefusedByServerError as error:
                self._refused(str(error))
            except StoreError as error:
                _log.warning("shared_accounts_not_kept_up", reason=error.message)
                self.looked.set()
            if self.ready:
                self.looked.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rest_s):
                    await self._woken.wait()

    def _refused(self, reason: str) -> None:
        self.ready = False
        self.looked.set()
        if self._said:
            self._said = False
            _log.error("shared_accounts_away", reason=reason)

    async def _report(self, hello: Hello) -> None:
        self.ready = False
        known = await self._local.perform(lambda book, _: journal.epoch(book, self._node))
        if known != hello.epoch:
            await self._tell_everything()
            await self._local.perform(lambda book, _: journal.reported(book, self._node, hello.epoch))
        else:
            recent_s = self._clock.now() - _RECENT_S
            await self._tell(await self._local.perform(lambda book, now: journal.untold(book, now, recent_s)))
        self._server.epoch = hello.epoch
        await self._compare()
        wait_s = self._limits.report_s - hello.age_s
        if wait_s > 0:  # the others have not reported yet
            self._rest_s = min(wait_s, self._limits.look_s)
            return
        with suppress(RefusedByServerError):
            if (policy := await self._server.evicts()) is not None:
                _log.error("shared_accounts_may_be_evicted", maxmemory_policy=policy, wanted="noeviction")
        self.ready = self._server.line.up
        self._ready_at_s = self._clock.monotonic()
        self._sweep_at_s = self._ready_at_s + self._limits.sweep_s
        if not self._said:
            self._said = True
            _log.warning("shared_accounts_back")

    async def _tell_everything(self) -> None:
        last: Sum | None = None
        while page := await self._local.perform(partial(journal.page, after=last, count=_STEP)):
            await self._tell(page)
            last = page[-1]

    async def _tell(self, sums: list[Sum]) -> None:
        for start in range(0, len(sums), _STEP):
            step = sums[start : start + _STEP]
            await self._server.tell(step)
            await self._local.perform(partial(journal.told, sums=step))

    async def _note(self) -> None:
        """Note what calls have told, and tell what they could not."""
        told, self.told = list(self.told.values()), {}
        before_s = self._clock.now() - _ON_THEIR_WAY_S
        if told:
            await self._local.perform(partial(journal.told, sums=told))
        await self._tell(await self._local.perform(lambda book, _: journal.untold(book, before_s, math.inf)))

    async def _hear(self, hello: Hello) -> None:
        """Remember what is needed to go on without the server."""
        if hello.machines != self._machines:
            self._machines = hello.machines
            await self._local.perform(lambda book, _: journal.met(book, self._node, hello.machines))
        if self.watched and self.ready:
            accounts = list(self.watched)
            found = dict(zip(accounts, await self._server.balances(accounts), strict=True))
            await self._local.perform(lambda book, now: journal.see(book, found, share_account, now))

    async def _compare(self) -> None:
        held = await self._server.held()
        leftovers = [hold for hold in held if not self._live.knows(hold)]
        if leftovers:  # what their calls have spent is told first, so that nobody is granted it between
            await self._tell(await self._local.perform(lambda book, now: journal.untold(book, now, math.inf)))
        for hold in leftovers:
            if not self._live.knows(hold):
                await self._server.release(hold)
        there = set(held)
        for hold, granted in list(self._live.granted.items()):
            if hold not in there and hold in self._live.granted:
                await self._server.adopt(hold, granted.claims)
