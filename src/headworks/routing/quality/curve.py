"""The cost-quality curve of a way to choose between a cheap and a strong model, with intervals. Plain Python.

A router gives each prompt a score; the higher, the sooner it goes to the strong model. For each share of strong calls
the curve says how much of the gap between the two models is recovered: 0 is the cheap one alone, 1 the strong one.
APGR is its mean height; CPT(x) the share of strong calls that recovers x of the gap (RouteLLM, arXiv 2406.18665).
Intervals are percentiles over prompts drawn again with replacement.
"""

import random
from collections.abc import Sequence

from msgspec import Struct

CALL_SHARES = (0.5, 0.8, 0.95)
_DRAWS = 400
Scores = Sequence[float]


class Interval(Struct, frozen=True):
    """A figure and the 95% interval of it."""

    value: float
    low: float
    high: float


class Curve(Struct, frozen=True, kw_only=True):
    """One router's curve.

    Attributes:
        name: Of the router.
        points: Pairs of share of strong calls and share of the gap that is recovered, a hundred and one.
        apgr: Mean recovered gap.
        cpt: Share of strong calls that recovers 50%, 80% and 95% of the gap.
        draws: APGR of each draw; the same draws for all routers, so that differences can be taken.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    apgr: Interval
    cpt: tuple[Interval, ...]
    draws: tuple[float, ...]


class Pair(Struct, frozen=True):
    """How good the cheap and the strong model's answers were, by prompt, 0 to 1."""

    cheap: Sequence[float]
    strong: Sequence[float]


def curve(name: str, scores: Scores, pair: Pair, draws: int = _DRAWS, seed: int = 0) -> Curve:
    """The curve of a router that scores prompts so.

    Raises:
        ValueError: There are no prompts, or the strong model is not better: there is no gap to recover.
    """
    order = sorted(range(len(scores)), key=lambda at: -scores[at])
    gains = [pair.strong[at] - pair.cheap[at] for at in order]
    whole = _recovered(gains)
    if whole is None:
        raise ValueError("the strong model is no better than the cheap one here: there is no gap to recover")
    rng = random.Random(seed)  # noqa: S311  # draws that can be had again, no secret
    drawn: list[list[float]] = []
    place = _places(order)
    for _ in range(draws):
        again = sorted(place[at] for at in rng.choices(range(len(order)), k=len(order)))
        recovered = _recovered([gains[at] for at in again])
        if recovered is not None:
            drawn.append(_figures(recovered))
    intervals = [
        Interval(value, *_middle([figures[at] for figures in drawn])) for at, value in enumerate(_figures(whole))
    ]
    return Curve(
        name=name,
        points=_points(whole),
        apgr=intervals[0],
        cpt=tuple(intervals[1:]),
        draws=tuple(figures[0] for figures in drawn),
    )


def difference(one: Curve, other: Curve) -> Interval:
    """How much higher the APGR of `one` is, over the same draws."""
    gaps = [mine - theirs for mine, theirs in zip(one.draws, other.draws, strict=True)]
    return Interval(one.apgr.value - other.apgr.value, *_middle(gaps))


def _places(order: Sequence[int]) -> list[int]:
    """Where each prompt stands in the order: the same draw then takes the same prompts for every router."""
    found = [0] * len(order)
    for place, at in enumerate(order):
        found[at] = place
    return found


def _recovered(gains: Sequence[float]) -> list[float] | None:
    """The recovered gap after each strong call, from none on; None without a gap."""
    total = sum(gains)
    if not gains or total <= 0:
        return None
    found, so_far = [0.0], 0.0
    for gain in gains:
        so_far += gain
        found.append(so_far / total)
    return found


def _figures(recovered: Sequence[float]) -> list[float]:
    """APGR by trapezoids, then the CPTs."""
    last = len(recovered) - 1
    area = (sum(recovered) - (recovered[0] + recovered[-1]) / 2) / last
    return [area, *(_first(recovered, share) / last for share in CALL_SHARES)]


def _first(recovered: Sequence[float], share: float) -> int:
    return next(at for at, one in enumerate(recovered) if one >= share - 1e-12)


def _points(recovered: Sequence[float]) -> tuple[tuple[float, float], ...]:
    last = len(recovered) - 1
    return tuple((step / 100, recovered[round(step / 100 * last)]) for step in range(101))


def _middle(values: list[float]) -> tuple[float, float]:
    """Between the 2.5th and the 97.5th percentile."""
    if not values:
        return float("nan"), float("nan")
    ordered = sorted(values)
    last = len(ordered) - 1
    return ordered[round(0.025 * last)], ordered[round(0.975 * last)]
