"""What a call needs at most: tokens and money of one attempt at a target, and the longest answer a rest pays for."""

import math
from collections.abc import Callable, Mapping

from msgspec import Struct

from headworks.budgets.bound import may_hold_media
from headworks.budgets.prices import PriceList
from headworks.budgets.tokens import TokenCounter
from headworks.budgets.worst import Most, tier_asked, worst_nano
from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Target
from headworks.dialects.protocols import AskEditor

SEARCHES = 10
"""A call that offers the provider's own web search is taken to search so often. No request says how often at most."""
SURE_MARGIN = 0.25
"""Of a model whose vocabulary is not known, a count says little: then what is reserved is the bound."""
_SEARCH = b"web_search"
_WRITES = ("chat", "completion")


class Need(Struct, frozen=True):
    """What one attempt needs at most. `nano` is None where nothing says what it costs."""

    nano: int | None
    tokens: int


class Needs:
    """Works out what calls need.

    Args:
        prices: The price list.
        counter: Counts tokens.
        editors: For each client dialect, what reads and changes asks.
        now: Unix seconds.
    """

    def __init__(
        self,
        prices: PriceList,
        counter: TokenCounter,
        editors: Mapping[str, AskEditor],
        now: Callable[[], float],
    ) -> None:
        self._prices = prices
        self._counter = counter
        self._editors = editors
        self._now = now

    def max_tokens(self, ask: Ask) -> int | None:
        """The longest answer that the client wants; None when it does not say, or when no answer is written."""
        return self._editors[ask.dialect].max_tokens(ask) if ask.kind in _WRITES else None

    def most_written(self, target: Target) -> int | None:
        """The longest answer that a target writes; None when it is not known."""
        return self._prices.max_output_tokens(target)

    def limited(self, ask: Ask, max_tokens: int, target: Target) -> Ask:
        """`ask` with an answer of at most so many tokens, in words that `target` knows."""
        return self._editors[ask.dialect].limited(ask, max_tokens, target)

    def bound(self, target: Target, ask: Ask) -> int:
        """Tokens of the prompt, never too few, and at once. No model reads more than its window holds."""
        bound = self._counter.bound(target, ask)
        window = self._prices.context_tokens(target)
        return bound if window is None else min(bound, window)

    async def measured(self, target: Target, ask: Ask) -> int:
        """Tokens of the prompt as its model counts them, with the margin of an estimate; a rough one is no better."""
        bound = self.bound(target, ask)
        try:
            count = await self._counter.measure(target, ask)
        except BadAskError:
            return bound
        if count.margin > SURE_MARGIN:
            return bound
        return min(bound, count.tokens + math.ceil(count.tokens * count.margin))

    def of(self, target: Target, ask: Ask, input_tokens: int, *, priced: bool) -> Need:
        """What an attempt needs that reads `input_tokens`; without its price where `priced` is False."""
        output = self._output(target, ask)
        choices = max(1, self._editors[ask.dialect].choices(ask)) if ask.kind in _WRITES else 1
        tokens = input_tokens + output * choices
        if not priced:
            return Need(None, tokens)
        tools = ask.fields.get("tools")
        most = Most(
            input_tokens=input_tokens,
            output_tokens=output,
            choices=choices,
            searches=SEARCHES if tools is not None and _SEARCH in bytes(tools) else 0,
            tier=tier_asked(ask),
            media=may_hold_media(ask),
        )
        return Need(worst_nano(self._prices, target, most, self._now()), tokens)

    def _output(self, target: Target, ask: Ask) -> int:
        if ask.kind not in _WRITES:
            return 0
        wanted = self.max_tokens(ask)
        known = [most for most in (wanted, self.most_written(target)) if most is not None]
        return min(known, default=0)


def longest(fits: Callable[[int], bool], most: int) -> int:
    """The largest number of tokens up to `most` that fits; 0 when none does. `fits` is true up to some number."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
