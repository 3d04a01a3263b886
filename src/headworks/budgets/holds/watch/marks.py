"""Tells when a budget has passed a mark: 50, 80 and 95 percent unless said otherwise, and its end.

Calls note the accounts they touch; every few seconds those are looked at together, and the budgets that the config has
for one of a name, which are metrics. No call waits for it.
"""

import asyncio
from collections.abc import Mapping

import structlog

from headworks.budgets.accounts.protocol import Accounts, Balance
from headworks.budgets.holds.refusals import whose
from headworks.budgets.holds.scopes import Counted, Scopes
from headworks.budgets.holds.windows import WORDS, ends_s
from headworks.core.clock import Clock, rfc3339
from headworks.core.errors import StoreError
from headworks.core.money import usd_text
from headworks.core.people.alerting import Alert, Alerts, Severity

LOOK_S = 5.0
_TOLD = 10_000
_ALL, _NEARLY = 100, 95
_log = structlog.get_logger("headworks.budgets")


class Marks:
    """Watches the accounts that calls have touched, and those of the config.

    Args:
        accounts: Where they are.
        clock: Wall time, for when a budget begins anew.
        alerts: Who is told.

    Attributes:
        seen: The named budgets of the config, as they were at the last look.
    """

    def __init__(self, accounts: Accounts, clock: Clock, alerts: Alerts) -> None:
        self.clock = clock
        self._accounts = accounts
        self._alerts = alerts
        self.seen: Mapping[Counted, Balance] = {}
        self._scopes: Scopes | None = None
        self._touched: dict[str, Counted] = {}
        self._told: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    def watch(self, scopes: Scopes) -> None:
        """Look at the named budgets of this config from now on, whether calls touch them or not."""
        self._scopes = scopes

    def touched(self, counted: tuple[Counted, ...]) -> None:
        """A call has settled on these accounts."""
        for one in counted:
            if one.limit.is_budget:
                self._touched[one.account] = one

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="budgets-marks")

    async def stop(self) -> None:
        """Look once more, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
            await self.look()

    async def look(self) -> None:
        """Tell of each account that has passed a mark since the last look."""
        touched, self._touched = list(self._touched.values()), {}
        named = [] if self._scopes is None else self._scopes.named(self.clock.now())
        looked_at = list(dict.fromkeys([*touched, *named]))
        if not looked_at:
            return
        try:
            balances = await self._accounts.balances([one.account for one in looked_at])
        except StoreError as error:
            _log.warning("budgets_not_looked_at", reason=error.message)
            self._touched = {one.account: one for one in touched} | self._touched
            return
        found = dict(zip(looked_at, balances, strict=True))
        self.seen = {one: found[one] for one in named}
        for one, balance in found.items():
            mark = passed(one, balance)
            if mark > self._told.get(one.account, 0):
                if len(self._told) >= _TOLD:
                    self._told.clear()
                self._told[one.account] = mark
                self._alerts.tell(alert(one, balance, mark, self.clock.now()))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()


def passed(counted: Counted, balance: Balance) -> int:
    """The highest mark, in percent, that an account has passed; 0 for none."""
    most = counted.limit.most
    marks = (*counted.limit.marks, _ALL)
    return max((mark for mark in marks if balance.spent * 100 >= mark * most), default=0)


def alert(counted: Counted, balance: Balance, mark: int, now_s: float) -> Alert:
    """What is told of a mark."""
    limit = counted.limit
    amount = _dollars if limit.unit == "usd" else _tokens
    ends = ends_s(limit.window, now_s)
    severity: Severity = "critical" if mark >= _ALL else "warning" if mark >= _NEARLY else "info"
    facts = {"spent": amount(balance.spent), "limit": amount(limit.most), "reserved": amount(balance.reserved)}
    if ends is not None:
        facts["resets at"] = rfc3339(ends)
    return Alert(
        kind="budget_mark",
        subject=f"{counted.account} {mark}%",
        severity=severity,
        title=f"{mark}% of the budget of {whose(counted)} {WORDS[limit.window]} is spent: "
        f"{amount(balance.spent)} of {amount(limit.most)}.",
        facts=facts,
    )


def _dollars(nano: int) -> str:
    return f"${usd_text(nano)}"


def _tokens(number: int) -> str:
    return f"{number} tokens"
