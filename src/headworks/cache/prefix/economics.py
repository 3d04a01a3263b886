"""Whether it pays to have a provider keep a prefix, and for how long.

Each token of a prefix that is written costs more than one that is read plainly, each that is read from the cache less.
A prefix that is kept is kept anew by each use within its life. So a write pays when the uses that are expected to
follow in an unbroken row save more than it costs. Amounts here are in prices of one plain input token: how long a
prefix is cancels out.
"""

from msgspec import Struct

from headworks.core.messages import Prices
from headworks.core.prefix import Life


class Reuse(Struct, frozen=True):
    """Uses expected to follow in an unbroken row: each within 5 minutes, or within an hour, of the one before."""

    within_5m: float
    within_1h: float


class Ratios(Struct, frozen=True, kw_only=True):
    """Prices in units of the plain input price."""

    write_5m: float = 1.25
    write_1h: float = 2.0
    read: float = 0.1


DOCUMENTED = Ratios()
"""What the dialect's maker documents for its models (platform.claude.com/docs/en/build-with-claude/prompt-caching, read
2026-11-24): for models that no price list knows."""


def ratios(prices: Prices | None) -> Ratios:
    """The ratios of a price list. What it leaves out costs as input, so that nothing can be gained there."""
    if prices is None or not prices.input:
        return DOCUMENTED
    plain = prices.input
    return Ratios(
        write_5m=_or(prices.cache_write_5m, plain) / plain,
        write_1h=_or(prices.cache_write_1h, plain) / plain,
        read=_or(prices.cached, plain) / plain,
    )


def gain(write: float, read: float, uses: float) -> float:
    """What a write is expected to save, for each token; negative for a loss."""
    return uses * (1 - read) - (write - 1)


def life_that_pays(reuse: Reuse, costs: Ratios) -> Life | None:
    """How long the prefix is best kept; None when keeping it costs more than it is expected to save."""
    short = gain(costs.write_5m, costs.read, reuse.within_5m)
    long = gain(costs.write_1h, costs.read, reuse.within_1h)
    if max(short, long) <= 0:
        return None
    return "5m" if short >= long else "1h"


def _or(price: int | None, otherwise: int) -> int:
    return otherwise if price is None else price
