"""Cells: what the calls of one hour have in common, and their sums; how cells are merged and folded.

A cell is a key `(span, names...)` and a list of whole numbers: the sums, then the two histograms. Everything about
a cell is addition, so the order in which records come, and how they are split into batches, changes nothing.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from headworks.telemetry.ledger.rollups.levels import HOUR_MS, NAMES, OTHER, PEOPLE, SUMS, Level, span_of
from headworks.telemetry.ledger.rollups.times import counted
from headworks.telemetry.record import TraceRecord

Key = tuple[Any, ...]
"""The span, then the names as in `NAMES`."""
Cells = dict[Key, list[int]]

FACTS = (
    "started_at",
    *NAMES,
    "status",
    "cache_hit",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "cost_nano",
    "saved_nano",
    "repriced_nano",
    "latency_ms",
    "ttft_ms",
)
"""What of a record is rolled up: names of the record, and of the columns of its table."""
facts_of = attrgetter(*FACTS)
_LONGEST = 200
_FAILED = frozenset({"failed", "lost", "shutdown"})
_NAMED = len(NAMES) + 1
_CALLS, _COST = SUMS.index("calls"), SUMS.index("cost_nano")


def hourly(facts: Iterable[tuple[Any, ...]]) -> Cells:
    """The cells by the hour of some records, each as `facts_of` gives them."""
    cells: Cells = {}
    for fact in facts:
        merge(cells, _key(fact), _sums(fact[_NAMED:]))
    return cells


def of_records(records: Iterable[TraceRecord]) -> Cells:
    """The cells by the hour of records."""
    return hourly(map(facts_of, records))


def key_of(record: TraceRecord) -> Key:
    """The cell by the hour that a record is counted in."""
    return _key(facts_of(record))


def merge(cells: Cells, key: Key, sums: list[int]) -> None:
    """Add `sums` to the cell of that key."""
    known = cells.get(key)
    cells[key] = sums if known is None else [a + b for a, b in zip(known, sums, strict=True)]


def at_level(cells: Cells, level: Level) -> Cells:
    """Cells by the hour as those of a level."""
    if level.unit == "hour" and level.people:
        return cells
    found: Cells = {}
    for key, sums in cells.items():
        key = (span_of(level.unit, key[0]), *key[1:])
        merge(found, key if level.people else without_people(key, ""), sums)
    return found


def folded(cells: Cells, most: int) -> Cells:
    """The cells with the rarest merged: first those of users and keys, and if that is not enough, all of a kind.

    Which organisation spent something is never folded away: organisations are made by whoever makes keys.
    """
    for fold in _FOLDS:
        if len(cells) > most:
            cells = _fold(cells, most, fold)
    return cells


def without_people(key: Key, other: str = OTHER) -> Key:
    """The key with `other` for its user and key, where it has them."""
    named = zip(NAMES, key[1:], strict=True)
    return (key[0], *(other if value and name in PEOPLE else value for name, value in named))


def without_names(key: Key) -> Key:
    """The key with its span and organisation alone; it has a user or key where it had."""
    named = zip(NAMES[1:], key[2:], strict=True)
    return (*key[:2], *(OTHER if value or name not in PEOPLE else "" for name, value in named))


def _fold(cells: Cells, most: int, fold: Callable[[Key], Key]) -> Cells:
    ranked = sorted(cells, key=lambda key: (-cells[key][_COST], -cells[key][_CALLS], key))
    found = {key: cells[key] for key in ranked[:most]}
    for key in ranked[most:]:
        merge(found, fold(key), cells[key])
    return found


_FOLDS: tuple[Callable[[Key], Key], ...] = (without_people, without_names)


def _key(fact: tuple[Any, ...]) -> Key:
    # Text that SQLite's JSON would cut short, or that is absurdly long, names nobody.
    names = ((name or "").replace("\0", "?")[:_LONGEST] for name in fact[1:_NAMED])
    return (fact[0] // HOUR_MS, *names)


def _sums(fact: tuple[Any, ...]) -> list[int]:
    status, hit, *tokens_and_cost, saved, repriced, latency, ttft = fact
    *tokens, cost = tokens_and_cost
    return [
        1,
        int(status in _FAILED),
        int(status == "refused"),
        int(hit),
        *tokens,
        cost or 0,
        saved,
        int(cost is None),
        int(repriced is not None),
        repriced or 0,
        counted(latency),
        counted(ttft),
    ]
