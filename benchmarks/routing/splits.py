"""Splits of the routing outcomes, with a fixed seed: within each subject, and by whole subjects."""

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from msgspec import Struct

from benchmarks.routing.material import outcomes

SEED = 7
Rows = list[dict[str, Any]]


class Parts(Struct):
    """For learning, for choosing (calibration too), and for measuring."""

    learn: Rows
    choose: Rows
    measure: Rows


def mmlu(data: Path) -> Rows:
    """The rows of MMLU."""
    return [row for row in outcomes(data) if row["set"] == "mmlu"]


def by_subject_share(rows: Rows) -> Parts:
    """30% of each subject to measure, 12% to choose."""
    rng, parts = random.Random(SEED), Parts([], [], [])
    for _, ours in sorted(_subjects(rows).items()):
        rng.shuffle(ours)
        measure, choose = int(0.3 * len(ours)), int(0.42 * len(ours))
        parts.measure += ours[:measure]
        parts.choose += ours[measure:choose]
        parts.learn += ours[choose:]
    return parts


def by_whole_subjects(rows: Rows) -> Parts:
    """30% of the subjects to measure, 12% to choose: no question of theirs was learned from."""
    found = _subjects(rows)
    names = sorted(found)
    random.Random(SEED).shuffle(names)
    measure, choose = int(0.3 * len(names)), int(0.42 * len(names))
    cut = (names[choose:], names[measure:choose], names[:measure])
    return Parts(*([row for name in part for row in found[name]] for part in cut))


def _subjects(rows: Rows) -> dict[str, Rows]:
    found: dict[str, Rows] = defaultdict(list)
    for row in rows:
        found[row["subject"]].append(row)
    return found
