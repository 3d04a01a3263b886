"""Delete what is too old or too much, a little at a time, in the background.

A turn deletes small batches for a few milliseconds, so the writer that shares its thread goes on storing. Oldest
first: bodies by whole days while they hold more than half of what is allowed, then records with their feedback, then
roll-ups, which have limits of their own. Freed pages go back to the file system by incremental vacuum, also a little at
a time.
"""

from pathlib import Path
from typing import Any

import apsw

from headworks.core.clock import Clock
from headworks.storage.sqlite import connect, transaction
from headworks.telemetry.config import RetentionSettings
from headworks.telemetry.ledger import rollups
from headworks.telemetry.ledger.payloads import bytes_of_bodies, daily_files, day_of
from headworks.telemetry.ledger.tables import FILE

EVERY_S = 60.0
_BATCH_ROWS = 500
_TURN_S = 0.05
_MEASURE_S = 3_600.0
"""How often the roll-ups are measured: they grow slowly, and it takes reading them."""
_VACUUM_PAGES = 256
_DAY_S = 86_400
_OLDEST = "SELECT id, trace_id, started_at FROM traces ORDER BY started_at LIMIT ?"


class Retention:
    """Keeps the ledger within its limits; used by one thread at a time.

    Args:
        data_dir: The ledger's directory.
        settings: The limits.
        clock: Says what is old, and when the next look is due.
    """

    def __init__(self, data_dir: Path, settings: RetentionSettings, clock: Clock) -> None:
        self._data_dir = data_dir
        self._settings = settings
        self._clock = clock
        self._connection: apsw.Connection | None = None
        self._due_s = 0.0
        self._measured_s = 0.0
        self._rollup_bytes = 0

    def turn(self) -> None:
        """Do a little, if it is time. What is left is for the next turns; with all done, the next look is in a minute.

        Raises:
            StoreError: The database refuses.
            OSError: A file cannot be deleted.
        """
        begun_s = self._clock.monotonic()
        if begun_s < self._due_s:
            return
        while self._delete_some():
            if self._clock.monotonic() - begun_s > _TURN_S:
                return
        self._due_s = begun_s + EVERY_S

    def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _delete_some(self) -> bool:
        """Delete one batch of what is over a limit; False when all is within."""
        cutoff_ms = int((self._clock.now() - self._settings.max_age_days * _DAY_S) * 1000)
        files = daily_files(self._data_dir)
        if files and files[0].stem < day_of(cutoff_ms):
            _delete_database(files[0])
            return True
        bodies = bytes_of_bodies(self._data_dir)
        over = bodies + self._ledger_bytes() > self._settings.max_bytes
        if over and files and bodies > self._settings.max_bytes // 2:
            _delete_database(files[0])
            return True
        # What is not in the roll-ups yet is not deleted for its age: it will be in a few minutes.
        traces = self._delete_rows(None if over else cutoff_ms) if over or rollups.filled(self._open()) else False
        return traces or rollups.forget(self._open(), self._settings, self._clock.now()) or self._vacuum()

    def _ledger_bytes(self) -> int:
        """Bytes of the database without its roll-ups."""
        pages = (self._pragma("page_count") - self._pragma("freelist_count")) * self._pragma("page_size")
        if self._clock.monotonic() >= self._measured_s:
            self._measured_s = self._clock.monotonic() + _MEASURE_S
            self._rollup_bytes = rollups.size_bytes(self._open())
        return pages - self._rollup_bytes

    def _delete_rows(self, before_ms: int | None) -> bool:
        """Delete the oldest batch: all of it, or those that began before `before_ms`."""
        connection = self._open()
        rows: list[tuple[Any, ...]] = connection.execute(_OLDEST, (_BATCH_ROWS,)).fetchall()
        doomed = [(key, trace_id) for key, trace_id, at in rows if before_ms is None or at < before_ms]
        if not doomed:
            return False
        with transaction(connection):
            connection.executemany("DELETE FROM traces WHERE id = ?", [(key,) for key, _ in doomed])
            connection.executemany("DELETE FROM feedback WHERE trace_id = ?", [(trace_id,) for _, trace_id in doomed])
        return True

    def _vacuum(self) -> bool:
        """Give some free pages back; True while many are left."""
        if self._pragma("freelist_count") < _VACUUM_PAGES:
            return False  # new rows will fill them
        self._open().execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
        return True

    def _pragma(self, name: str) -> int:
        value: Any = self._open().pragma(name)
        return int(value)

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = connect(self._data_dir / FILE)
        return self._connection


def _delete_database(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
