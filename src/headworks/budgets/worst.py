"""The most that a call can cost, so that it can be reserved before the call is made.

Never too low: whatever usage a provider reports within the counts given here, and in the tier asked for or the standard
one (a provider that has no room in a tier may answer in the standard one), costs no more. What cannot be known before
is named in `Most`.
"""

from functools import lru_cache

import msgspec
from msgspec import Raw, Struct

from headworks.budgets.prices import PriceList
from headworks.budgets.rates import Rates, TieredRates
from headworks.core.messages import Ask, Prices, Target

STANDARD_WISHES = frozenset({"auto", "default", "standard", "standard_only", "on_demand"})
"""What clients write for the standard tier. `auto` leaves it to the provider: an account whose own setting is a dearer
tier pays more than is said here, which shows when the call is settled."""


class Most(Struct, frozen=True, kw_only=True):
    """What a call can use at most.

    Attributes:
        input_tokens: It reads, what tools of the provider fetch included.
        output_tokens: Each choice writes, reasoning included.
        choices: How many answers are asked for.
        searches: On the web, by the provider.
        tier: The service tier asked for, as the client wrote it; None for the provider's usual one.
        media: False when the prompt holds text only and text only is wanted back: sound and pictures may be dearer.
    """

    input_tokens: int
    output_tokens: int
    choices: int = 1
    searches: int = 0
    tier: str | None = None
    media: bool = True


def tier_asked(ask: Ask) -> str | None:
    """What an ask says that decides its price beside its length, in words of `Usage.service_tier`; None for nothing.

    Beside the service tier these are Anthropic's `speed` and `inference_geo`. What is no text is nothing: the provider
    refuses it.
    """
    fields = ask.fields
    if "service_tier" not in fields and "speed" not in fields and "inference_geo" not in fields:
        return None
    tier, speed, place = (_text(fields.get(name)) for name in ("service_tier", "speed", "inference_geo"))
    if speed == "fast":
        tier = "fast" if tier is None or tier in STANDARD_WISHES else f"{tier} fast"
    if place != "us":
        return tier
    return f"{'standard' if tier is None or tier in STANDARD_WISHES else tier}@us"


def _text(raw: Raw | None) -> str | None:
    try:
        return None if raw is None else msgspec.json.decode(raw, type=str | None)
    except msgspec.DecodeError:
        return None


def worst_nano(prices: PriceList, target: Target, most: Most, at_s: float) -> int | None:
    """The most nano-dollars that a call can cost, rounded up; None when something it may buy has no known price.

    Args:
        prices: The price list.
        target: Who is called.
        most: What it can use.
        at_s: When it is made, Unix seconds. A call that runs past a change of prices is priced by the later ones.
    """
    if target.prices is not None:
        inside, outside = _dearest(target.prices)
        return inside * most.input_tokens + outside * most.output_tokens * most.choices
    standard = prices.rates(target, None, at_s)
    if most.tier is None or most.tier in STANDARD_WISHES:
        return None if standard is None else _worst(standard, most)
    asked = prices.rates(target, most.tier, at_s)
    if asked is None or (cost := _worst(asked, most)) is None:
        return None
    return cost if standard is None else max(cost, _worst(standard, most) or 0)


def _worst(rates: TieredRates, most: Most) -> int | None:
    """Over every bracket that a prompt up to this length can be in: a shorter one may be dearer for each token."""
    worst = 0
    end = most.input_tokens
    for place, bracket in enumerate(rates.brackets):
        if place and rates.starts[place - 1] >= end:
            break
        tokens = min(end, rates.starts[place]) if place < len(rates.starts) else end
        cost = _bracket(bracket, tokens, most)
        if cost is None:
            return None
        worst = max(worst, cost)
    return worst


def _bracket(rates: Rates, input_tokens: int, most: Most) -> int | None:
    inside, outside = rates.most(media=most.media)
    amount = rates.request + inside * input_tokens
    if most.output_tokens:
        if outside is None:
            return None
        amount += outside * most.output_tokens * most.choices
    if most.searches:
        if rates.web_search is None:
            return None
        amount += rates.web_search * most.searches
    return -(-amount // rates.per)


@lru_cache(maxsize=1024)
def _dearest(prices: Prices) -> tuple[int, int]:
    """The dearest of a config's own prices: a token read, a token written."""
    read = (prices.input, prices.cached, prices.cache_write_5m, prices.cache_write_1h)
    written = (prices.output, prices.reasoning)
    return max(p for p in read if p is not None), max(p for p in written if p is not None)
