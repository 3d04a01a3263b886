"""From a raw score to a chance that was seen, with its lower bound: steps of rising score, each with what came of it.

Scores of outcomes that were kept apart are sorted and cut into steps of like many; neighbours that fall instead of
rising are pooled (isotonic regression by pool-adjacent-violators): a higher score never has a lower chance. The bound
is Wilson's, one-sided: honest for few observations, and never below 0.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable

from msgspec import Struct

_STEPS = 20
_Z = 1.6449
"""One-sided 95%."""


class Chance(Struct, frozen=True):
    """The chance of a good answer, and what it is at least in 19 of 20 cases."""

    mean: float
    lower: float


class Ladder(Struct, frozen=True):
    """Where steps begin (the first below all scores), and what came of each."""

    begins: tuple[float, ...]
    chances: tuple[Chance, ...]

    def chance(self, score: float) -> Chance:
        """The chance for a raw score."""
        return self.chances[max(bisect_right(self.begins, score) - 1, 0)]


class _Step(Struct):
    begin: float
    good: float
    count: int


def ladder(seen: Iterable[tuple[float, float]], steps: int = _STEPS) -> Ladder:
    """The ladder of pairs of score and how good the answer was, 0 to 1.

    Raises:
        ValueError: There are none.
    """
    pairs = sorted(seen)
    if not pairs:
        raise ValueError("nothing was kept apart to calibrate with")
    size = max(1, math.ceil(len(pairs) / steps))
    pooled: list[_Step] = []
    for start in range(0, len(pairs), size):
        part = pairs[start : start + size]
        pooled.append(_Step(part[0][0], sum(good for _, good in part), len(part)))
        while len(pooled) > 1 and _rate(pooled[-2]) >= _rate(pooled[-1]):
            last = pooled.pop()
            pooled[-1].good += last.good
            pooled[-1].count += last.count
    chances = tuple(Chance(_rate(step), wilson_lower(step.good, step.count)) for step in pooled)
    return Ladder(tuple(step.begin for step in pooled), _rising(chances))


def wilson_lower(good: float, count: float, z: float = _Z) -> float:
    """The lower end of the chance of which `good` of `count` were seen (Wilson 1927)."""
    if count <= 0:
        return 0.0
    rate = good / count
    middle = rate + z * z / (2 * count)
    spread = z * math.sqrt(max(rate * (1 - rate), 0) / count + z * z / (4 * count * count))
    return min(rate, max(0.0, (middle - spread) / (1 + z * z / count)))


def _rate(step: _Step) -> float:
    return step.good / step.count


def _rising(chances: tuple[Chance, ...]) -> tuple[Chance, ...]:
    """The same; a step of few observations has no lower bound than the step below it."""
    found: list[Chance] = []
    for one in chances:
        found.append(Chance(one.mean, max(one.lower, found[-1].lower if found else 0.0)))
    return tuple(found)
