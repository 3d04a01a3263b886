"""One call's share of its limits: reserved before anything is sent, settled once when it is over.

What is reserved is the most that the attempt under way can cost, beside what earlier attempts did cost: it is raised
before another one is sent, or that one is not sent. So a retry can no more go beyond a budget than a first try. The
prompt is counted by a bound that is never too low; only when that does not fit is it counted exactly. When what others
have reserved is in the way, the call waits a moment for them to settle. When a budget pays for a part of the answer,
`max_tokens` is made smaller, which the record and a header say.
"""

import asyncio
from collections.abc import Sequence
from copy import deepcopy
from types import TracebackType
from typing import Protocol

from msgspec.structs import replace

from headworks.budgets.accounts.protocol import WAY_MARK, Accounts, Claim, Settlement, Shortage
from headworks.budgets.holds.claims import first_claim, raised, used
from headworks.budgets.holds.meter import metered
from headworks.budgets.holds.needs import Need, Needs, longest
from headworks.budgets.holds.refusals import pace_left, refusal, unpriced
from headworks.budgets.holds.scopes import Counted
from headworks.budgets.holds.turns import Turn, Waiting
from headworks.budgets.holds.watch.marks import Marks
from headworks.core.billing import Bill
from headworks.core.errors import StoreError
from headworks.core.limits import Pace
from headworks.core.messages import Ask, Route, Target
from headworks.core.protocols import OpenTrace
from headworks.core.replies import Reply


