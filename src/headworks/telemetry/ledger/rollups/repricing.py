"""Keep costs that are worked out again beside the old ones, in traces and roll-ups, which agree at every moment.

A step is one short transaction: it reads a few hundred traces, asks for their costs, and writes both. The cost that was
charged is never touched.
"""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

from headworks.core.errors import StoreError
from headworks.storage.sqlite import connect, transaction
from headworks.telemetry.ledger.rollups.adding import adjust
from headworks.telemetry.ledger.rollups.cells import Cells, key_of, merge
from headworks.telemetry.ledger.rollups.filling import fill
from headworks.telemetry.ledger.rollups.levels import SUMS, TIMES, Rows
from headworks.telemetry.ledger.rollups.recent import move_some
from headworks.telemetry.ledger.tables import COLUMNS, FILE, open_ledger, record_from_row
from headworks.telemetry.record import TraceRecord

STEP_ROWS = 500
_COUNT = "SELECT count(*) FROM traces WHERE started_at >= ? AND started_at < ?"
_NEXT = (
    f"SELECT id, {', '.join(COLUMNS)} FROM traces WHERE (started_at, id) > (?, ?) "  # noqa: S608  names of our own
    "AND started_at < ? ORDER BY started_at, id LIMIT ?"
)
_KEEP = "UPDATE traces SET repriced_nano = ? WHERE id = ?"
Price = Callable[[TraceRecord], int | None]


class _Place(Struct, frozen=True):
    at_ms: int
    id: int


class Repricing:
    """Walks over the traces of a data directory, oldest first, beside a running gateway or without.

    Args:
        data_dir: Holds the ledger.
        first_ms: Traces from then on, Unix milliseconds.
        end_ms: Until then.

    Raises:
        StoreError: There is no ledger, or it cannot be used.
    """

    def __init__(self, data_dir: Path, first_ms: int, end_ms: int) -> None:
        if not (data_dir / FILE).exists():
            raise StoreError(f"There are no traces in {data_dir}: no gateway has run on it yet.")
        open_ledger(data_dir).close()
        self._connection = connect(data_dir / FILE)
        self._reached = _Place(first_ms - 1, 2**62)
        self._first_ms, self._end_ms = first_ms, end_ms
        self._walked = 0

    def __enter__(self) -> Self:
        """Use it in a `with`, which closes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the file."""
        self._connection.close()

    def count(self) -> int:
        """How many traces there are to walk over."""
        rows: Rows = self._connection.execute(_COUNT, (self._first_ms, self._end_ms)).fetchall()
        count: int = rows[0][0]
        return count

    def step(self, price: Price, *, keep: bool) -> int:
        """Work out the costs of the next traces; how many that were, 0 at the end.

        Args:
            price: What a call costs now; None when that is not known.
            keep: Whether to write it.

        Raises:
            StoreError: The database refuses; nothing of this step was written.
        """
        if not keep:
            self._priced(price)
            return self._walked
        while not fill(self._connection):  # what is brought in later would be counted twice
            pass
        with transaction(self._connection):
            while not move_some(self._connection):
                pass
            changed = [(key, record, new) for key, record, new in self._priced(price) if new != record.repriced_nano]
            self._connection.executemany(_KEEP, [(new, key) for key, _, new in changed])
            adjust(self._connection, _differences(changed))
        return self._walked

    def _priced(self, price: Price) -> list[tuple[int, TraceRecord, int | None]]:
        place = self._reached
        rows: Rows = self._connection.execute(_NEXT, (place.at_ms, place.id, self._end_ms, STEP_ROWS)).fetchall()
        records = [(row[0], record_from_row(row[1:])) for row in rows]
        self._walked = len(records)
        if records:
            self._reached = _Place(records[-1][1].started_at, records[-1][0])
        return [(key, record, price(record)) for key, record in records]


def _differences(changed: list[tuple[int, TraceRecord, int | None]]) -> Cells:
    cells: Cells = {}
    count, nano = SUMS.index("repriced"), SUMS.index("repriced_nano")
    for _, record, new in changed:
        sums = [0] * (len(SUMS) + len(TIMES))
        sums[count] = (new is not None) - (record.repriced_nano is not None)
        sums[nano] = (new or 0) - (record.repriced_nano or 0)
        merge(cells, key_of(record), sums)
    return cells
