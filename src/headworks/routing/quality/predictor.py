"""The chance that a model answers a prompt well, for each model: logistic regressions on hashed n-grams, calibrated.

Where texts come with a vector, a regression on vectors and the nearest outcomes may have a say too. What each says is
averaged as log odds and put on the ladder of its model. Plain Python but for the neighbours; no I/O.
"""

import math
from collections.abc import Mapping, Sequence
from operator import mul
from typing import Protocol

from msgspec import Struct

from headworks.routing.quality.ladder import Chance, Ladder
from headworks.routing.types.features import features
from headworks.routing.types.weights import Row

_MOST = 6.0


class Neighbours(Protocol):
    """Outcomes near a vector."""

    def rates(self, vector: Sequence[float]) -> Mapping[str, float]:
        """For each model, how good its answers to the nearest prompts were, 0 to 1."""


class Skill(Struct, frozen=True, kw_only=True):
    """What was learned of one model.

    Attributes:
        model: Its name in the config.
        hashed: Weights of hashed features.
        ladder: From the score of the text alone to a chance.
        dense: Weights of the vector's places, and a bias as the last; empty when vectors were not used.
        dense_ladder: From the score of text and vector to a chance.
    """

    model: str
    hashed: Row
    ladder: Ladder
    dense: tuple[float, ...] = ()
    dense_ladder: Ladder | None = None


class Skills(Struct, frozen=True, kw_only=True):
    """What was learned of all models; the content of the quality file.

    Attributes:
        name: What it was made of, for people.
        models: A skill for each.
        embedding: Name of the embedding model whose vectors fit; empty for none.
    """

    name: str
    models: tuple[Skill, ...]
    embedding: str = ""


class Predictor:
    """Foresees how good answers will be.

    Args:
        skills: What was learned.
        neighbours: The nearest outcomes, where vectors are at hand; must be those that the ladders were made with.
    """

    def __init__(self, skills: Skills, neighbours: Neighbours | None = None) -> None:
        self._skills = skills
        self._neighbours = neighbours

    @property
    def models(self) -> tuple[str, ...]:
        """The models of which something was learned."""
        return tuple(skill.model for skill in self._skills.models)

    def chances(self, text: str, vector: Sequence[float] | None = None) -> dict[str, Chance]:
        """The chance of a good answer by each model that is known."""
        scores = self.scores(text, vector)
        with_vector = vector is not None
        return {
            skill.model: _ladder(skill, with_vector=with_vector).chance(scores[skill.model])
            for skill in self._skills.models
        }

    def scores(self, text: str, vector: Sequence[float] | None = None) -> dict[str, float]:
        """The same before calibration, as log odds: for ranking."""
        found = features(text)
        rates = self._neighbours.rates(vector) if self._neighbours is not None and vector is not None else {}
        return {skill.model: _score(skill, found, vector, rates) for skill in self._skills.models}


def _score(skill: Skill, found: list[int], vector: Sequence[float] | None, rates: Mapping[str, float]) -> float:
    said = [skill.hashed.score(found)]
    if vector is not None and skill.dense:
        said.append(sum(map(mul, skill.dense, vector)) + skill.dense[-1])
    if skill.model in rates:
        said.append(log_odds(rates[skill.model]))
    return sum(said) / len(said)


def _ladder(skill: Skill, *, with_vector: bool) -> Ladder:
    return skill.dense_ladder if with_vector and skill.dense_ladder is not None else skill.ladder


def log_odds(share: float) -> float:
    """Log odds, cut at 6 either way."""
    kept = min(max(share, 1e-6), 1 - 1e-6)
    return min(max(math.log(kept / (1 - kept)), -_MOST), _MOST)
