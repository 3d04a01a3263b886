"""A router against what needs no router: by chance, by length, always one model, and against who knows the answers."""

import random
from collections.abc import Mapping, Sequence

from msgspec import Struct

from headworks.routing.quality.curve import Curve, Interval, Pair, Scores, curve, difference

MARGIN = 0.02
"""How much higher than by chance and by length a router's APGR must be before it may decide anything."""
RANDOM, LENGTH, ORACLE = "random", "length only", "oracle"


class Verdict(Struct, frozen=True):
    """Whether a router may go live, and why."""

    live: bool
    why: str


class Comparison(Struct, frozen=True):
    """Curves by name, the means of the two models, and how many prompts there were."""

    curves: tuple[Curve, ...]
    cheap: float
    strong: float
    count: int

    def curve(self, name: str) -> Curve:
        """The curve called `name`.

        Raises:
            KeyError: There is none.
        """
        return {one.name: one for one in self.curves}[name]


def compare(texts: Sequence[str], pair: Pair, routers: Mapping[str, Scores], seed: int = 0) -> Comparison:
    """The curves of `routers` and of what they must beat.

    Raises:
        ValueError: There is no gap between the two models.
    """
    rng = random.Random(seed)  # noqa: S311  # draws that can be had again, no secret
    everyone = {
        **routers,
        RANDOM: [rng.random() for _ in texts],
        LENGTH: [float(len(text)) for text in texts],
        ORACLE: [strong - cheap for strong, cheap in zip(pair.strong, pair.cheap, strict=True)],
    }
    curves = tuple(curve(name, scores, pair) for name, scores in everyone.items())
    return Comparison(curves, sum(pair.cheap) / len(texts), sum(pair.strong) / len(texts), len(texts))


def verdict(comparison: Comparison, name: str, margin: float = MARGIN) -> Verdict:
    """Whether the router `name` beats chance and length by `margin`, and by more than chance explains."""
    mine = comparison.curve(name)
    for rival in (RANDOM, LENGTH):
        ahead = difference(mine, comparison.curve(rival))
        if ahead.value < margin or ahead.low <= 0:
            return Verdict(
                live=False,
                why=f"{name} is {_said(ahead)} ahead of {rival} in APGR. It takes {margin:.3f} and an interval over 0.",
            )
    return Verdict(live=True, why=f"{name} is ahead of {RANDOM} and of {LENGTH} by {margin:.3f} of APGR and more.")


def _said(ahead: Interval) -> str:
    return f"{ahead.value:+.3f} ({ahead.low:+.3f} to {ahead.high:+.3f})"
