"""Whatever calls, failures, kills and clocks do, in any order: no budget is overdrawn, and nothing stays reserved.

The budgets and the file are the product's; the time is made up, and so are providers that honour `max_tokens`.
`python -m benchmarks.budgets` does the same at length.
"""

import asyncio
import tempfile
from pathlib import Path
from random import Random

import apsw
from benchmarks.budgets.keepers import OnFile
from benchmarks.budgets.provider import ASKS, EDITORS, TARGETS, Counter, Models, Record, longer
from benchmarks.budgets.timeline import LoopClock, Timeline
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from headworks.budgets.accounts.protocol import Settlement
from headworks.budgets.config import BudgetSettings
from headworks.budgets.holds.hold import Hold
from headworks.budgets.holds.needs import Needs
from headworks.budgets.holds.room import BudgetRoom
from headworks.budgets.holds.scopes import Counted, Scopes
from headworks.budgets.holds.watch.marks import Marks
from headworks.budgets.prices import PriceList
from headworks.core.billing import Bill
from headworks.core.errors import RefusedError
from headworks.core.limits import Limit, Rule
from headworks.core.messages import Caller, Route
from headworks.core.people.alerting import Unheard
from headworks.core.policy import PATTERNS, Policy

CENT = 10_000_000
BEFORE_MONTH_ENDS_S = 1_769_903_990.0


