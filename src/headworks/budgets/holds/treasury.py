"""What the budgets room is put together from, and what outlives a config: the accounts, and who looks after them."""

from collections.abc import Iterable, Mapping

from headworks.budgets.accounts.audit import Audit
from headworks.budgets.accounts.protocol import Accounts
from headworks.budgets.config import BudgetSettings
from headworks.budgets.holds.needs import Needs
from headworks.budgets.holds.room import BudgetRoom
from headworks.budgets.holds.scopes import Scopes
from headworks.budgets.holds.watch.gauges import used_text
from headworks.budgets.holds.watch.marks import Marks
from headworks.budgets.prices import PriceList
from headworks.budgets.tokens import TokenCounter
from headworks.core.clock import Clock
from headworks.core.limits import Rule
from headworks.core.people.alerting import Alerts
from headworks.dialects.protocols import AskEditor


class Treasury:
    """Satisfies `core.protocols.Room`. As long-lived as its process; makes a room for each config.

    Args:
        accounts: Where spending is counted.
        counter: Counts tokens.
        editors: For each client dialect, what reads and changes asks.
        clock: Source of time.
        alerts: Told of budgets that are used up, and of settlements that wait.
        audit: Looks whether all adds up.
    """

    def __init__(
        self,
        accounts: Accounts,
        counter: TokenCounter,
        editors: Mapping[str, AskEditor],
        clock: Clock,
        alerts: Alerts,
        audit: Audit,
    ) -> None:
        self.accounts = accounts
        self._counter = counter
        self._editors = editors
        self._clock = clock
        self._alerts = alerts
        self._audit = audit
        self._marks = Marks(accounts, clock, alerts)
        self._rooms: list[BudgetRoom] = []

    async def start(self) -> None:
        """Open the accounts; raises StoreError."""
        await self.accounts.start()
        self._marks.start()
        self._audit.start()

    async def stop(self) -> None:
        """Close the accounts, after what is left to settle."""
        await self._audit.stop()
        await self._marks.stop()
        for room in self._rooms:
            await room.stop()
        await self.accounts.stop()

    def room(self, settings: BudgetSettings, rules: Iterable[Rule], prices: PriceList) -> BudgetRoom:
        """The room of a config with these rules."""
        needs = Needs(prices, self._counter, self._editors, self._clock.now)
        scopes = Scopes(rules)
        self._marks.watch(scopes)
        room = BudgetRoom(settings, scopes, self.accounts, needs, self._marks, self._alerts)
        self._rooms = [*self._rooms[-1:], room]
        return room

    def metrics(self) -> bytes:
        """Prometheus text: how much of the budgets of the config is used. Every worker says the same."""
        return used_text(self._marks.seen)
