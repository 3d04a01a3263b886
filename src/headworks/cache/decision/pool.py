"""What all observations say together: how evidence becomes the chance that an answer is right.

A logistic curve over the features of the evidence with a Gaussian belief over its weights, updated at each observation
by one step of Newton's method (the extended Kalman filter of a logistic model, also called assumed density filtering).
A new entry starts from here and needs no observation of its own. Old observations fade, so that a pool follows a change
of traffic. No observation is kept: the size is constant.

Observations may be chosen by their evidence (nearly all are of calls that were not served): a chance given the evidence
does not depend on how often that evidence was looked at.
"""

import math
from operator import mul

from msgspec import Struct, field

from headworks.cache.decision.evidence import Evidence, Record, features
from headworks.cache.decision.sigmoid import sigmoid

WIDTH = 7
WARM = 100
"""Observations before anything is served."""

_START = [-1.0, 1.0, 0.0, 0.5, 0.0, 0.5, -0.5]
"""Before anything is known: nearer is better, and no more likely right than wrong at a cosine of 0.85."""

_VARIANCE = 4.0
_KEPT = 0.9998
"""Share of what is known that remains at the next observation: half is forgotten after 3,500."""

_Z = 1.0
"""How many standard deviations the bound lies below the mean. One is enough, since the budget adds up many bounds."""


def _flat() -> list[list[float]]:
    return [[_VARIANCE if row == column else 0.0 for column in range(WIDTH)] for row in range(WIDTH)]


class Pool(Struct):
    """The belief over the weights. One for a feature and an embedding model; its partitions share it.

    Attributes:
        weights: Mean of the belief.
        spread: Covariance of the belief, symmetric.
        seen: Observations so far.
    """

    weights: list[float] = field(default_factory=lambda: list(_START))
    spread: list[list[float]] = field(default_factory=_flat)
    seen: int = 0

    def bound(self, evidence: Evidence) -> float:
        """A lower bound of the chance that the candidate's answer is right."""
        given = features(evidence)
        logit = sum(map(mul, self.weights, given)) + evidence.record.proven
        variance = sum(own * sum(map(mul, row, given)) for own, row in zip(given, self.spread, strict=True))
        return sigmoid(logit - _Z * math.sqrt(max(variance, 0.0)))

    def learn(self, evidence: Evidence, *, right: bool) -> Record:
        """Take one observation in; the candidate's record as it is to be kept from now on."""
        given = features(evidence)
        logit = sum(map(mul, self.weights, given))
        record = evidence.record.learned(logit, right=right)
        self._forget()
        chance = sigmoid(logit)
        pull = [sum(map(mul, row, given)) for row in self.spread]
        steep = max(chance * (1.0 - chance), 1e-6)
        scale = 1.0 / (1.0 + steep * sum(map(mul, pull, given)))
        step = scale * (right - chance)
        self.weights = [weight + step * by for weight, by in zip(self.weights, pull, strict=True)]
        shrink = scale * steep
        self.spread = [
            [old - shrink * by * other for old, other in zip(row, pull, strict=True)]
            for row, by in zip(self.spread, pull, strict=True)
        ]
        self.seen += 1
        return record

    def _forget(self) -> None:
        """Let what is known fade, but never to nothing: weights that no observation moves would become any."""
        if sum(row[at] for at, row in enumerate(self.spread)) < _VARIANCE:
            self.spread = [[value / _KEPT for value in row] for row in self.spread]
