"""What vectors add to texts: a regression on the places of a vector, and ladders made with it. Plain Python.

Vectors are of length one. What is learned here fits one embedding model only, whose name is kept with it.
"""

import math
import random
from collections.abc import Mapping, Sequence
from operator import mul

from msgspec.structs import replace

from headworks.routing.quality.ladder import ladder
from headworks.routing.quality.learning import Parts
from headworks.routing.quality.outcomes import Outcome
from headworks.routing.quality.predictor import Neighbours, Predictor, Skill, Skills

Vectors = Mapping[str, Sequence[float]]
"""A vector for each text."""
_ROUNDS, _RATE, _L2 = 12, 0.3, 1e-3


def with_vectors(
    skills: Skills, split: Parts, vectors: Vectors, embedding: str, neighbours: Neighbours | None = None
) -> Skills:
    """The skills with what vectors say; `neighbours` must be made of the outcomes to learn from alone."""
    dense = [replace(skill, dense=tuple(_fitted(split.learn, skill.model, vectors))) for skill in skills.models]
    halfway = Predictor(replace(skills, models=tuple(dense)), neighbours)
    scored = [(one, halfway.scores(one.text, vectors[one.text])) for one in split.calibrate]
    models = tuple(_calibrated(skill, scored) for skill in dense)
    return replace(skills, models=models, embedding=embedding)


def _calibrated(skill: Skill, scored: Sequence[tuple[Outcome, Mapping[str, float]]]) -> Skill:
    seen = [(scores[skill.model], one.good[skill.model]) for one, scores in scored if skill.model in one.good]
    return replace(skill, dense_ladder=ladder(seen))


def _fitted(outcomes: Sequence[Outcome], model: str, vectors: Vectors) -> list[float]:
    """Weights of the places, and the bias last: stochastic gradient, with a rate that falls."""
    seen = [(vectors[one.text], one.good[model]) for one in outcomes if model in one.good]
    weights = [0.0] * len(seen[0][0])
    bias = 0.0
    rng = random.Random(1)  # noqa: S311  # an order that can be had again, no secret
    for at in range(_ROUNDS):
        rng.shuffle(seen)
        rate = _RATE / (1 + at)
        for vector, good in seen:
            error = good - 1 / (1 + math.exp(-bias - sum(map(mul, weights, vector))))
            step, kept = rate * error, 1 - rate * _L2
            weights = [kept * weight + step * place for weight, place in zip(weights, vector, strict=True)]
            bias += step
    return [*weights, bias]
