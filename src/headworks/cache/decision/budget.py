"""How many wrong answers are allowed so far, and how they are best spent.

Each call earns `max_error` of a wrong answer; serving costs the chance that it is wrong, as bounded. Nothing is served
that is not paid for, so that the bounds of all that was served never add up to more than `max_error` of all calls.
vCache (arXiv 2502.03771) asks that of each call by itself, and serves a doubtful answer now and then; here what calls
without a candidate leave over goes to the calls that need it least. That serves more at the same error.
"""

import math

from msgspec import Struct

_MOST_RISK = 0.45
"""No answer is served that is more likely wrong than this, however much is left."""

_MOST_KEPT = 10.0
"""Wrong answers that can be saved up. More than this is forgone, so that quiet days do not pay for a bad one."""


class Budget(Struct):
    """What is left. One for each promise, usually a feature.

    Attributes:
        kept: Wrong answers that may still be given.
        earned: Wrong answers that all calls allowed.
        spent: Sum of the risks that were taken.
    """

    kept: float = 0.0
    earned: float = 0.0
    spent: float = 0.0

    def earn(self, allowed: float) -> None:
        """One more call, which allows `allowed` of a wrong answer."""
        self.kept = min(self.kept + allowed, _MOST_KEPT)
        self.earned += allowed

    def limit(self, max_error: float) -> float:
        """The greatest risk worth taking now: `max_error` when nothing is left over, and more, the more is."""
        return min(self.kept, max_error * math.exp(max(self.kept, 0.0)), _MOST_RISK)

    def spend(self, risk: float) -> None:
        """An answer is served that is wrong with a chance of at most `risk`."""
        self.kept -= risk
        self.spent += risk
