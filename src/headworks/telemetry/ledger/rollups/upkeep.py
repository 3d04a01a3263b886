"""What is done for the roll-ups between the calls: newest rows are moved, traces from before them are brought in."""

import apsw

from headworks.telemetry.ledger.rollups.filling import fill
from headworks.telemetry.ledger.rollups.recent import ENOUGH_ROWS, move, waiting

_PATIENCE = 120
"""After so many turns (of half a second) rows are moved however few they are."""
_FILLED_AT_ONCE = 8


class Upkeep:
    """Used by the thread that writes the ledger, a turn after each look into the spool."""

    def __init__(self) -> None:
        self._filled = False
        self._turns = 0

    def turn(self, connection: apsw.Connection) -> None:
        """Do a little, in short transactions.

        Raises:
            StoreError: The database refuses.
        """
        self._turns += 1
        due = self._turns >= _PATIENCE
        if waiting(connection) >= (1 if due else ENOUGH_ROWS):
            move(connection)
        if due:
            self._turns = 0
        for _ in range(_FILLED_AT_ONCE):
            if self._filled:
                return
            self._filled = fill(connection)
