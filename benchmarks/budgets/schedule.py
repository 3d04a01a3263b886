"""Runs one schedule against the product's budgets, and says what did not hold."""

import asyncio
from collections import Counter as Tally
from pathlib import Path
from random import Random

import apsw
from msgspec import Struct
from msgspec.structs import replace

from benchmarks.budgets.keepers import LEASE_S, InMemory, OnFile, Tables
from benchmarks.budgets.plans import Call, Plan
from benchmarks.budgets.provider import ASKS, EDITORS, TARGETS, Counter, Models, Record, longer
from benchmarks.budgets.timeline import LoopClock, Timeline
from headworks.budgets.accounts.protocol import Settlement
from headworks.budgets.holds.hold import Hold
from headworks.budgets.holds.needs import Needs
from headworks.budgets.holds.room import SETTLE_AGAIN_S, BudgetRoom, Free
from headworks.budgets.holds.scopes import Counted, Scopes
from headworks.budgets.holds.watch.marks import Marks
from headworks.budgets.prices import PriceList
from headworks.core.billing import Bill
from headworks.core.errors import RefusedError, StoreError
from headworks.core.messages import Ask, Caller, Route
from headworks.core.people.alerting import Unheard
from headworks.core.policy import PATTERNS, Policy

_USUAL, _UNHURRIED = Policy(), Policy(patience=PATTERNS["background"], unhurried=True)
_Keeper = InMemory | OnFile


NEVER = (
    "overshoot_nano",
    "overshoot_tokens",
    "beyond_reserved",
    "left_reserved",
    "left_holds",
    "double",
    "wrong_sums",
    "never_settled",
)
"""Of a verdict, what has to be nothing."""


