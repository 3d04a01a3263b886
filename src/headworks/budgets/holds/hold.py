"""One call's share of its limits: reserved before anything is sent, settled once when it is over.

What is reserved is the most that the attempt under way can cost, beside what earlier attempts did cost: it is raised
before another one is sent, or that one is not sent. So a retry can no more go beyond a budget than a first try. The
prompt is counted by a bound that is never too low; only when that does not fit is it counted exactly. When what others
have reserved is in the way, the call waits a moment for them to settle. When a budget pays for a part of the answer,
`max_tokens` is made smaller, which the record and a header say.
"""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from msgspec.structs import replace

from headworks.budgets.accounts.protocol import Accounts, Claim, Settlement, Shortage
from headworks.budgets.config import BudgetSettings
from headworks.budgets.holds.marks import Marks
from headworks.budgets.holds.meter import metered
from headworks.budgets.holds.needs import Need, Needs, longest
from headworks.budgets.holds.refusals import pace_left, refusal, unpriced
from headworks.budgets.holds.scopes import Counted
from headworks.core.billing import Bill
from headworks.core.clock import Clock
from headworks.core.limits import Pace
from headworks.core.messages import Ask, Route, Target
from headworks.core.protocols import OpenTrace
from headworks.core.replies import Reply

LOOK_AGAIN_S = 0.05
"""How often a call that waits asks again: others may settle in another process."""


class Desk(Protocol):
    """What all holds share."""

    settings: BudgetSettings
    accounts: Accounts
    needs: Needs
    clock: Clock
    marks: Marks

    async def freed(self, at_most_s: float) -> None:
        """Return when a call of this process has settled, or after so many seconds."""

    async def settle(self, hold: str, claims: Sequence[Claim], settlement: Settlement) -> None:
        """Settle, however long that takes; never raises."""


