"""How many attacks the injection detector finds, and how often it is wrong, source by source."""

import math
import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from benchmarks.safety.material import (
    UNSEEN,
    Sample,
    attacks,
    fetched,
    hard_benign,
    long_benign,
    ordinary,
    without_copies,
)
from headworks.safety.checks.injected import Injection

_Z = 1.959964
MOST_FOR_OTHERS = 2000
"""Texts of each kind that slower detectors are given, drawn by chance."""


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95% interval of a share (Wilson 1927)."""
    if not count:
        return 0.0, 1.0
    share, square = hits / count, _Z * _Z
    middle = (share + square / (2 * count)) / (1 + square / count)
    spread = _Z / (1 + square / count) * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    return max(0.0, middle - spread), min(1.0, middle + spread)


def held_out(wheels: Path, data: Path) -> list[Sample]:
    """What nothing was trained on and no threshold was fixed on."""
    everything = attacks(fetched(wheels))
    trained = [sample for sample in everything if not sample.held_out]
    fresh = without_copies([sample for sample in everything if sample.held_out], trained)
    calm = [*ordinary(data), *hard_benign(wheels), *long_benign(data)]
    return [*fresh, *(sample for sample in calm if sample.held_out)]


def table(samples: list[Sample], judge: Callable[[str], bool]) -> list[tuple[str, str, int, int]]:
    """Rows of kind, source, texts, and how many of them are called attacks."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for sample in samples:
        kind = kind_of(sample)
        called = judge(sample.text)
        groups = [sample.source, "all"] + ["all of sources never seen"] * (sample.attack and sample.source in UNSEEN)
        for source in groups:
            counts[kind, source][0] += 1
            counts[kind, source][1] += called
    order = sorted(counts, key=lambda key: (key[0], key[1].startswith("all"), key[1]))
    return [(kind, source, *counts[kind, source]) for kind, source in order]


def kind_of(sample: Sample) -> str:
    """What a text is for: an attack, an ordinary prompt, a hard or a long harmless text."""
    if sample.attack:
        return "attack"
    if sample.source in ("clinc150", "banking77"):
        return "ordinary"
    return "hard" if sample.source in ("prompt-armor/benign", "bastioncorpus") else "long"


def ours() -> Callable[[str], bool]:
    """The check `injection` as it is shipped."""
    detector = Injection()
    return lambda text: bool(detector.find(text))


def fewer(samples: list[Sample]) -> list[Sample]:
    """At most `MOST_FOR_OTHERS` of each kind."""
    chance, by_kind = random.Random(11), defaultdict(list)
    for sample in samples:
        by_kind[kind_of(sample)].append(sample)
    return [
        one
        for kind in sorted(by_kind)
        for one in chance.sample(by_kind[kind], min(len(by_kind[kind]), MOST_FOR_OTHERS))
    ]


def markdown(rows: list[tuple[str, str, int, int]]) -> str:
    """The rows as a table for people."""
    lines = ["| texts | source | count | called attacks | 95% interval |", "|---|---|---|---|---|"]
    for kind, source, count, hits in rows:
        low, high = wilson(hits, count)
        lines.append(f"| {kind} | {source} | {count} | {hits / count:.2%} | {low:.2%} to {high:.2%} |")
    return "\n".join(lines)
