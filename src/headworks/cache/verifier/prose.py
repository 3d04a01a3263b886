"""Compare two texts by their sentences: do they contradict each other, do they agree in numbers, how much is shared.

Invariants: symmetric; bounded work, as only the first sentences are read; a text never contradicts itself.
"""

import re
from itertools import islice

from msgspec import Struct

from headworks.cache.guards import Reading, differs, read

MAX_CHARS = 8_000
MAX_SENTENCES = 30
LEAD_SENTENCES = 3
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?!\s|$)[^.!?\n]*)*")
_AKIN = 0.6
"""Sentences that share this much of their words speak of one thing."""
_FACTS = frozenset({"number", "unit", "date", "negation", "opposite", "direction"})
"""What makes two sentences of one thing contradict each other."""


class Sentences(Struct, frozen=True):
    """The first sentences of a text, read. `covered` is False where the guards cannot read the language of one."""

    readings: list[Reading]
    words: list[frozenset[str]]
    covered: bool


def sentences(text: str) -> Sentences:
    """The sentences of a text that are compared; longer texts are cut."""
    found = (match[0].strip() for match in _SENTENCE.finditer(text[:MAX_CHARS]))
    readings = [read(sentence) for sentence in islice(filter(None, found), MAX_SENTENCES)]
    words = [frozenset(reading.words) for reading in readings]
    return Sentences(readings, words, not any(reading.exact for reading in readings))


def contradiction(a: Sentences, b: Sentences) -> str | None:
    """Name of the guard that objects to two sentences of one thing; None when none does."""
    return _contradiction(a, b) or _contradiction(b, a)


def _contradiction(a: Sentences, b: Sentences) -> str | None:
    for ours, words in list(zip(a.readings, a.words, strict=True))[: 2 * LEAD_SENTENCES]:
        found: str | None = None
        for reading, theirs in zip(b.readings, b.words, strict=True):
            if _share(words, theirs) >= _AKIN:
                found = _objection(ours, reading)
                if found is None:
                    break
        if found is not None:
            return found
    return None


def _objection(a: Reading, b: Reading) -> str | None:
    guard = differs(a, b)
    return guard if guard in _FACTS else None


def numbers_agree(a: Sentences, b: Sentences) -> bool:
    """Whether, in the first sentences, one gives no number or date that the other has another for."""
    for facts in (_numbers, _dates):
        ours, theirs = facts(a), facts(b)
        if not (ours <= theirs or theirs <= ours):
            return False
    return True


def _numbers(text: Sentences) -> set[str]:
    return {number for reading in text.readings[:LEAD_SENTENCES] for number in reading.numbers}


def _dates(text: Sentences) -> set[str]:
    return {date for reading in text.readings[:LEAD_SENTENCES] for date in reading.dates}


def shared(a: Sentences, b: Sentences) -> float:
    """How much of each sentence has its like in the other text, the lesser of both ways: 0 to 1."""
    return min(_found_in(a, b), _found_in(b, a))


def _found_in(a: Sentences, b: Sentences) -> float:
    telling = [words for words in a.words if words]
    if not telling:
        return 0.0
    return sum(max((_share(ours, theirs) for theirs in b.words), default=0.0) for ours in telling) / len(telling)


def _share(ours: frozenset[str], theirs: frozenset[str]) -> float:
    both = len(ours & theirs)
    return both / (len(ours) + len(theirs) - both) if both else 0.0
