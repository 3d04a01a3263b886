"""The statistics of the watches: robust, one-sided, and without any state.

Median and MAD rather than mean and deviation: one bad week among several must neither raise an alarm for ever nor hide
the next one (Leys et al. 2013, doi.org/10.1016/j.jesp.2013.03.013). Times 1.4826, the MAD of normal values is their
deviation.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

_MAD_TO_DEVIATION = 1.4826
_LEAST_DEVIATION = 0.25
"""Of the median. A few weeks that happen to be alike say little about how much a week may differ."""


class Rule(Struct, frozen=True, kw_only=True):
    """When an amount is unusual.

    Attributes:
        score: Deviations above the median.
        least: The amount must be so much above the median at least.
    """

    score: float
    least: float


class Usual(Struct, frozen=True, kw_only=True):
    """What past amounts say: their median, and how far from it is still ordinary."""

    median: float
    deviation: float


def median(values: Sequence[float]) -> float:
    """The middle of `values`, of which there is at least one."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def usual(past: Sequence[float], rule: Rule) -> Usual:
    """What is usual, from amounts of the past (at least one)."""
    middle = median(past)
    spread = _MAD_TO_DEVIATION * median([abs(value - middle) for value in past])
    return Usual(median=middle, deviation=max(spread, _LEAST_DEVIATION * middle, rule.least / rule.score))


def is_unusual(amount: float, past: Sequence[float], rule: Rule) -> bool:
    """Whether `amount` stands out above `past`."""
    found = usual(past, rule)
    return amount - found.median >= rule.score * found.deviation


def peaks(by_hour: dict[int, float], hour: int, weeks: Sequence[int], week_hours: int = 168) -> list[float]:
    """For each of `weeks` ago, the most that was spent in the same hour of the week or the one before or after it.

    A nightly job that begins a little earlier or later is nothing unusual.
    """
    return [max(by_hour.get(hour - week * week_hours + shift, 0.0) for shift in (-1, 0, 1)) for week in weeks]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` (at least one) that at least `share` of them do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def rise_text(amount: float, before: float) -> str:
    """`+340%`; `new` where there was nothing to speak of before."""
    return "new" if before <= amount / 1_000 else f"{(amount - before) / before:+.0%}"
