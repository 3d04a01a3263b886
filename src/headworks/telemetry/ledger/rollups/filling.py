"""Add the traces that were there before the roll-ups, a few hundred at a time.

Each step is a short transaction that reads how far all have come, adds the next ones and writes how far it got: workers
and restarts cannot count a trace twice.
"""

from typing import Any

import apsw
import msgspec

from headworks.storage.sqlite import transaction
from headworks.telemetry.ledger.rollups.adding import add
from headworks.telemetry.ledger.rollups.cells import FACTS, hourly
from headworks.telemetry.ledger.rollups.levels import Rows

STEP_ROWS = 500
_PLACE = "SELECT reached, upto FROM usage_filling"
_NEXT = (
    f"SELECT json_group_array(json_array(id, {', '.join(FACTS)})) FROM "  # noqa: S608  names of our own struct
    "(SELECT * FROM traces WHERE id > ? AND id <= ? ORDER BY id LIMIT ?)"
)
_decode = msgspec.json.Decoder(list[list[Any]]).decode


def filled(connection: apsw.Connection) -> bool:
    """Whether every trace is in the roll-ups."""
    reached, upto = _place(connection)
    return reached >= upto


def fill(connection: apsw.Connection) -> bool:
    """Add the next old traces; True when none are left.

    Raises:
        StoreError: The database refuses.
    """
    if filled(connection):  # without the lock for writing
        return True
    with transaction(connection):
        reached, upto = _place(connection)
        found: Rows = connection.execute(_NEXT, (reached, upto, STEP_ROWS)).fetchall()
        rows = _decode(found[0][0])
        add(connection, hourly(tuple(row[1:]) for row in rows))
        reached = rows[-1][0] if len(rows) == STEP_ROWS else upto
        connection.execute("UPDATE usage_filling SET reached = ?", (reached,))
    return reached >= upto


def _place(connection: apsw.Connection) -> tuple[int, int]:
    found: Rows = connection.execute(_PLACE).fetchall()
    return found[0][0], found[0][1]