def rules(cent: int) -> tuple[Rule, ...]:
    """Limits that calls of these stories reach; one costs up to a third of a cent."""
    return (
        Rule("gateway", None, Limit("usd", "day", 2 * cent)),
        Rule("org", None, Limit("usd", "total", 5 * cent)),
        Rule("model", "dear", Limit("usd", "month", cent)),
        Rule("end_user", None, Limit("tokens", "week", cent // 5_000)),
        Rule("key", None, Limit("calls", "now", 6)),
        Rule("feature", None, Limit("tokens", "minute", 20_000)),
    )


POLICIES = {False: Policy(), True: Policy(patience=PATTERNS["background"], unhurried=True)}
ROUTES = st.sampled_from([(0,), (1,), (0, 1), (1, 0)])
ENDS = st.sampled_from(["ok", "early", "free", "paid", "hedge"])
SOME = st.integers(0, 20)


class Budgets(RuleBasedStateMachine):
    """Two workers with a file between them."""

    @initialize(
        seed=st.integers(0, 1000),
        wait_s=st.sampled_from([0.0, 2.0]),
        least=st.sampled_from([1, 64]),
        cents=st.sampled_from([0.3, 0.6, 1.0, 2.0]),
    )
    def begin(self, seed: int, wait_s: float, least: int, cents: float) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.loop = Timeline()
        self.clock = LoopClock(self.loop, BEFORE_MONTH_ENDS_S)
        self.settings = BudgetSettings(wait_s=wait_s, least_max_tokens=least, default_max_tokens=200)
        self.scopes, self.counter, self.prices = (
            Scopes(rules(round(cents * CENT))),
            Counter(),
            PriceList({"p": None}, Counter()),
        )
        self.models = Models(Random(seed), self.counter, self.prices, whole_share=0.8)
        self.keepers: list[OnFile] = []
        self.workers = [self.worker(), self.worker()]
        self.calls: list[tuple[asyncio.Task[None], asyncio.Queue[str], int]] = []
        self.bills: dict[str, tuple[tuple[Counted, ...], Bill]] = {}

    def worker(self) -> BudgetRoom:
        keeper = OnFile(Path(self.folder.name), self.clock)
        self.loop.run_until_complete(keeper.start())
        self.keepers.append(keeper)
        needs = Needs(self.prices, self.counter, EDITORS, self.clock.now)
        marks = Marks(keeper, self.clock, Unheard())
        return BudgetRoom(self.settings, self.scopes, keeper, needs, marks, Unheard())

    def after(self, steps: int) -> None:
        async def some() -> None:
            for _ in range(steps):
                await asyncio.sleep(0)

        self.loop.run_until_complete(some())

    @rule(
        comes=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 14), ROUTES, st.booleans()), min_size=1, max_size=3)
    )
    def calls_come(self, comes: list[tuple[int, int, tuple[int, ...], bool]]) -> None:
        for call in comes:
            self.call(*call)
        self.after(3)

    def call(self, place: int, ask: int, models: tuple[int, ...], wait: bool) -> None:
        inbox: asyncio.Queue[str] = asyncio.Queue()
        name = f"t{len(self.bills)}"
        asked = replace(ASKS[ask], trace_id=name, user_id=f"u{ask % 2}", deadline_s=self.loop.time() + 30)
        caller = Caller(key_id="k", key_name="k", org_id="acme")
        route = Route(feature="f", query_type="q", targets=tuple(TARGETS[one] for one in models), policy=POLICIES[wait])
        record = Record(self.models, self.clock.now())
        self.bills[name] = self.scopes.of(asked, caller, route, self.clock.now()), record.bill()
        hold = self.workers[place].hold(asked, caller, route, record)
        assert isinstance(hold, Hold)
        self.calls.append((self.loop.create_task(self.called(hold, record, inbox)), inbox, place))

    async def called(self, hold: Hold, record: Record, inbox: "asyncio.Queue[str]") -> None:
        try:
            async with hold:
                ask, targets = hold.ask, hold.route.targets
                record.begins(self.models.attempt(targets[0], ask))
                while (what := await inbox.get()) not in ("ok", "early"):
                    if what == "hedge":
                        await hold.cover(targets[-1], ask, beside=targets[0])
                        record.ends(1.0, self.models.attempt(targets[-1], ask))
                    record.ends(-1 if what == "free" else 0.7)
                    ask = ask if what == "free" else longer(ask)
                    await hold.cover(targets[-1], ask)
                    record.begins(self.models.attempt(targets[-1], ask))
                record.ends(1.0 if what == "ok" else 0.2)
        except RefusedError:
            return

    @rule(which=SOME, becomes=st.lists(ENDS, min_size=1, max_size=3), steps=st.integers(0, 6))
    def something_becomes_of_a_call(self, which: int, becomes: list[str], steps: int) -> None:
        if self.calls:
            for what in becomes:
                self.calls[which % len(self.calls)][1].put_nowait(what)
            self.after(steps)

    @rule(which=SOME, steps=st.integers(0, 6))
    def a_call_is_cancelled(self, which: int, steps: int) -> None:
        if self.calls:
            self.calls[which % len(self.calls)][0].cancel()
            self.after(steps)

    @rule(place=st.integers(0, 1))
    def a_worker_is_killed(self, place: int) -> None:
        keeper = self.workers[place].accounts
        assert isinstance(keeper, OnFile)
        keeper.kill()
        for task, _, of in self.calls:
            if of == place:
                task.cancel()
        self.after(4)
        self.calls = [call for call in self.calls if call[2] != place]
        self.workers[place] = self.worker()

    @rule(seconds=st.sampled_from([0.1, 3.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))

    @rule(days=st.sampled_from([-40, -1, 1, 8]))
    def the_clock_jumps(self, days: int) -> None:
        self.clock.jump(days * 86_400.0)

    @rule(which=SOME)
    def a_settlement_is_made_again(self, which: int) -> None:
        settled = [hold for keeper in self.keepers for hold in keeper.settled_first]
        if settled:
            hold = settled[which % len(settled)]
            again = Settlement(amounts={one.account: 9 for one in self.bills[hold][0]})
            assert not self.loop.run_until_complete(self.workers[0].accounts.settle(hold, [], again))

    @invariant()
    def no_budget_is_overdrawn_and_each_owes_what_was_settled(self) -> None:
        if not hasattr(self, "loop"):
            return
        settled = [hold for keeper in self.keepers for hold in keeper.settled_first]
        assert len(settled) == len(set(settled))
        assert not any(keeper.beyond for keeper in self.keepers), "a call used more than it had reserved"
        limits = {one.account: one for counted, _ in self.bills.values() for one in counted}
        for name, spent, reserved in self.rows("SELECT name, spent, reserved FROM accounts"):
            one = limits[name]
            assert reserved >= 0
            if one.limit.window != "minute":
                assert spent + reserved <= one.limit.most, f"{name} is overdrawn"
            if one.limit.is_budget:
                assert spent == sum(self.due(name, hold) for hold in settled)

    def due(self, account: str, hold: str) -> int:
        counted, bill = self.bills[hold]
        one = next((one for one in counted if one.account == account), None)
        part = None if one is None else bill if one.scope != "model" else bill.by_model.get(one.name)
        if one is None or part is None:
            return 0
        return part.nano if one.limit.unit == "usd" else part.tokens

    def rows(self, sql: str) -> list[tuple[str, int, int]]:
        db = apsw.Connection(str(Path(self.folder.name, "budgets.sqlite")), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return [(str(name), int(spent), int(reserved)) for name, spent, reserved in db.execute(sql)]
        finally:
            db.close()

    def teardown(self) -> None:
        """When all calls are over, nothing is reserved and no hold is left."""
        if not hasattr(self, "loop"):
            return
        for _, inbox, _ in self.calls:
            inbox.put_nowait("ok")
        for task, _, _ in self.calls:
            self.loop.run_until_complete(asyncio.wait([task]))
        self.loop.run_until_complete(asyncio.sleep(5))
        self.loop.run_until_complete(self.workers[0].accounts.sweep())
        assert not any(reserved for _, _, reserved in self.rows("SELECT name, spent, reserved FROM accounts"))
        assert self.rows("SELECT hold, 0, 0 FROM holds") == []
        for room in self.workers:
            self.loop.run_until_complete(room.accounts.stop())
        self.loop.close()
        self.folder.cleanup()


class TestBudgetsHoldInAnyOrder(Budgets.TestCase):
    """A few seconds of it."""

    settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
