"""Two ways to keep rows apart: some rows of each source, and whole sources in turn.

The first says how prompts like those that were learned from are told; the second, prompts of a kind never seen.
"""

import random
from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct

from benchmarks.routing.rows import Row
from headworks.routing.types.near import leaks

FOLDS = 5


class Kept(Struct, frozen=True):
    """Rows to learn from, to choose by (the temperature), and to measure with."""

    learn: list[Row]
    choose: list[Row]
    measure: list[Row]


def by_rows(rows: list[Row]) -> Kept:
    """Of each source 70%, 10% and 20%; rows to measure with that are nearly others are left out."""
    rng = random.Random(5)
    kept = Kept([], [], [])
    for _, ours in sorted(_sources(rows).items()):
        rng.shuffle(ours)
        measure, choose = int(0.2 * len(ours)), int(0.3 * len(ours))
        kept.measure.extend(ours[:measure])
        kept.choose.extend(ours[measure:choose])
        kept.learn.extend(ours[choose:])
    known = [row.text for row in (*kept.learn, *kept.choose)]
    leaked = {leak.test for leak in leaks(known, (row.text for row in kept.measure))}
    return Kept(kept.learn, kept.choose, [row for at, row in enumerate(kept.measure) if at not in leaked])


def by_sources(rows: list[Row]) -> Iterator[tuple[list[Row], list[Row]]]:
    """Each fold of sources in turn: the rows of all others, and its own."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for name, ours in sorted(_sources(rows).items()):
        kinds[ours[0].type].append(name)
    fold = {}
    for names in kinds.values():
        random.Random(5).shuffle(names)
        fold |= {name: at % FOLDS for at, name in enumerate(names)}
    for at in range(FOLDS):
        yield [row for row in rows if fold[row.source] != at], [row for row in rows if fold[row.source] == at]


def _sources(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.source].append(row)
    return found
