"""What speaks for serving an entry: how near it is, how far the next other answer, how many agree; and its own past.

Invariant: what is not a number, or too far away, is no evidence at all. An observation of `wrong` never speaks for an
entry. A record's size does not grow with what it has seen.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from headworks.cache.decision.sigmoid import sigmoid

NEIGHBOURS = 5
"""How many of the nearest entries are looked at; more cost time and changed nothing."""

FLOOR = 0.5
"""Less similar than this is never served, whatever was learned."""

_NOWHERE = 0.3
"""Where the next other answer is taken to be when there is none among the nearest."""

_SPREAD = 0.5
"""Variance, in squared logits, of how entries differ from the pool before anything is known of them."""


_LUCK = 1.5
"""Standard deviations that an entry's good past must exceed."""


class Record(Struct, frozen=True, array_like=True):
    """What an entry's own observations say, kept with the entry.

    All its observations (similarity, right or wrong) are folded into one number: by how much its curve of
    probability over similarity lies beside the pool's. That moves the curve's location, as in vCache; its slope is
    the pool's.

    Attributes:
        family: Which answer the entry holds: equal for entries whose answers were found to be the same.
        lean: Logits to add to the pool's; below zero for an entry that disappoints.
        doubt: Variance of `lean`.
        right: Observations of an answer that was the same.
        wrong: Observations of another answer.
    """

    family: bytes
    lean: float = 0.0
    doubt: float = _SPREAD
    right: int = 0
    wrong: int = 0

    @property
    def proven(self) -> float:
        """Logits to add to the pool's: all that speaks against the entry, and what speaks for it beyond chance.

        Among many entries some are lucky at first, are served from then on and hardly observed again.
        """
        return min(self.lean, max(0.0, self.lean - _LUCK * math.sqrt(self.doubt)))

    def learned(self, pooled: float, *, right: bool) -> "Record":
        """The record after one more observation.

        Args:
            pooled: Logit of `right` by the pool alone.
            right: What was observed.
        """
        chance = sigmoid(pooled + self.lean)
        doubt = self.doubt / (1.0 + self.doubt * chance * (1.0 - chance))
        return Record(
            self.family, self.lean + doubt * (right - chance), doubt, self.right + right, self.wrong + (not right)
        )


class Candidate(NamedTuple):
    """One entry that the index found and that no guard rejected.

    Attributes:
        similarity: Cosine to the question.
        record: The entry's own past.
        doubted: A guard that is often wrong objected (kind of question, scope, wording): no reason to reject, but one
            to learn from.
    """

    similarity: float
    record: Record
    doubted: bool = False


class Evidence(Struct, frozen=True, array_like=True):
    """What is known of the best candidate. Enough to learn from here or, sent over, on another node.

    Attributes:
        similarity: Cosine to the question, at most 1.
        margin: By how much the nearest entry of another answer is farther away.
        kin: How many others among the nearest hold the same answer.
        doubted: As the candidate was.
        record: The candidate's own past.
    """

    similarity: float
    margin: float
    kin: int
    doubted: bool
    record: Record


def weigh(candidates: Sequence[Candidate]) -> Evidence | None:
    """The evidence for the first candidate; None when it cannot be served.

    Args:
        candidates: Nearest first. Beyond `NEIGHBOURS` none is read.
    """
    if not candidates:
        return None
    similarity, record, doubted = candidates[0]
    if not similarity >= FLOOR:  # also when it is not a number
        return None
    similarity = min(similarity, 1.0)
    kin, other = 0, _NOWHERE
    for near, another, _ in candidates[1:NEIGHBOURS]:
        if another.family == record.family:
            kin += 1
        elif near > other:
            other = near
    return Evidence(similarity, max(similarity - other, 0.0), kin, doubted, record)


def features(evidence: Evidence) -> list[float]:
    """The numbers whose weighted sum is the pool's logit: of order one each."""
    similarity, margin = evidence.similarity, evidence.margin
    return [
        1.0,
        10.0 * similarity - 8.0,
        max(0.0, 20.0 * similarity - 18.0),
        10.0 * margin - 1.0,
        min(0.0, 10.0 * margin - 1.0),
        math.sqrt(evidence.kin) - 1.0,
        float(evidence.doubted),
    ]
