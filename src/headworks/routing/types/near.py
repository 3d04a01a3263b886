"""Near duplicates between two lists of texts: a test row that leaks into training makes a figure worthless.

Two texts are near when most of their word shingles are shared (Jaccard). An index keeps it from comparing all pairs.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

_WORDS = 3
_WORD = re.compile(r"\w+")
LIKENESS = 0.8


class Leak(Struct, frozen=True):
    """A test text that is nearly a training text. Places in the two lists, and how like they are."""

    test: int
    training: int
    likeness: float


def leaks(training: Sequence[str], test: Iterable[str], likeness: float = LIKENESS) -> list[Leak]:
    """The test texts that are nearly one of training, each with the nearest."""
    having: dict[tuple[str, ...], list[int]] = defaultdict(list)
    sizes = []
    for at, text in enumerate(training):
        parts = _shingles(text)
        sizes.append(len(parts))
        for part in parts:
            having[part].append(at)
    found = []
    for at, text in enumerate(test):
        parts = _shingles(text)
        shared = Counter(other for part in parts for other in having.get(part, ()))
        like = [(count / (len(parts) + sizes[other] - count), other) for other, count in shared.items()]
        if like and (best := max(like))[0] >= likeness:
            found.append(Leak(at, best[1], best[0]))
    return found


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.lower()) or [text.strip()]
    return frozenset(tuple(words[at : at + _WORDS]) for at in range(max(1, len(words) - _WORDS + 1)))