class Desk(Waiting, Protocol):
    """What all holds share."""

    accounts: Accounts
    needs: Needs
    marks: Marks

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
        "_before",
        "_bound",
        "_claims",
        "_counted",
        "_desk",
        "_measured",
        "_money",
        "_name",
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
        # Each way that a call takes down its ladder has a hold of its own, for what is used on that way.
        self._name = f"{ask.trace_id}{WAY_MARK}{ask.way}" if ask.way else ask.trace_id
        self._before = deepcopy(trace.bill()) if ask.way else None

    async def __aenter__(self) -> "Hold":
        granted = False
        try:
            await self._open()
            granted = True
        finally:
            if not granted and self._claims:  # or perhaps they were granted, and a cancelled call has not heard of it
                await self._desk.settle(self._name, self._claims, Settlement(amounts={}))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        bill = self._own(self._trace.concluded(error))
        amounts = {
            claim.account: used(counted, claim, bill)
            for counted, claim in zip(self._counted, self._claims, strict=True)
        }
        settlement = Settlement(amounts=amounts, nano=bill.nano, tokens=bill.tokens)
        await self._desk.settle(self._name, self._claims, settlement)
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
        bill = self._own(self._trace.bill())
        claims = [
            raised(counted, claim, bill, under_way) for counted, claim in zip(self._counted, self._claims, strict=True)
        ]
        if claims == self._claims:
            return
        shortage = await self._desk.accounts.reserve(self._name, claims)
        if shortage is not None:
            place = shortage.place
            raise refusal(self._counted[place], claims[place], shortage, self._desk.clock.now())
        self._claims = claims

    def _own(self, bill: Bill) -> Bill:
        return bill if self._before is None else bill.since(self._before)

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
        wanted = self._needed(self.ask, tokens)
        if self._money:
            self._leave_out_unpriced(wanted)
        claims = self._claimed(wanted)
        turn = Turn(self._desk, self._counted, self._unhurried_until_s())
        try:
            await turn.come()
            while (shortage := await self._reserve(claims)) is not None:
                await self._make_fit(turn, claims[shortage.place], shortage, tokens)
                claims = self._claimed(self._needed(self.ask, tokens))
        finally:
            turn.leave()
        await self._note_paces()
        if self.ask is not ask:
            self._trace.adapted(f"max_tokens={needs.max_tokens(self.ask)}")

    async def _make_fit(self, turn: Turn, claim: Claim, shortage: Shortage, tokens: dict[str, int]) -> None:
        """Return when it is worth asking again: the prompt is counted, others have settled, the answer is shorter.

        Raises:
            RefusedError: The limit does not pay for it.
        """
        counted = self._counted[shortage.place]
        if self._bound and not self._measured and counted.limit.unit in ("usd", "tokens"):
            self._measured = True
            for target in self.route.targets:
                tokens[target.name] = await self._desk.needs.measured(target, self.ask)
            return
        whole = shortage.for_now(claim)
        if not whole and self._shortened(claim, shortage, tokens):
            return
        least = claim if whole else self._shortest(claim, shortage, tokens)
        if await turn.waited(counted, least, shortage) or (whole and self._shortened(claim, shortage, tokens)):
            return
        raise refusal(counted, claim, shortage, self._desk.clock.now())

    def _unhurried_until_s(self) -> float | None:
        """Until when the call waits for rates; None when somebody waits for its answer."""
        policy, ask = self.route.policy, self.ask
        if not policy.unhurried or policy.patience is None:
            return None
        ends = [ask.deadline_s, ask.begin_by_s if ask.stream else None]
        given = [end_s for end_s in ends if end_s is not None]
        return min(given, default=self._desk.clock.monotonic() + policy.patience.deadline_s)

    async def _note_paces(self) -> None:
        """Say how much is left of the tightest rate limits, for clients that keep to them by themselves."""
        paced = [one for one in self._counted if one.limit.window == "minute"]
        if not paced:
            return
        now_us = round(self._desk.clock.now() * 1_000_000)
        try:
            balances = await self._desk.accounts.balances([one.account for one in paced])
        except StoreError:  # the call is granted: it goes without the figures
            return
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

    def _leave_out_unpriced(self, wanted: dict[str, Need]) -> None:
        targets = self.route.targets
        priced = tuple(target for target in targets if wanted[target.name].nano is not None)
        if not priced:
            raise unpriced(targets)
        if len(priced) < len(targets):
            self.route = replace(self.route, targets=priced)

    async def _reserve(self, claims: list[Claim]) -> Shortage | None:
        """Ask for the claims. From here on they may be granted, whether this call hears of it or not."""
        self._claims = claims
        granted = False
        try:
            shortage = await self._desk.accounts.reserve(self._name, claims)
            granted = shortage is None
        except asyncio.CancelledError:
            granted = True
            raise
        finally:
            if not granted:
                self._claims = []
        return shortage

    def _needed(self, ask: Ask, tokens: dict[str, int]) -> dict[str, Need]:
        """What the first attempt needs, by target; nothing where only calls are counted."""
        if not self._bound:
            return {}
        of = self._desk.needs.of
        return {target.name: of(target, ask, tokens[target.name], priced=self._money) for target in self.route.targets}

    def _claimed(self, wanted: dict[str, Need]) -> list[Claim]:
        """What the first attempt claims, whichever of the targets it asks."""
        needs = {target.name: wanted[target.name] for target in self.route.targets} if wanted else wanted
        return [first_claim(counted, needs) for counted in self._counted]

    def _shortened(self, claim: Claim, shortage: Shortage, tokens: dict[str, int]) -> bool:
        """Whether a smaller answer fits; then it is what the call asks for."""
        wanted = self._least_tokens(claim, shortage)
        if wanted is None or claim.most is None:
            return False
        least, most = wanted
        room = claim.most - shortage.balance.spent - shortage.balance.reserved
        fitting = longest(lambda tokens_: self._with_most(tokens_, shortage, tokens).amount <= room, most - 1)
        if fitting < least:
            return False
        self.ask = self._desk.needs.limited(self.ask, fitting, self.route.targets[0])
        return True

    def _shortest(self, claim: Claim, shortage: Shortage, tokens: dict[str, int]) -> Claim:
        """What a call claims whose answer is as short as it may be made."""
        wanted = self._least_tokens(claim, shortage)
        return claim if wanted is None else self._with_most(wanted[0], shortage, tokens)

    def _least_tokens(self, claim: Claim, shortage: Shortage) -> tuple[int, int] | None:
        """The shortest answer that is worth a call, and the one it wants; None when it cannot be made shorter."""
        wanted = self._desk.needs.max_tokens(self.ask)
        if wanted is None or not self._counted[shortage.place].limit.is_budget:
            return None
        return min(self._desk.settings.least_max_tokens, wanted), wanted

    def _with_most(self, max_tokens: int, shortage: Shortage, tokens: dict[str, int]) -> Claim:
        ask = self._desk.needs.limited(self.ask, max_tokens, self.route.targets[0])
        return self._claimed(self._needed(ask, tokens))[shortage.place]
