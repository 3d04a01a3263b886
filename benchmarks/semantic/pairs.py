"""The question pairs as classes of equal meaning, split so that constants are chosen on other classes than reported.

Two texts mean the same when a chain of pairs labelled `same` joins them. Hard negatives stay on the side of what they
resemble: the split is by connected component of all pairs, whatever their label.
"""

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

FILE = "question_pairs.jsonl.gz"


class Questions(NamedTuple):
    """All texts, and what the labels say of them.

    Attributes:
        texts: Distinct texts, sorted.
        classes: For each text, a number that texts of equal meaning share.
        held_out: For each text, whether figures may be reported on it; constants are chosen on the others.
        told_apart: Pairs of classes with at least one pair labelled different, smaller number first.
        pairs: (text, text, same) as labelled.
    """

    texts: list[str]
    classes: list[int]
    held_out: list[bool]
    told_apart: set[tuple[int, int]]
    pairs: list[tuple[int, int, bool]]


def load(folder: Path) -> Questions:
    """Read the pairs.

    Raises:
        FileNotFoundError: The data is not there.
    """
    with gzip.open(folder / FILE, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    texts = sorted({text for row in rows for text in (row["a"], row["b"])})
    number = {text: at for at, text in enumerate(texts)}
    pairs = [(number[row["a"]], number[row["b"]], bool(row["same"])) for row in rows]
    classes = _joined(len(texts), ((a, b) for a, b, same in pairs if same))
    parts = _joined(len(texts), ((a, b) for a, b, _ in pairs))
    apart = {_ordered(classes[a], classes[b]) for a, b, same in pairs if not same and classes[a] != classes[b]}
    return Questions(texts, classes, [_coin(texts[part]) for part in parts], apart, pairs)


def noise(questions: Questions) -> dict[str, int]:
    """What the labels say of pairs about which there is little doubt: texts equal but for case and punctuation."""
    texts = questions.texts
    plain = [normal(text) for text in texts]
    equal = [same for a, b, same in questions.pairs if plain[a] == plain[b]]
    classes: dict[str, set[int]] = {}
    for text, kind in zip(plain, questions.classes, strict=True):
        classes.setdefault(text, set()).add(kind)
    copies = Counter(plain)
    return {
        "pairs": len(questions.pairs),
        "pairs of equal words": len(equal),
        "of these labelled different": equal.count(False),
        "texts with a copy of equal words": sum(number for number in copies.values() if number > 1),
        "word sequences in several classes": sum(len(kinds) > 1 for kinds in classes.values()),
        "word sequences with copies": sum(number > 1 for number in copies.values()),
        "pairs labelled different within a class": sum(
            not same and questions.classes[a] == questions.classes[b] for a, b, same in questions.pairs
        ),
    }


def normal(text: str) -> str:
    """The words alone: lower case, no punctuation."""
    return " ".join("".join(sign.lower() if sign.isalnum() else " " for sign in text).split())


def _ordered(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _coin(text: str) -> bool:
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 0


def _joined(count: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """For each of `count` things the smallest number of what it is linked to (union-find)."""
    parent = list(range(count))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for a, b in links:
        first, second = sorted((root(a), root(b)))
        parent[second] = first
    return [root(at) for at in range(count)]
