"""Whether it pays to have a provider keep a prefix, and for how long.

Each token of a prefix that is written costs more than one that is read plainly, each that is read from the cache less.
A prefix that is kept is kept anew by each use within its life. So a write pays when the uses that are expected to
follow in an unbroken row save more than it costs. Amounts here are in prices of one plain input token: how long a
prefix is cancels out.

What is kept under a name is written in a request of its own, is charged for by the hour, and is not kept anew by a use:
it lasts as long as it was paid for, unless it is paid for again.
"""

from msgspec import Struct

from headworks.core.messages import Prices
from headworks.core.prefix import LIFE_S, Life

_HOUR_S = 3_600
_PAID_TWICE = 2.0
"""A prefix is written under a name beside the call that has it, which pays for it as input."""


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


class Stay(Struct, frozen=True):
    """A prefix kept under a name for so long, and what that is expected to save: in prices of all of it as input."""

    life: Life
    gain: float


def best_stay(reuse: Reuse, gap_s: float, read: float, storage_hour: float, share: float = 1.0) -> Stay:
    """For how long a prefix is best kept under a name; its gain is negative where that costs more than it saves.

    Args:
        reuse: The uses expected to follow.
        gap_s: The usual time between two; 0 when nobody knows. So many fit into a stay.
        read: What a read costs.
        storage_hour: What an hour costs.
        share: How much of it is not kept already, in a shorter one: no more is saved by a read.
    """
    return max((_stay(life, reuse, gap_s, read, storage_hour, share) for life in LIFE_S), key=lambda stay: stay.gain)


def longer_gain(life: Life, reuse: Reuse, gap_s: float, read: float, storage_hour: float) -> float:
    """What it is expected to save to pay for another such life of what is kept under a name, and not let it end."""
    return _uses(life, reuse, gap_s) * (1 - read) - storage_hour * LIFE_S[life] / _HOUR_S


def _stay(life: Life, reuse: Reuse, gap_s: float, read: float, storage_hour: float, share: float) -> Stay:
    write = _PAID_TWICE + storage_hour * LIFE_S[life] / _HOUR_S
    return Stay(life, gain(write, 1 - share * (1 - read), _uses(life, reuse, gap_s)))


def _uses(life: Life, reuse: Reuse, gap_s: float) -> float:
    row = reuse.within_5m if life == "5m" else reuse.within_1h
    return min(row, LIFE_S[life] / gap_s) if gap_s else row


def _or(price: int | None, otherwise: int) -> int:
    return otherwise if price is None else price
