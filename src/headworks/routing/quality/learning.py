"""Learn what models are good at from outcomes: a regression for each model, calibrated on outcomes kept apart.

One regression for each model is fitted on the same features, so the difference between two is that of their skills:
what both find hard cancels out.
"""

import random
from collections.abc import Callable, Sequence

from msgspec import Struct

from headworks.routing.quality.ladder import ladder
from headworks.routing.quality.outcomes import Outcome
from headworks.routing.quality.predictor import Skill, Skills
from headworks.routing.types.features import features
from headworks.routing.types.logistic import Example, Fitted, Learning, fit
from headworks.routing.types.weights import Row, row

LEARNING = Learning(rounds=8, l2=1e-2, seed=1)
KEPT_APART = 0.2
FEWEST = 100


class TooFewError(Exception):
    """There are too few outcomes to learn from. The sentence says how many."""


class Parts(Struct, frozen=True):
    """Outcomes to learn from, and those kept apart to calibrate with."""

    learn: Sequence[Outcome]
    calibrate: Sequence[Outcome]


def parts(outcomes: Sequence[Outcome], seed: int = 1) -> Parts:
    """A fifth is kept apart, drawn by `seed`."""
    order = list(outcomes)
    random.Random(seed).shuffle(order)  # noqa: S311  # a draw that can be had again, no secret
    apart = int(len(order) * KEPT_APART)
    return Parts(order[apart:], order[:apart])


def learn(
    split: Parts, models: Sequence[str], *, name: str = "", how: Learning = LEARNING, tick: Callable[[], object] = int
) -> Skills:
    """The skills of `models`, from texts alone.

    Raises:
        TooFewError: There are fewer than a hundred outcomes of a model, or they are all the same.
    """
    skills = tuple(_skill(split, model, how, tick) for model in models)
    if all(len({one.good[model] for one in split.learn if model in one.good}) < 2 for model in models):
        raise TooFewError("Each model's outcomes are all the same: there is nothing to learn from them.")
    return Skills(name=name, models=skills)


def _skill(split: Parts, model: str, how: Learning, tick: Callable[[], object]) -> Skill:
    seen = [(one.text, one.good[model]) for one in split.learn if model in one.good]
    kept = [(one.text, one.good[model]) for one in split.calibrate if model in one.good]
    if len(seen) + len(kept) < FEWEST or not kept:
        raise TooFewError(f"`{model}` has {len(seen) + len(kept)} outcomes. It takes {FEWEST} and more.")
    fitted = fit([Example(features(text), (1 - good, good)) for text, good in seen], how, tick)
    hashed = _one_row(fitted)
    return Skill(model=model, hashed=hashed, ladder=ladder((hashed.score(features(text)), good) for text, good in kept))


def _one_row(fitted: Fitted) -> Row:
    """Of two classes only the difference matters."""
    bad, good = fitted.rows
    return row([one - other for one, other in zip(good, bad, strict=True)], fitted.biases[1] - fitted.biases[0])
