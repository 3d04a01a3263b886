"""Add cells to the tables, inside the transaction of the caller.

What is there already is read as one JSON text and written with few statements: each step of a statement lets go of the
interpreter, and the calls that are under way are slow to give it back.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any

import apsw
import msgspec

from headworks.telemetry.ledger.rollups.cells import (
    Cells,
    Key,
    at_level,
    folded,
    merge,
    without_names,
    without_people,
)
from headworks.telemetry.ledger.rollups.levels import LEVELS, NAMES, OTHER, SUMS, TIMES, Level, Rows
from headworks.telemetry.ledger.rollups.times import packed, unpacked

ROWS = 32
COLUMNS = ("span", *NAMES, *SUMS, *TIMES)
_KEY = len(NAMES) + 1
VALUES = f"({', '.join('?' * len(COLUMNS))})"
SHOWN = f"json_array(span, {', '.join(NAMES)}, {', '.join(SUMS)}, hex(latency), hex(ttft))"
_MATCH = " AND ".join(f"t.{name} = k.value ->> {place}" for place, name in enumerate(("span", *NAMES)))
Row = list[Any]
_decode = msgspec.json.Decoder(list[Row]).decode


def add(connection: apsw.Connection, cells: Cells) -> None:
    """Add cells by the hour to every level.

    Raises:
        apsw.Error: The database refuses.
    """
    for level in LEVELS:
        _add(connection, level, at_level(cells, level))


def adjust(connection: apsw.Connection, cells: Cells) -> None:
    """Add cells by the hour of records that were added before: to the rows they went into, or were folded into since.

    A level whose rows of that time are deleted is left alone.

    Raises:
        apsw.Error: The database refuses.
    """
    for level in LEVELS:
        wanted = at_level(cells, level)
        homes = {key: _homes(key) for key in wanted}
        known = _known(connection, level, {home for found in homes.values() for home in found})
        changed: Cells = {}
        for key, sums in wanted.items():
            home = next((home for home in homes[key] if home in known), None)
            if home is not None:
                merge(changed, home, sums)
        _write(connection, level, _merged(known, changed))


def _homes(key: Key) -> tuple[Key, ...]:
    """The rows that a cell can have gone into."""
    return key, without_people(key, OTHER), without_names(key)


def _add(connection: apsw.Connection, level: Level, cells: Cells) -> None:
    known = _known(connection, level, cells)
    _write(connection, level, _merged(known, cells))
    fresh: dict[int, int] = {}
    for key in cells:
        if key not in known:
            fresh[key[0]] = fresh.get(key[0], 0) + 1
    for span, more in fresh.items():
        counting = f"SELECT count(*) FROM {level.table} WHERE span = ?"  # noqa: S608  names of our own
        found: Rows = connection.execute(counting, (span,)).fetchall()
        count: int = found[0][0]
        # Not at each batch where folding cannot bring it down: every so many rows.
        if count >= 2 * level.most and count // level.most > (count - more) // level.most:
            _fold(connection, level, span)


def _fold(connection: apsw.Connection, level: Level, span: int) -> None:
    rows: Rows = connection.execute(
        f"SELECT json_group_array({SHOWN}) FROM {level.table} WHERE span = ?",  # noqa: S608
        (span,),
    ).fetchall()
    cells = folded(dict(read_rows(rows[0][0])), level.most)
    connection.execute(f"DELETE FROM {level.table} WHERE span = ?", (span,))  # noqa: S608
    _write(connection, level, cells)


def _known(connection: apsw.Connection, level: Level, keys: Iterable[Key]) -> Cells:
    """Those of `keys` that have a row."""
    rows: Rows = connection.execute(
        f"SELECT json_group_array({SHOWN}) FROM json_each(?) k CROSS JOIN {level.table} t ON {_MATCH}",  # noqa: S608
        (msgspec.json.encode(list(keys)).decode(),),
    ).fetchall()
    return dict(read_rows(rows[0][0]))


def read_rows(text: str) -> list[tuple[Key, list[int]]]:
    """The keys and sums of rows, from the JSON text of `SHOWN`."""
    return [(tuple(row[:_KEY]), [*row[_KEY:-2], unpacked(row[-2]), unpacked(row[-1])]) for row in _decode(text)]


def values_of(cells: Cells) -> list[tuple[Any, ...]]:
    """Cells as rows, values as in `COLUMNS`."""
    return [(*key, *sums[:-2], packed(sums[-2]), packed(sums[-1])) for key, sums in cells.items()]


def _merged(known: Cells, cells: Cells) -> Cells:
    found: Cells = {}
    for key, sums in cells.items():
        if key in known:
            merge(found, key, known[key])
        merge(found, key, sums)
    return found


def _write(connection: apsw.Connection, level: Level, cells: Cells) -> None:
    rows = values_of(cells)
    insert = f"INSERT OR REPLACE INTO {level.table} ({', '.join(COLUMNS)}) VALUES "  # noqa: S608
    for first in range(0, len(rows), ROWS):
        some = rows[first : first + ROWS]
        connection.execute(insert + ", ".join([VALUES] * len(some)), list(chain.from_iterable(some)))
