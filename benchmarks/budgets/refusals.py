"""How many calls are refused that would have fitted, had they waited until all that was under way had settled.

A budget is brought to 85% of its cap; then calls come, several at once, until they have used ten percent more, so that
its use is about 90% meanwhile. Each reserves its most and uses about a third of it. A refusal is false when the call at
its shortest (`least_max_tokens`) would have fitted beside what was spent by then and what the calls that were under
way came to use.
"""

import asyncio
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.budgets.keepers import InMemory, Tables
from benchmarks.budgets.provider import ASKS, EDITORS, TARGETS, Counter, Models, Record
from benchmarks.budgets.timeline import LoopClock, Timeline
from headworks.budgets.accounts.protocol import Claim, Settlement
from headworks.budgets.config import BudgetSettings
from headworks.budgets.holds.needs import Needs
from headworks.budgets.holds.room import BudgetRoom
from headworks.budgets.holds.scopes import Scopes, account_name
from headworks.budgets.holds.watch.marks import Marks
from headworks.budgets.prices import PriceList
from headworks.core.errors import RefusedError
from headworks.core.limits import Limit, Rule
from headworks.core.messages import Caller, Route
from headworks.core.people.alerting import Unheard

BEGINS_S = 1_770_000_000.0
AT_ONCE = 8
SIZES = (50, 75, 100, 200, 1_000)
"""Of caps, in calls at their most."""
BEFORE, AFTER = 0.85, 0.95
_CALLER = Caller(key_id="k", key_name="k", org_id="acme")
_ROUTE = Route(feature="f", query_type="q", targets=(TARGETS[1],))
_ASK = next(ask for ask in ASKS if EDITORS["openai"].max_tokens(ask) == 400)
_Z = 1.96


class Crowd(Struct):
    """Of the runs with a cap of `size` calls at their most, added up.

    Calls of one run stand in each other's way: the interval is that of a ratio over runs, not over calls. Where none
    was refused falsely, its end is Wilson's over calls.

    Attributes:
        use: Sum of the shares of the cap that were spent, one a call.
        squares: Sums over runs of falsely refused squared, of the product with calls, and of calls squared.
    """

    size: int
    calls: int = 0
    refused: int = 0
    falsely: int = 0
    use: float = 0.0
    squares: tuple[int, int, int] = (0, 0, 0)

    def add(self, run: "Crowd") -> None:
        """One run more."""
        self.calls += run.calls
        self.refused += run.refused
        self.falsely += run.falsely
        self.use += run.use
        products = (run.falsely**2, run.falsely * run.calls, run.calls**2)
        self.squares = tuple(map(sum, zip(self.squares, products, strict=True)))  # type: ignore[assignment]

    def row(self) -> str:
        """A row of the table."""
        share, calls = self.falsely / self.calls, self.calls
        falsely2, product, calls2 = self.squares
        half = _Z * max(0.0, falsely2 - 2 * share * product + share**2 * calls2) ** 0.5 / calls
        high = share + half if self.falsely else _Z**2 / (calls + _Z**2)
        between = f"{share:.3%} ({max(0.0, share - half):.3%} to {high:.3%})"
        return f"| {self.size} | {calls} | {self.refused} | {self.falsely} | {between} | {self.use / calls:.1%} |"


class _Call(Struct):
    """What a call came to use."""

    nano: int = 0


def crowded(loop: Timeline, random: Random, size: int, wait_s: float) -> Crowd:
    """One run."""
    return loop.run_until_complete(_Run(loop, random, size, wait_s).run())


class _Run:
    def __init__(self, loop: Timeline, random: Random, size: int, wait_s: float) -> None:
        self._loop = loop
        self._random = random
        self._clock = LoopClock(loop, BEGINS_S)
        counter, prices = Counter(), PriceList({"p": None}, Counter())
        self._models = Models(random, counter, prices, most_share=0.6)
        self._needs = Needs(prices, counter, EDITORS, self._clock.now)
        tokens = counter.true(TARGETS[1], _ASK)
        self._least = (
            self._needs.of(TARGETS[1], self._needs.limited(_ASK, 64, TARGETS[1]), tokens, priced=True).nano or 0
        )
        most = self._needs.of(TARGETS[1], _ASK, self._needs.bound(TARGETS[1], _ASK), priced=True).nano or 0
        self._cap = most * size
        limit = Limit("usd", "month", self._cap)
        self._account = account_name("org", "acme", limit, BEGINS_S)
        self._keeper = InMemory(Tables(self._clock, random, 0.0), "w")
        marks = Marks(self._keeper, self._clock, Unheard())
        scopes = Scopes([Rule("org", "acme", limit)])
        self._room = BudgetRoom(BudgetSettings(wait_s=wait_s), scopes, self._keeper, self._needs, marks, Unheard())
        self._under_way: list[_Call] = []
        self._doubtful: list[tuple[int, list[_Call]]] = []
        self._crowd = Crowd(size)

    async def run(self) -> Crowd:
        """So many callers at once, each making a call after the other."""
        claim = Claim(self._account, "sum", 0, self._cap)
        used = round(self._cap * BEFORE)
        await self._keeper.settle("before", [claim], Settlement(amounts={self._account: used}, nano=used))
        await asyncio.gather(*(self._caller(number) for number in range(AT_ONCE)))
        for spent, beside in self._doubtful:
            self._crowd.falsely += spent + sum(call.nano for call in beside) + self._least <= self._cap
        return self._crowd

    async def _caller(self, number: int) -> None:
        place = 0
        while True:
            await asyncio.sleep(self._random.random())
            spent = (await self._keeper.balances([self._account]))[0].spent
            if spent >= AFTER * self._cap:
                return
            place += 1
            self._crowd.calls += 1
            self._crowd.use += spent / self._cap
            await self._call(f"{number}.{place}")

    async def _call(self, trace_id: str) -> None:
        record, call = Record(self._models, self._clock.now()), _Call()
        try:
            async with self._room.hold(replace(_ASK, trace_id=trace_id), _CALLER, _ROUTE, record) as hold:
                self._under_way.append(call)
                record.begins(self._models.attempt(TARGETS[1], hold.ask))
                await asyncio.sleep(0.5 + self._random.random() * 7.5)
                record.ends(1.0)
                call.nano = record.bill().nano
        except RefusedError:
            self._crowd.refused += 1
            spent = (await self._keeper.balances([self._account]))[0].spent
            self._doubtful.append((spent, list(self._under_way)))
        else:
            self._under_way.remove(call)
