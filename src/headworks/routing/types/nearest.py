"""Types by the nearest examples: what the config gives for a type of its own, or traces that somebody has labelled.

Likeness is the cosine of the sets of hashed n-grams; rare ones count more. An index from each feature to the examples
that have it makes the cost grow with what a text shares, not with all examples.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from headworks.routing.types.features import features
from headworks.routing.types.tag import Guess

_MOST_COMMON = 0.03
"""A feature that more of the examples have says nothing, and is left out."""
_FEW = 20


class Labelled(Struct, frozen=True):
    """A text whose type somebody has said."""

    text: str
    type: str


class NearestExamples:
    """Satisfies `Classifier`.

    Args:
        examples: Labelled texts.
        k: How many neighbours vote.
        at_least: Likeness under which an example is no neighbour; with none, nothing is said.
        by: What it is called in the reasons of tags.
    """

    def __init__(
        self, examples: Iterable[Labelled], *, k: int = 7, at_least: float = 0.15, by: str = "nearest examples"
    ) -> None:
        self._k, self._at_least, self._by = k, at_least, by
        self._types: list[str] = []
        self._having: dict[int, list[int]] = defaultdict(list)
        for example in examples:
            for feature in features(example.text):
                self._having[feature].append(len(self._types))
            self._types.append(example.type)
        count = len(self._types)
        most = max(_FEW, int(count * _MOST_COMMON))
        self._rarity = {f: math.log(1 + count / len(at)) ** 2 for f, at in self._having.items() if len(at) <= most}
        self._unseen = math.log(1 + count) ** 2
        self._norms = [0.0] * count
        for feature, rarity in self._rarity.items():
            for at in self._having[feature]:
                self._norms[at] += rarity

    async def guess(self, text: str) -> Guess | None:
        """What the neighbours of `text` are; None when it has none."""
        return self.guess_now(text)

    def guess_now(self, text: str) -> Guess | None:
        """What the neighbours of `text` are; None when it has none."""
        votes: dict[str, float] = defaultdict(float)
        near = self._nearest(text)
        for at, likeness in near:
            votes[self._types[at]] += likeness
        total = sum(votes.values())
        if not total:
            return None
        # A neighbour that is hardly one leaves doubt: the doubt is spread over all that it might be.
        return Guess(_shared(votes, total, near[0][1], self.types), None, f"{len(near)} {self._by}")

    @property
    def types(self) -> tuple[str, ...]:
        """The types of the examples."""
        return tuple(sorted(set(self._types)))

    def _nearest(self, text: str) -> list[tuple[int, float]]:
        shared: dict[int, float] = defaultdict(float)
        own = 0.0
        for feature in features(text):
            rarity = self._rarity.get(feature)
            if rarity is None:
                own += 0.0 if feature in self._having else self._unseen
                continue
            own += rarity
            for at in self._having[feature]:
                shared[at] += rarity
        like = ((at, part / math.sqrt(own * self._norms[at])) for at, part in shared.items())
        near = [(at, likeness) for at, likeness in like if likeness >= self._at_least]
        return sorted(near, key=lambda one: (-one[1], one[0]))[: self._k]


def _shared(votes: Mapping[str, float], total: float, nearest: float, types: tuple[str, ...]) -> dict[str, float]:
    sure = min(1.0, 0.5 + nearest)
    left = (1 - sure) / len(types)
    return {name: sure * votes.get(name, 0.0) / total + left for name in types}
