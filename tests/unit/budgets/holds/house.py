"""A house with budgets alone: the product's room and holds, its tables in memory, and a time that is made up."""

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import Any

from benchmarks.budgets.keepers import InMemory, Tables
from benchmarks.budgets.provider import ASKS, EDITORS, TARGETS, Counter, Models, Record
from benchmarks.budgets.timeline import LoopClock, Timeline
from msgspec.structs import replace

from headworks.budgets.accounts.protocol import Claim, Shortage
from headworks.budgets.config import BudgetSettings
from headworks.budgets.holds.needs import Needs
from headworks.budgets.holds.room import BudgetRoom, Free
from headworks.budgets.holds.scopes import Scopes
from headworks.budgets.holds.watch.marks import Marks
from headworks.budgets.prices import PriceList
from headworks.core.errors import RefusedError
from headworks.core.limits import Limit, Rule
from headworks.core.messages import Caller, Route
from headworks.core.people.alerting import Unheard
from headworks.core.policy import PATTERNS, Policy
from headworks.core.protocols import Hold

NOW_S = 1_767_225_600.0
POLICIES = {False: Policy(), True: Policy(patience=PATTERNS["background"], unhurried=True)}
ASK = next(ask for ask in ASKS if EDITORS["openai"].max_tokens(ask) == 400)
SHORT = next(ask for ask in ASKS if EDITORS["openai"].max_tokens(ask) == 1)


class Counting(InMemory):
    """Accounts that know how often they were asked."""

    asked = 0

    async def reserve(self, hold: str, claims: list[Claim]) -> Shortage | None:  # type: ignore[override]
        """As always."""
        self.asked += 1
        return await super().reserve(hold, claims)


class House:
    """The house.

    Args:
        limits: Of the one organisation that calls.
        slowest_s: How long accounts take at most.
        wait_s: How long calls wait.

    Attributes:
        said: What became of calls, in this order: name, `granted` or `refused`, when.
    """

    def __init__(self, *limits: Limit, slowest_s: float = 0.0, wait_s: float = 5.0, seed: int = 0) -> None:
        self.loop = Timeline()
        self.clock = LoopClock(self.loop, NOW_S)
        random = Random(seed)
        self.tables = Tables(self.clock, random, slowest_s)
        self.accounts = Counting(self.tables, "w")
        prices = PriceList({"p": None}, Counter())
        self.models = Models(random, Counter(), prices)
        needs = Needs(prices, Counter(), EDITORS, self.clock.now)
        marks = Marks(self.accounts, self.clock, Unheard())
        scopes = Scopes([Rule("org", None, limit) for limit in limits])
        self.room = BudgetRoom(BudgetSettings(wait_s=wait_s), scopes, self.accounts, needs, marks, Unheard())
        self.said: list[tuple[str, str, float]] = []

    def run(self, story: Coroutine[Any, Any, None]) -> None:
        """Run a story to its end."""
        try:
            self.loop.run_until_complete(story)
        finally:
            self.loop.close()

    def hold(self, name: str, *, unhurried: bool = False, within_s: float | None = None, short: bool = True) -> Hold:
        """What a call may spend."""
        deadline_s = None if within_s is None else self.loop.time() + within_s
        ask = replace(SHORT if short else ASK, trace_id=name, deadline_s=deadline_s)
        route = Route(feature="f", query_type="q", targets=TARGETS[1:], policy=POLICIES[unhurried])
        record = Record(self.models, self.clock.now())
        hold = self.room.hold(ask, Caller(key_id="k", key_name="k", org_id="acme"), route, record)
        assert not isinstance(hold, Free)
        return hold

    def call(self, name: str, lasts_s: float, **how: Any) -> "asyncio.Task[None]":
        """A call that is under way for so long once it is granted."""
        return self.loop.create_task(self._call(name, lasts_s, how))

    async def _call(self, name: str, lasts_s: float, how: dict[str, Any]) -> None:
        try:
            async with self.hold(name, **how):
                self.said.append((name, "granted", round(self.loop.time(), 1)))
                await asyncio.sleep(lasts_s)
        except RefusedError:
            self.said.append((name, "refused", round(self.loop.time(), 1)))

    def left(self) -> tuple[int, int]:
        """What is reserved on all accounts together, and how many holds there are."""
        reserved = self.tables.db.execute("SELECT coalesce(sum(reserved), 0) FROM accounts").fetchone()[0]
        return int(reserved), int(self.tables.db.execute("SELECT count(*) FROM holds").fetchone()[0])