class Verdict(Struct):
    """Of schedules, added up.

    Attributes:
        overshoot_nano: Settled beyond a budget in money, all accounts together; `overshoot_tokens` likewise.
        beyond_reserved: How often a call settled at more than it had reserved on an account.
        left_reserved: Accounts with something reserved when all was over; `left_holds` likewise.
        double: Settlements made twice.
        wrong_sums: Accounts that owe something else than what their calls settled at.
        never_settled: Calls of living workers whose hold was granted and not settled.
    """

    schedules: int = 0
    calls: int = 0
    refused: int = 0
    cancelled: int = 0
    killed: int = 0
    settled: int = 0
    overshoot_nano: int = 0
    overshoot_tokens: int = 0
    beyond_reserved: int = 0
    left_reserved: int = 0
    left_holds: int = 0
    double: int = 0
    wrong_sums: int = 0
    never_settled: int = 0

    def add(self, other: "Verdict") -> None:
        """More of them."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def sound(self) -> bool:
        """Whether all held."""
        return not any(getattr(self, name) for name in NEVER)


class Worker:
    """A worker: its accounts, its room, and the calls it makes."""

    def __init__(self, keeper: _Keeper, room: BudgetRoom) -> None:
        self.keeper = keeper
        self.room = room
        self.tasks: set[asyncio.Task[None]] = set()
        self.alive = True

    def kill(self) -> None:
        """As `kill -9`."""
        self.alive = False
        self.keeper.kill()
        for task in self.tasks:
            task.cancel()


class Schedule:
    """One schedule.

    Args:
        plan: What happens.
        random: Decides what answers use, and how long accounts take.
        loop: Its time.
        folder: Where the product's own accounts are kept; None for those in memory.
    """

    def __init__(self, plan: Plan, random: Random, loop: Timeline, folder: Path | None) -> None:
        self.plan = plan
        self.verdict = Verdict(schedules=1, calls=len(plan.calls))
        self._loop = loop
        self._folder = folder
        self._clock = LoopClock(loop, plan.begins_s)
        self._tables = Tables(self._clock, random, plan.slowest_s)
        self._counter = _COUNTER
        self._prices = PriceList({"p": None}, self._counter)
        self._models = Models(random, self._counter, self._prices)
        self._random = random
        self._scopes = Scopes(plan.rules)
        self._workers: list[Worker] = []
        self._keepers: list[_Keeper] = []
        self._limits: dict[str, Counted] = {}
        self._bills: dict[str, tuple[tuple[Counted, ...], Bill]] = {}
        self._whole: set[str] = set()

    async def run(self) -> Verdict:
        """Run it, wait until all is over, and look at the books."""
        for _ in range(self.plan.workers):
            self._workers.append(await self._worker())
        accidents = [self._loop.create_task(self._jump(*jump)) for jump in self.plan.jumps]
        if self.plan.away is not None:
            accidents.append(self._loop.create_task(self._away(*self.plan.away)))
        if self.plan.kill is not None:
            accidents.append(self._loop.create_task(self._kill(*self.plan.kill)))
        calls = [self._loop.create_task(self._arrive(number, call)) for number, call in enumerate(self.plan.calls)]
        await asyncio.gather(*calls, *accidents)
        await self._calm()
        await self._look()
        for worker in self._workers:
            await worker.keeper.stop()
        return self.verdict

    async def _worker(self) -> Worker:
        keeper: _Keeper
        if self._folder is None:
            keeper = InMemory(self._tables, f"w{len(self._keepers)}")
        else:
            keeper = OnFile(self._folder, self._clock)
        self._keepers.append(keeper)
        needs = Needs(self._prices, self._counter, EDITORS, self._clock.now)
        marks = Marks(keeper, self._clock, Unheard())
        room = BudgetRoom(self.plan.settings, self._scopes, keeper, needs, marks, Unheard())
        while True:
            try:
                await keeper.start()
            except StoreError:
                await asyncio.sleep(0.5)
            else:
                return Worker(keeper, room)

    async def _arrive(self, number: int, call: Call) -> None:
        await asyncio.sleep(call.at_s)
        worker = self._workers[call.worker]
        task = self._loop.create_task(self._call(f"t{number}", call, worker))
        worker.tasks.add(task)
        if call.cancel_after is not None:
            for _ in range(call.cancel_after):
                await asyncio.sleep(0)
            task.cancel()
        elif call.cancel_at_s is not None:
            self._loop.call_later(call.cancel_at_s, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            self.verdict.cancelled += 1
        except RefusedError:
            self.verdict.refused += 1
        except StoreError:
            self.verdict.refused += 1
        worker.tasks.discard(task)

    async def _call(self, trace_id: str, call: Call, worker: Worker) -> None:
        ask = replace(
            ASKS[call.ask], trace_id=trace_id, user_id=f"u{call.user}", tags={"team": "search"} if call.user else {}
        )
        caller = Caller(
            key_id=f"k{call.key}",
            key_name="k",
            org_id="acme",
            team_id="t",
            user_id="u",
            limits=self.plan.key_limits[call.key],
        )
        route = Route(
            feature=f"f{call.feature}",
            query_type="q",
            targets=tuple(TARGETS[place] for place in call.targets),
            policy=_UNHURRIED if call.unhurried else _USUAL,
        )
        record = Record(self._models, self._clock.now())
        hold = worker.room.hold(ask, caller, route, record)
        if isinstance(hold, Free):
            return
        self._count(trace_id, self._scopes.of(ask, caller, route, self._clock.now()), record)
        async with hold:
            self._whole.add(trace_id)
            await self._pursue(call, hold, record)

    def _count(self, trace_id: str, counted: tuple[Counted, ...], record: Record) -> None:
        self._bills[trace_id] = counted, record.bill()
        for one in counted:
            known = self._limits.get(one.account)
            if known is None or one.limit.most > known.limit.most:  # a key's own may be tighter than the rule
                self._limits[one.account] = one

    async def _pursue(self, call: Call, hold: Hold, record: Record) -> None:
        """As the providers room does: attempt after attempt, each covered before it is sent."""
        ask = hold.ask
        for place, (end, lasts_s) in enumerate(zip(call.ends, call.lasts_s, strict=True)):
            target = hold.route.targets[place % len(hold.route.targets)]
            if place:
                await hold.cover(target, ask)
            used = self._models.attempt(target, ask)
            record.begins(used)
            if place == 0 and call.hedged:
                await asyncio.sleep(lasts_s / 2)
                await self._beside(hold, record, ask)
            await asyncio.sleep(lasts_s)
            if end == "ok":
                return
            if end == "early":
                record.ends(self._random.random())
                return
            record.ends(-1 if end == "free" else self._random.random())
            if end == "paid":
                ask = longer(ask)

    async def _beside(self, hold: Hold, record: Record, ask: Ask) -> None:
        """A second attempt beside the first, when it is paid for. Both are billed."""
        first, second = hold.route.targets[0], hold.route.targets[-1]
        try:
            await hold.cover(second, ask, beside=first)
        except (RefusedError, StoreError):
            return
        record.ends(self._random.choice((1.0, self._random.random())), self._models.attempt(second, ask))

    async def _jump(self, at_s: float, seconds: float) -> None:
        await asyncio.sleep(at_s)
        self._clock.jump(seconds)

    async def _away(self, from_s: float, until_s: float) -> None:
        await asyncio.sleep(from_s)
        self._tables.away = True
        await asyncio.sleep(until_s - from_s)
        self._tables.away = False

    async def _kill(self, at_s: float, steps: int) -> None:
        await asyncio.sleep(at_s)
        for _ in range(steps):
            await asyncio.sleep(0)
        worker = self._workers[0]
        self.verdict.killed += len(worker.tasks)
        worker.kill()
        await asyncio.sleep(0)
        self._workers[0] = await self._worker()

    async def _calm(self) -> None:
        """Until late settlements are made, and leases of the killed have ended."""
        await asyncio.sleep(max(3 * SETTLE_AGAIN_S, LEASE_S + 1))  # not to the instant: floats are rounded
        await self._workers[0].keeper.sweep()

    async def _look(self) -> None:
        keeper, verdict = self._workers[0].keeper, self.verdict
        first = Tally(hold for one in self._keepers for hold in one.settled_first)
        for hold in list(first)[:2]:  # once more, as whoever lost an answer would
            counted, _ = self._bills[hold]
            verdict.double += await keeper.settle(hold, [], Settlement(amounts={one.account: 1 for one in counted}))
        verdict.double += sum(count - 1 for count in first.values())
        verdict.settled = len(first)
        verdict.beyond_reserved = sum(one.beyond for one in self._keepers)
        db = self._tables.db if self._folder is None else apsw.Connection(str(self._folder / "budgets.sqlite"))
        self._books(db, set(first))
        if self._folder is not None:
            db.close()

    def _books(self, db: apsw.Connection, settled: set[str]) -> None:
        verdict = self.verdict
        due: Tally[str] = Tally()
        for hold in settled:
            counted, bill = self._bills[hold]
            for one in counted:
                due[one.account] += _due(one, bill)
        for name, spent, reserved in db.execute("SELECT name, spent, reserved FROM accounts").fetchall():
            verdict.left_reserved += reserved != 0
            one = self._limits[str(name)]
            if one.limit.is_budget:
                over = max(0, spent - one.limit.most)
                if one.limit.unit == "usd":
                    verdict.overshoot_nano += over
                else:
                    verdict.overshoot_tokens += over
                verdict.wrong_sums += spent != due[str(name)]
        verdict.left_holds += db.execute("SELECT count(*) FROM holds").fetchone()[0]
        if self.plan.kill is None:
            verdict.never_settled += len(self._whole - settled)


_COUNTER = Counter()


def _due(one: Counted, bill: Bill) -> int:
    """What a call owes to an account, worked out apart from the product."""
    part = bill if one.scope != "model" else bill.by_model.get(one.name)
    if part is None or not one.limit.is_budget:
        return 0
    return part.nano if one.limit.unit == "usd" else part.tokens
