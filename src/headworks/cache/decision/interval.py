"""A confidence interval for a rate that may be looked at after every observation.

The method of mixtures (Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic
confidence sequences", Annals of Statistics 2021): the likelihood of the observations under a Beta mixture of rates over
that under one rate p is a martingale when p is true, so that by Ville's inequality it ever reaches 1/alpha with chance
alpha at most. All p for which it has not are the interval. It is exact for a constant rate, at any sample size.
"""

import math
from collections.abc import Callable
from functools import lru_cache

_RIGHT, _WRONG = 4.5, 0.5
"""The mixture: Beta with a mean of 0.1, since rates of interest are small. Any other is valid too, only wider here."""

_STEPS = 40

_KEPT = 512
"""Intervals kept: one is asked for at every answer served, and changes only when one was checked."""


@lru_cache(_KEPT)
def interval(wrong: int, count: int, alpha: float = 0.05) -> tuple[float, float]:
    """(lower, upper) of the rate after `wrong` of `count`; over all counts together missed with chance `alpha`."""
    if count == 0:
        return 0.0, 1.0
    right = count - wrong
    mixed = _beta(wrong + _WRONG, right + _RIGHT) - _beta(_WRONG, _RIGHT) + math.log(alpha)

    def outside(rate: float) -> bool:
        likelihood = wrong * math.log(rate) if wrong else 0.0
        return likelihood + (right * math.log1p(-rate) if right else 0.0) < mixed

    seen = wrong / count
    return (_edge(seen, 0.0, outside) if wrong else 0.0), (_edge(seen, 1.0, outside) if right else 1.0)


def _edge(inside: float, beyond: float, outside: Callable[[float], bool]) -> float:
    """Where the interval ends, between a rate within it and one beyond: rounded outwards."""
    for _ in range(_STEPS):
        middle = (inside + beyond) / 2
        if outside(middle):
            beyond = middle
        else:
            inside = middle
    return beyond


def _beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
