"""The newest cells, as each transaction that stored records left them, until they are moved to the levels.

Leaving them costs a call little. Moving many at once costs little, too: the same names come again and again. A report
adds what has not been moved, so it is never behind.
"""

from itertools import chain

import apsw

from headworks.storage.sqlite import transaction
from headworks.telemetry.ledger.rollups.adding import COLUMNS, ROWS, SHOWN, VALUES, add, read_rows, values_of
from headworks.telemetry.ledger.rollups.cells import Cells, merge
from headworks.telemetry.ledger.rollups.levels import RECENT, Rows

ENOUGH_ROWS = 2_000
"""Waiting rows that are worth a move, and the most that one moves."""
_INSERT = f"INSERT INTO {RECENT} ({', '.join(COLUMNS)}) VALUES "  # noqa: S608  names of our own
_SOME = f"SELECT max(id), json_group_array({SHOWN}) FROM (SELECT * FROM {RECENT} ORDER BY id LIMIT {ENOUGH_ROWS})"  # noqa: S608
_WAITING = f"SELECT ifnull(max(id) - min(id) + 1, 0) FROM {RECENT}"  # noqa: S608
_MOVED = f"DELETE FROM {RECENT} WHERE id <= ?"  # noqa: S608


def leave(connection: apsw.Connection, cells: Cells) -> None:
    """Leave cells by the hour, in the transaction of the caller.

    Raises:
        apsw.Error: The database refuses.
    """
    rows = values_of(cells)
    for first in range(0, len(rows), ROWS):
        some = rows[first : first + ROWS]
        connection.execute(_INSERT + ", ".join([VALUES] * len(some)), list(chain.from_iterable(some)))


def waiting(connection: apsw.Connection) -> int:
    """How many rows wait to be moved."""
    found: Rows = connection.execute(_WAITING).fetchall()
    count: int = found[0][0]
    return count


def move(connection: apsw.Connection) -> bool:
    """Move the oldest rows, in a short transaction; True when none wait any more.

    Raises:
        StoreError: The database refuses.
    """
    with transaction(connection):
        return move_some(connection)


def move_some(connection: apsw.Connection) -> bool:
    """As `move`, in the transaction of the caller."""
    found: Rows = connection.execute(_SOME).fetchall()
    last, text = found[0]
    if last is None:
        return True
    cells: Cells = {}
    for key, sums in read_rows(text):
        merge(cells, key, sums)
    add(connection, cells)
    connection.execute(_MOVED, (last,))
    return waiting(connection) == 0
