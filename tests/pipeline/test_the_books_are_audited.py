"""What was settled is set against what records say, and what is reserved against what is held."""

import asyncio

from headworks.budgets.accounts.audit import SETTLED_S, Audit
from headworks.core.limits import Limit
from headworks.core.people.alerting import Alert
from headworks.identity.records import KeySpec
from headworks.testing import FakeClock, Recipe

BODY = {"model": "openai", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello there"}]}


class Heard:
    """Satisfies `Alerts`."""

    def __init__(self):
        self.alerts: list[Alert] = []

    def tell(self, alert):
        self.alerts.append(alert)


def written(house, sql, *values):
    """Change the accounts behind everybody's back, as a bug would."""
    accounts = house.gateway._treasury.accounts

    async def work():
        return await accounts._done(lambda book, _: book._execute(sql, values).fetchall())

    return house.run(work())


def test_what_adds_up_is_no_news_and_what_does_not_is_told_and_taken_back(house):
    clock, heard = FakeClock(), Heard()
    clock.advance(house.gateway._clock.now() - clock.now())
    limits = (Limit("usd", "month", 10**9),)
    key = house.gateway.keys.create(KeySpec(name="audited", limits=limits), actor="test").key
    audit = Audit(house._folder / "data", house.store.costs, clock, heard)
    house.fake.script([Recipe(text="ok") for _ in range(5)])
    answers = [house.ask(BODY, authorization=f"Bearer {key}") for _ in range(5)]
    house.record(answers[0])
    clock.advance(SETTLED_S + 2)
    found = audit.look()
    audit.tell(found)
    assert found.settled >= 5  # the house has answered other tests, too
    assert (found.is_well, heard.alerts) == (True, [])

    audit._from_s = 0
    written(house, "UPDATE settlements SET nano = nano + 1 WHERE hold = ?", answers[2].trace_id)
    written(house, "UPDATE accounts SET reserved = reserved + 7 WHERE id = (SELECT max(id) FROM accounts)")
    found = audit.look()
    audit.tell(found)
    assert list(found.differing) == [answers[2].trace_id]
    assert list(found.astray.values()) == [(7, 0)]
    (alert,) = heard.alerts
    assert (alert.kind, alert.severity, alert.resolved) == ("ledger_invariant", "critical", False)

    written(house, "UPDATE accounts SET reserved = reserved - 7 WHERE id = (SELECT max(id) FROM accounts)")
    audit.tell(audit.look())
    assert heard.alerts[-1].resolved
    asyncio.run(audit.stop())