class Hold:
    """Satisfies `core.protocols.Hold`.

    Args:
        desk: What it shares.
        ask: The call, its `max_tokens` already within what the feature allows.
        route: Its targets. Those without a price are left out where money counts.
        counted: The limits it has to fit; none for a call that has none.
        trace: Its record.
    """

    __slots__ = (
        "_bound",
        "_claims",
        "_counted",
        "_desk",
        "_measured",
        "_money",
        "_trace",
        "ask",
        "route",
    )

    def __init__(self, desk: Desk, ask: Ask, route: Route, counted: tuple[Counted, ...], trace: OpenTrace) -> None:
        self.ask = ask
        self.route = route
        self._desk = desk
        self._counted = counted
        self._trace = trace
        self._money = any(one.limit.unit == "usd" for one in counted)
        self._bound = any(one.limit.unit in ("usd", "tokens") for one in counted)
        self._claims: list[Claim] = []
        self._measured = False

    async def __aenter__(self) -> "Hold":
        try:
            await self._open()
        except asyncio.CancelledError:
            if self._claims:  # perhaps they were granted before we heard of it
                await self._desk.settle(self.ask.trace_id, self._claims, Settlement(amounts={}))
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        bill = self._trace.concluded(error)
        amounts = {
            claim.account: _used(counted, claim, bill)
            for counted, claim in zip(self._counted, self._claims, strict=True)
        }
        settlement = Settlement(amounts=amounts, nano=bill.nano, tokens=bill.tokens)
        await self._desk.settle(self.ask.trace_id, self._claims, settlement)
        self._desk.marks.touched(self._counted)

    def metered(self, reply: Reply) -> Reply:
        """The same reply, cut where it goes far beyond what was reserved for it."""
        most = self._desk.needs.max_tokens(self.ask) if self._bound else None
        return reply if most is None else metered(reply, most, self._trace)

    async def cover(self, target: Target, ask: Ask, beside: Target | None = None) -> None:
        """Raise the hold to pay for an attempt more; `beside` is whom one asks that is under way.

        Raises:
            RefusedError: A limit does not pay for it.
            StoreError: The accounts cannot be reached.
        """
        if not self._bound:
            return
        targets = [target] if beside is None else [beside, target]
        under_way = [(one.name, await self._need(one, ask)) for one in targets]
        bill = self._trace.bill()
        claims = [
            _raised(counted, claim, bill, under_way) for counted, claim in zip(self._counted, self._claims, strict=True)
        ]
        if claims == self._claims:
            return
        shortage = await self._desk.accounts.reserve(self.ask.trace_id, claims)
        if shortage is not None:
            place = shortage.place
            raise refusal(self._counted[place], claims[place], shortage, self._desk.clock.now())
        self._claims = claims

    async def _need(self, target: Target, ask: Ask) -> Need:
        needs = self._desk.needs
        tokens = await needs.measured(target, ask) if self._measured else needs.bound(target, ask)
        return needs.of(target, ask, tokens, priced=self._money)

    async def _open(self) -> None:
        """Reserve for the first attempt, at the dearest of the targets.

        Raises:
            RefusedError: A limit does not pay for it.
            StoreError: The accounts cannot be reached.
        """
        needs, ask = self._desk.needs, self.ask
        self._limit_answer()
        tokens = {target.name: needs.bound(target, self.ask) for target in self.route.targets} if self._bound else {}
        if self._money:
            self._leave_out_unpriced(tokens)
        until_s = self._desk.clock.monotonic() + self._desk.settings.wait_s
        while (shortage := await self._reserve(tokens)) is not None:
            counted, claim = self._counted[shortage.place], self._claims[shortage.place]
            if self._bound and not self._measured and counted.limit.unit in ("usd", "tokens"):
                self._measured = True
                for target in self.route.targets:
                    tokens[target.name] = await needs.measured(target, self.ask)
            elif shortage.for_now(claim) and self._desk.clock.monotonic() < until_s:
                await self._desk.freed(LOOK_AGAIN_S)
            elif not self._shortened(shortage, tokens):
                raise refusal(counted, claim, shortage, self._desk.clock.now())
        await self._note_paces()
        if self.ask is not ask:
            self._trace.adapted(f"max_tokens={needs.max_tokens(self.ask)}")

    async def _note_paces(self) -> None:
        """Say how much is left of the tightest rate limits, for clients that keep to them by themselves."""
        paced = [one for one in self._counted if one.limit.window == "minute"]
        if not paced:
            return
        now_us = round(self._desk.clock.now() * 1_000_000)
        balances = await self._desk.accounts.balances([one.account for one in paced])
        tightest: dict[str, Pace] = {}
        for one, balance in zip(paced, balances, strict=True):
            limit = one.limit
            left = max(0, pace_left(balance.spent, now_us, limit.most))
            full_in_s = max(0.0, (balance.spent - now_us) / 1_000_000)
            if limit.unit not in tightest or left < tightest[limit.unit].left:
                tightest[limit.unit] = Pace(limit.unit, limit.most, left, full_in_s)
        self._trace.paced(list(tightest.values()))

    def _limit_answer(self) -> None:
        """What is not limited cannot be reserved for: a call that says no `max_tokens` is given one."""
        needs, ask = self._desk.needs, self.ask
        if not self._bound or ask.kind not in ("chat", "completion") or needs.max_tokens(ask) is not None:
            return
        written = [needs.most_written(target) for target in self.route.targets]
        known = [most for most in written if most is not None]
        self.ask = needs.limited(ask, min([self._desk.settings.default_max_tokens, *known]), self.route.targets[0])

    def _leave_out_unpriced(self, tokens: dict[str, int]) -> None:
        targets = self.route.targets
        priced = tuple(
            target
            for target in targets
            if self._desk.needs.of(target, self.ask, tokens[target.name], priced=True).nano is not None
        )
        if not priced:
            raise unpriced(targets)
        if len(priced) < len(targets):
            self.route = replace(self.route, targets=priced)

    async def _reserve(self, tokens: dict[str, int]) -> Shortage | None:
        self._claims = self._wanted(self.ask, tokens)
        return await self._desk.accounts.reserve(self.ask.trace_id, self._claims)

    def _wanted(self, ask: Ask, tokens: dict[str, int]) -> list[Claim]:
        """What the first attempt claims, whichever of the targets it asks."""
        needs: dict[str, Need] = {}
        if self._bound:
            for target in self.route.targets:
                needs[target.name] = self._desk.needs.of(target, ask, tokens[target.name], priced=self._money)
        return [_first_claim(counted, needs) for counted in self._counted]

    def _shortened(self, shortage: Shortage, tokens: dict[str, int]) -> bool:
        """Whether a smaller answer fits; then it is what the call asks for."""
        counted, claim = self._counted[shortage.place], self._claims[shortage.place]
        wanted = self._desk.needs.max_tokens(self.ask)
        if wanted is None or not counted.limit.is_budget or claim.most is None:
            return False
        room = claim.most - shortage.balance.spent - shortage.balance.reserved

        def fits(max_tokens: int) -> bool:
            ask = self._desk.needs.limited(self.ask, max_tokens, self.route.targets[0])
            return self._wanted(ask, tokens)[shortage.place].amount <= room

        least = min(self._desk.settings.least_max_tokens, wanted)
        most = longest(fits, wanted - 1) if wanted > 1 else 0
        if most < least:
            return False
        self.ask = self._desk.needs.limited(self.ask, most, self.route.targets[0])
        return True


def _raised(counted: Counted, claim: Claim, bill: Bill, under_way: list[tuple[str, Need]]) -> Claim:
    """A claim that pays for what was used and for what is under way; never less than it was."""
    if counted.limit.unit in ("requests", "calls"):
        return claim
    of = [need for name, need in under_way if counted.scope != "model" or name == counted.name]
    amount = _used(counted, claim, bill) + sum(_amount(counted, need) for need in of)
    return claim if amount <= claim.amount else Claim(claim.account, claim.kind, amount, claim.most)


def _first_claim(counted: Counted, needs: dict[str, Need]) -> Claim:
    limit = counted.limit
    if limit.unit in ("requests", "calls"):
        amount = 1
    elif counted.scope == "model":
        amount = _amount(counted, needs[counted.name]) if counted.name in needs else 0
    else:
        amount = max(_amount(counted, need) for need in needs.values())
    return Claim(counted.account, "pace" if limit.window == "minute" else "sum", amount, limit.most)


def _amount(counted: Counted, need: Need) -> int:
    return (need.nano or 0) if counted.limit.unit == "usd" else need.tokens


def _used(counted: Counted, claim: Claim, bill: Bill) -> int:
    """What a call has used of an account."""
    unit = counted.limit.unit
    if unit == "requests":
        return claim.amount
    if unit == "calls":
        return 0
    if counted.scope == "model":
        part = bill.by_model.get(counted.name)
        return 0 if part is None else part.nano if unit == "usd" else part.tokens
    return bill.nano if unit == "usd" else bill.tokens
