"""The budgets room: what a call may spend is reserved before it is made, and settled when it is over. Fails closed.

A call without limits pays for a look into a table.
"""

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType

import structlog

from headworks.budgets.accounts.protocol import Accounts, Claim, Settlement
from headworks.budgets.config import BudgetSettings
from headworks.budgets.holds.hold import Hold
from headworks.budgets.holds.needs import Needs
from headworks.budgets.holds.scopes import Scopes
from headworks.budgets.holds.turns import Turns
from headworks.budgets.holds.watch.marks import Marks
from headworks.budgets.holds.watch.overview import Standing, limits_of, standings
from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.core.limits import Limit
from headworks.core.messages import Ask, Caller, Route, Target
from headworks.core.people.alerting import Alert, Alerts
from headworks.core.protocols import OpenTrace
from headworks.core.replies import Reply

SETTLE_AGAIN_S = 1.0
_log = structlog.get_logger("headworks.budgets")


class BudgetRoom:
    """Satisfies `core.protocols.Budgets`. One for each config; the accounts outlive it.

    Args:
        settings: Of the room.
        scopes: The limits of the config.
        accounts: Where they are counted.
        needs: What calls need.
        marks: Told which accounts calls touch.
        alerts: Told when a settlement cannot be kept.
    """

    def __init__(
        self,
        settings: BudgetSettings,
        scopes: Scopes,
        accounts: Accounts,
        needs: Needs,
        marks: Marks,
        alerts: Alerts,
    ) -> None:
        self.settings = settings
        self.accounts = accounts
        self.needs = needs
        self.clock: Clock = marks.clock
        self.marks = marks
        self._scopes = scopes
        self._alerts = alerts
        self.turns = Turns()
        self._freed = asyncio.Event()
        self._late: set[asyncio.Task[None]] = set()

    def hold(self, ask: Ask, caller: Caller, route: Route, trace: OpenTrace) -> "Hold | Free":
        """What the call may spend, to be entered before it is sent."""
        if ask.kind == "count":
            return Free(ask, route)
        if route.max_tokens is not None:
            ask = self._capped(ask, route, route.max_tokens, trace)
        counted = self._scopes.of(ask, caller, route, self.clock.now())
        return Hold(self, ask, route, counted, trace) if counted else Free(ask, route)

    async def standings(self, key_limits: Callable[[str], Sequence[Limit]], limit: int = 1_000) -> list[Standing]:
        """How the accounts stand that were used last; `key_limits` are those of the key with an id.

        Raises:
            StoreError: The accounts cannot be reached.
        """
        rows = await self.accounts.listed(limit)
        return standings(rows, limits_of(self._scopes, key_limits), self.clock.now())

    async def freed(self, at_most_s: float) -> None:
        """Return when a call of this process has settled, or after so many seconds."""
        try:
            async with asyncio.timeout(at_most_s):
                await self._freed.wait()
        except TimeoutError:
            return

    async def settle(self, hold: str, claims: Sequence[Claim], settlement: Settlement) -> None:
        """Settle. While the accounts cannot be reached, the settlement is tried again beside the call.

        So it is when the call is cancelled meanwhile: nobody has heard whether it was made. It is made once.
        """
        try:
            await self.accounts.settle(hold, claims, settlement)
        except StoreError as error:
            _log.error("settlement_waits", trace_id=hold, reason=error.message)
            self._alerts.tell(_unsettled(error))
            self._later(hold, claims, settlement, SETTLE_AGAIN_S)
        except asyncio.CancelledError:
            self._later(hold, claims, settlement, 0.0)
            raise
        finally:
            freed, self._freed = self._freed, asyncio.Event()
            freed.set()

    async def stop(self) -> None:
        """Give up on settlements that could not be made. Their holds are released, and the record has their cost."""
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)

    def _later(self, hold: str, claims: Sequence[Claim], settlement: Settlement, pause_s: float) -> None:
        task = asyncio.create_task(self._settle_late(hold, claims, settlement, pause_s))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _settle_late(self, hold: str, claims: Sequence[Claim], settlement: Settlement, pause_s: float) -> None:
        while True:
            await asyncio.sleep(pause_s)
            try:
                await self.accounts.settle(hold, claims, settlement)
            except StoreError:
                pause_s = SETTLE_AGAIN_S
                continue
            if len(self._late) == 1:
                self._alerts.tell(_unsettled(None))
            return

    def _capped(self, ask: Ask, route: Route, most: int, trace: OpenTrace) -> Ask:
        """`ask` with an answer no longer than its feature allows."""
        if ask.kind not in ("chat", "completion"):
            return ask
        wanted = self.needs.max_tokens(ask)
        if wanted is not None and wanted <= most:
            return ask
        trace.adapted(f"max_tokens={most}")
        return self.needs.limited(ask, most, route.targets[0])


class Free:
    """The hold of a call that has no limits."""

    __slots__ = ("ask", "route")

    def __init__(self, ask: Ask, route: Route) -> None:
        self.ask = ask
        self.route = route

    async def __aenter__(self) -> "Free":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """There is nothing to settle."""

    def metered(self, reply: Reply) -> Reply:
        """The same reply."""
        return reply

    async def cover(self, target: Target, ask: Ask, beside: Target | None = None) -> None:
        """It is paid for."""


def _unsettled(error: StoreError | None) -> Alert:
    return Alert(
        kind="budget_store",
        subject="settlements",
        severity="critical",
        title="Calls cannot be settled: " + error.message if error else "Calls are settled again.",
        resolved=error is None,
    )
