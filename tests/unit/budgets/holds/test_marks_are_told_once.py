"""A budget that passes a mark is told of once for each mark, with its figures."""

import asyncio
from pathlib import Path

from headworks.budgets.accounts.protocol import Claim, Settlement
from headworks.budgets.accounts.sqlite import SqliteAccounts
from headworks.budgets.holds.scopes import Counted, Scopes, account_name
from headworks.budgets.holds.watch.gauges import used_text
from headworks.budgets.holds.watch.marks import Marks
from headworks.core.limits import Limit, Rule
from headworks.core.people.alerting import Alert
from headworks.testing import FakeClock

DOLLAR = 1_000_000_000
ORG = Counted("org", "acme", Limit("usd", "month", 100 * DOLLAR), "usd|org|acme|month|2026-01")


class Heard:
    """Satisfies `Alerts`."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    def tell(self, alert: Alert) -> None:
        self.alerts.append(alert)


async def spends(accounts: SqliteAccounts, hold: str, dollars: int) -> None:
    claims = [Claim(ORG.account, "sum", dollars * DOLLAR, ORG.limit.most)]
    await accounts.reserve(hold, claims)
    await accounts.settle(hold, claims, Settlement(amounts={ORG.account: dollars * DOLLAR}))


def test_each_mark_is_told_once_and_the_last_is_critical(tmp_path: Path) -> None:
    async def story() -> list[Alert]:
        clock, heard = FakeClock(), Heard()
        accounts = SqliteAccounts(tmp_path, clock)
        await accounts.start()
        marks = Marks(accounts, clock, heard)
        for number, dollars in enumerate((49, 2, 1, 43, 5)):
            await spends(accounts, str(number), dollars)
            marks.touched((ORG,))
            await marks.look()
            await marks.look()
        await accounts.stop()
        return heard.alerts

    alerts = asyncio.run(story())
    assert [alert.subject.rsplit(" ")[-1] for alert in alerts] == ["50%", "95%", "100%"]
    assert [alert.severity for alert in alerts] == ["info", "warning", "critical"]
    assert alerts[0].title == "50% of the budget of organisation `acme` this month is spent: $51 of $100."
    assert alerts[0].facts["resets at"] == "2026-02-01T00:00:00.000Z"


def test_rates_have_no_marks(tmp_path: Path) -> None:
    async def story() -> list[Alert]:
        clock, heard = FakeClock(), Heard()
        accounts = SqliteAccounts(tmp_path, clock)
        await accounts.start()
        marks = Marks(accounts, clock, heard)
        marks.touched((Counted("key", "k", Limit("requests", "minute", 1, ()), "requests|key|k|minute|"),))
        await marks.look()
        await accounts.stop()
        return heard.alerts

    assert asyncio.run(story()) == []


def test_named_budgets_of_the_config_are_a_metric_touched_or_not(tmp_path: Path) -> None:
    rules = [
        Rule("org", "acme", ORG.limit),
        Rule("org", "acme", Limit("usd", "month", 200 * DOLLAR)),
        Rule("gateway", None, Limit("tokens", "total", 10)),
        Rule("org", None, Limit("usd", "day", DOLLAR)),
        Rule("gateway", None, Limit("requests", "minute", 5)),
    ]

    async def story() -> tuple[bytes, bytes]:
        clock = FakeClock()
        accounts = SqliteAccounts(tmp_path, clock)
        await accounts.start()
        marks = Marks(accounts, clock, Heard())
        marks.watch(Scopes(rules))
        before = used_text(marks.seen)
        month = account_name("org", "acme", ORG.limit, clock.now())
        await accounts.reserve("1", [Claim(month, "sum", 30 * DOLLAR, ORG.limit.most)])
        await marks.look()
        await accounts.stop()
        return before, used_text(marks.seen)

    before, after = asyncio.run(story())
    assert before == b""
    lines = [line for line in after.decode().splitlines() if not line.startswith("#")]
    assert lines == [
        'headworks_budget_used_ratio{name="",scope="gateway",unit="tokens",window="total"} 0.0',
        'headworks_budget_used_ratio{name="acme",scope="org",unit="usd",window="month"} 0.3',
    ]
