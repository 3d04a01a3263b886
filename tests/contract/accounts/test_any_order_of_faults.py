"""Whatever happens to the server, in whatever order, in the end it knows what was spent and what is under way."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.accounts.conftest import LIMITS, money, shared, until
from tests.contract.cache.valkey import Valkey

from headworks.budgets.accounts.protocol import Balance, Settlement
from headworks.budgets.accounts.shared.keeper import SharedAccounts
from headworks.core.errors import StoreError

_FAULTS = [("FLUSHALL",), ("CLIENT", "KILL", "TYPE", "normal"), ("SCRIPT", "FLUSH"), ("CLIENT", "PAUSE", "30")]
_step = st.one_of(
    st.tuples(st.just("reserve"), st.integers(0, 5), st.integers(0, 60)),
    st.tuples(st.just("settle"), st.integers(0, 5), st.integers(0, 60)),
    st.tuples(st.just("fault"), st.integers(0, len(_FAULTS) - 1), st.just(0)),
    st.tuples(st.just("wait"), st.just(0), st.just(0)),
)


class Story:
    """What two machines did, beside a plain model of it. Hold `n` is of machine `n % 2`."""

    def __init__(self, server: Valkey, machines: list[SharedAccounts]) -> None:
        self.server = server
        self.machines = machines
        self.held: dict[str, int] = {}
        self.settled: set[str] = set()
        self.spent = 0

    async def do(self, what: str, number: int, amount: int) -> None:
        hold, machine = str(number), self.machines[number % 2]
        if what == "fault":
            self.server.ask(*_FAULTS[number])
        elif what == "wait":
            await asyncio.sleep(LIMITS.look_s)
        elif hold in self.settled:
            assert not await machine.settle(hold, [money("a", 0, None)], Settlement(amounts={"a": 1}))
        elif what == "reserve":
            await self._reserve(machine, hold, amount)
        elif hold in self.held:
            claims = [money("a", self.held.pop(hold), None)]
            assert await machine.settle(hold, claims, Settlement(amounts={"a": amount}))
            self.settled.add(hold)
            self.spent += amount

    async def _reserve(self, machine: SharedAccounts, hold: str, amount: int) -> None:
        try:
            assert await machine.reserve(hold, [money("a", amount, None)]) is None
        except StoreError:
            return
        self.held[hold] = amount

    async def agrees(self) -> bool:
        """Whether each machine says what the model says."""
        wanted = [Balance(self.spent, sum(self.held.values()))]
        try:
            return all([machine.up and await machine.balances(["a"]) == wanted for machine in self.machines])
        except StoreError:
            return False


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(_step, max_size=30))
def test_whatever_happens_to_the_server_it_ends_up_with_the_truth(
    lasting: Valkey, steps: list[tuple[str, int, int]]
) -> None:
    async def run(folder: Path) -> None:
        story = Story(lasting, [shared(lasting, folder / name) for name in ("one", "two")])
        for machine in story.machines:
            await machine.start()
        for step in steps:
            await story.do(*step)
        await until(story.agrees)
        for machine in story.machines:
            await machine.stop()

    lasting.ask("FLUSHALL")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))
