"""The audit of each machine that shares its accounts: what it has settled, and what is reserved on its file."""

import asyncio
from pathlib import Path

from tests.contract.accounts.conftest import CLOCK, money, shared
from tests.contract.cache.valkey import Valkey

from headworks.budgets.accounts.audit import SETTLED_S, Audit
from headworks.budgets.accounts.protocol import Settlement
from headworks.core.people.alerting import Alert
from headworks.testing import FakeClock


class Heard:
    """Satisfies `Alerts`."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    def tell(self, alert: Alert) -> None:
        self.alerts.append(alert)


async def test_each_machine_audits_what_it_has_settled_while_calls_are_under_way(
    valkey: Valkey, tmp_path: Path
) -> None:
    machines = {name: shared(valkey, tmp_path / name) for name in ("one", "two")}
    costs = {f"{name}-{n}": 3 + n for name in machines for n in range(5)}
    clock = FakeClock()
    clock.advance(CLOCK.now() - clock.now() - 1)
    audits = {name: Audit(tmp_path / name, lambda holds: costs, clock, Heard()) for name in machines}
    for name, machine in machines.items():
        await machine.start()
        for n in range(5):
            claims = [money("a", 20), money("b", 20)]
            assert await machine.reserve(f"{name}-{n}", claims) is None
            cost = costs[f"{name}-{n}"]
            await machine.settle(f"{name}-{n}", claims, Settlement(amounts={"a": cost, "b": cost}, nano=cost))
        assert await machine.reserve(f"{name}-under-way", [money("a", 20)]) is None
    clock.advance(SETTLED_S + 60)
    for name, audit in audits.items():
        found = await asyncio.to_thread(audit.look)
        assert (found.settled, found.is_well) == (5, True), name
    for machine in machines.values():
        await machine.stop()


async def test_what_a_machine_settled_at_another_price_is_found(valkey: Valkey, tmp_path: Path) -> None:
    machine = shared(valkey, tmp_path)
    clock = FakeClock()
    clock.advance(CLOCK.now() - clock.now() - 1)
    audit = Audit(tmp_path, lambda holds: {"1": 4}, clock, Heard())
    await machine.start()
    assert await machine.reserve("1", [money("a", 20)]) is None
    await machine.settle("1", [money("a", 20)], Settlement(amounts={"a": 5}, nano=5))
    clock.advance(SETTLED_S + 60)
    found = await asyncio.to_thread(audit.look)
    assert found.differing == {"1": (5, 4)}
    await machine.stop()
