"""What the verifier says of two answers."""

from typing import Literal

from msgspec import Struct

Outcome = Literal["same", "different", "unsure"]


class Verdict(Struct, frozen=True):
    """Whether two answers say the same, and what showed it.

    Attributes:
        outcome: `same`, `different` or `unsure`.
        reason: The rule that decided, one or two words, for the trace and the metrics.
        final: Whether a judge would be asked in vain: a fact decided, not a likeness.
    """

    outcome: Outcome
    reason: str
    final: bool = False

    @property
    def right(self) -> bool:
        """Whether the one may be counted as a right answer for the other. What is unsure may not."""
        return self.outcome == "same"
