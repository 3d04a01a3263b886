"""Serve or ask: the rule, over the pool and the budget of a feature.

The promise: of all calls, at most `max_error` get a wrong answer from here, as long as the pool's bound holds for the
answers served taken together. Whether it holds is measured apart (`meter.py`).
"""

import random

from msgspec import Struct, field

from headworks.cache.decision.budget import Budget
from headworks.cache.decision.evidence import Evidence, Record
from headworks.cache.decision.pool import WARM, Pool

_USED = 0.85
"""Share of `max_error` that is planned for: as often as not, more answers are wrong than were expected to be."""


class Choice(Struct, frozen=True, array_like=True):
    """What to do with a candidate.

    Attributes:
        exploit: Serve its answer; else ask the model and report what came by `Decision.learn`.
        bound: Lower bound of the chance that its answer is right.
        shadow: Serve, and ask the model besides, for the meter and for `Decision.learn`.
    """

    exploit: bool
    bound: float
    shadow: bool = False


class Decision(Struct):
    """What was learned for a feature, and the rule over it. Encodes as it is, to be kept across restarts.

    Attributes:
        pool: Shared by all partitions of the feature.
        budget: Of all calls of the feature.
    """

    pool: Pool = field(default_factory=Pool)
    budget: Budget = field(default_factory=Budget)

    def called(self, max_error: float, share: float = 1.0) -> None:
        """Count a call of the feature, whoever answers it: each allows a little error.

        Args:
            max_error: Share of all calls that may get a wrong answer.
            share: How much of that may be used, from `ShadowMeter.share`.
        """
        if self.pool.seen >= WARM:
            self.budget.earn(max_error * _USED * share)

    def decide(self, evidence: Evidence | None, max_error: float, shadow: float, rng: random.Random) -> Choice:
        """Whether to serve the candidate's answer. One that is served is paid for at once.

        Args:
            evidence: From `weigh`; None asks the model.
            max_error: Share of all calls that may get a wrong answer.
            shadow: Share of the answers served that are checked.
            rng: Says which are checked.
        """
        if evidence is None:
            return Choice(exploit=False, bound=0.0)
        bound = self.pool.bound(evidence)
        risk = 1.0 - bound
        if self.pool.seen < WARM or not risk <= self.budget.limit(max_error):
            return Choice(exploit=False, bound=bound)
        self.budget.spend(risk)
        return Choice(exploit=True, bound=bound, shadow=rng.random() < shadow)

    def learn(self, evidence: Evidence, *, right: bool) -> Record:
        """Take in whether the candidate's answer was the right one, as a call of the model or a user says.

        Returns:
            The candidate's record, to be kept in place of the old one.
        """
        return self.pool.learn(evidence, right=right)

    def thumbs_down(self, evidence: Evidence) -> Record:
        """A user says that the answer served on this evidence was wrong; the record to keep, as from `learn`."""
        return self.pool.learn(evidence, right=False)
