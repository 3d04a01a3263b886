"""Models that honour `max_tokens`, what they use and cost; and the record of one call, as far as budgets read it."""

from random import Random

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from headworks.budgets.prices import PriceList
from headworks.budgets.tokens import Count, TokenCounter
from headworks.core.billing import Bill
from headworks.core.limits import Pace
from headworks.core.messages import Ask, Prices, Target
from headworks.core.replies import Usage
from headworks.dialects import openai
from headworks.dialects.openai.chat import Chat
from headworks.dialects.protocols import Envelope

EDITORS = {"openai": openai.EDITOR}
_CHEAP = Prices(input=150, output=600, cached=75)
_DEAR = Prices(input=3_000, output=15_000, cached=300, cache_write_5m=3_750, cache_write_1h=6_000, reasoning=16_000)
TARGETS = tuple(
    Target(name=name, provider="p", provider_model="made-up", dialect="openai", prices=prices, max_output_tokens=4_000)
    for name, prices in (("cheap", _CHEAP), ("dear", _DEAR))
)
TRUE_SHARE = 0.3
"""Of the bound of a prompt, its true tokens."""


class Counter(TokenCounter):
    """The product's bound; beyond it, a model whose vocabulary is known says how many tokens a prompt has."""

    def true(self, target: Target, ask: Ask) -> int:
        """What the model will report."""
        return max(1, int(self.bound(target, ask) * TRUE_SHARE))

    async def measure(self, target: Target, ask: Ask) -> Count:
        """As the product counts for models of OpenAI."""
        return Count(self.true(target, ask), exact=True, margin=0.0)


def _asks() -> list[Ask]:
    """Prompts of several lengths, with and without a limit of the answer, some for two choices."""
    found = []
    for words in (1, 20, 300):
        for limit in ({}, {"max_tokens": 1}, {"max_tokens": 40}, {"max_tokens": 400}, {"max_tokens": 100, "n": 2}):
            message = {"role": "user", "content": "Please " * words}
            body = msgspec.json.encode({"model": "m", "messages": [message], **limit})
            found.append(Chat().read(body, Envelope(trace_id="", headers={}, created=0)))
    return found


ASKS = _asks()


def longer(ask: Ask) -> Ask:
    """What asks for the rest of an answer: the same, and what has come of it."""
    fields = ask.fields | {"messages": msgspec.Raw(bytes(ask.fields["messages"])[:-1] + b"," + _PART + b"]")}
    return replace(ask, fields=fields)


_PART = msgspec.json.encode({"role": "assistant", "content": "A part of the answer. " * 20})


class Used(Struct):
    """An attempt under way: whose, and what it will have used when it is whole."""

    target: Target
    whole: Usage


class Models:
    """What attempts use.

    Args:
        random: Decides.
        counter: Knows the true length of prompts.
        prices: Of the models.
        most_share: Of `max_tokens`, what answers use at most.
        whole_share: Of answers, those that are as long as that.
    """

    def __init__(
        self,
        random: Random,
        counter: Counter,
        prices: PriceList,
        most_share: float = 1.0,
        whole_share: float = 0.33,
    ) -> None:
        self.random = random
        self.prices = prices
        self._counter = counter
        self._most_share = most_share
        self._whole_share = whole_share

    def attempt(self, target: Target, ask: Ask) -> Used:
        """What `target` uses for `ask` when it answers to the end."""
        random = self.random
        editor = EDITORS["openai"]
        limit = min(editor.max_tokens(ask) or 4_000, target.max_output_tokens or 4_000)
        share = 1.0 if random.random() < self._whole_share else random.random()
        output = int(limit * share * self._most_share) * editor.choices(ask)
        read = self._counter.true(target, ask)
        kind = random.randrange(4)
        return Used(
            target,
            Usage(
                input_tokens=read,
                output_tokens=output,
                cached_tokens=read // 2 if kind == 1 else 0,
                cache_write_1h_tokens=read if kind == 2 else 0,
                reasoning_tokens=output if kind == 3 else 0,
            ),
        )


class Record:
    """What budgets ask of a trace: the bill, what was changed, how much of a pace is left.

    Args:
        models: Knows prices.
        at_s: When the call began.
    """

    def __init__(self, models: Models, at_s: float) -> None:
        self.paces: list[Pace] = []
        self._models = models
        self._at_s = at_s
        self._bill = Bill()
        self._under_way: Used | None = None

    def begins(self, used: Used) -> None:
        """An attempt is sent."""
        self._under_way = used

    def ends(self, share: float, used: Used | None = None) -> None:
        """The attempt under way, or `used` beside it, is over with such a share of its answer; < 0: it cost nothing."""
        if used is None:
            used, self._under_way = self._under_way, None
        if used is None or share < 0:
            return
        usage = used.whole
        if share < 1:
            usage = replace(usage, output_tokens=int(usage.output_tokens * share), reasoning_tokens=0)
        nano = self._models.prices.cost_nano(used.target, usage, self._at_s) or 0
        self._bill.add(used.target.name, nano, usage.total_tokens)

    def bill(self) -> Bill:
        """What the attempts that have ended used."""
        return self._bill

    def concluded(self, error: BaseException | None) -> Bill:
        """The call is over; what was under way had come to some part."""
        self.ends(1.0 if error is None else self._models.random.random())
        return self._bill

    def adapted(self, note: str) -> None:
        """Nobody reads it here."""

    def paced(self, paces: list[Pace]) -> None:
        """How much is left of rates."""
        self.paces = paces
