"""SQLite through its own recent build (apsw): open a file safely for many processes, and bring its tables up to date.

Write-ahead logging lets readers and one writer work at once. `synchronous=NORMAL` loses nothing to a killed process;
only a power cut may take the last moments, and never tears the file. The system's SQLite is not used: builds before
3.51.3 have a race that can corrupt a WAL file under several connections (sqlite.org/wal.html).
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

from headworks.core.errors import StoreError

BUSY_TIMEOUT_MS = 5_000
_WAL_TRIES, _WAL_PAUSE_S = 250, 0.02


def connect(path: Path, *, read_only: bool = False) -> apsw.Connection:
    """Open `path` (made if missing, unless read-only) in WAL mode.

    Raises:
        StoreError: The file cannot be opened or is not a database.
    """
    flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    try:
        connection = apsw.Connection(str(path), flags=flags)
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        if not read_only:
            connection.pragma("auto_vacuum", 2)  # incremental: only takes effect on a new file
            _write_ahead(connection)
            connection.pragma("synchronous", 1)
        connection.pragma("foreign_keys", 1)
    except apsw.Error as error:
        raise StoreError(
            f"The database {path.name} cannot be opened: {error}. Is the data directory writable?"
        ) from error
    return connection


def _write_ahead(connection: apsw.Connection) -> None:
    """Switch to write-ahead logging: a no-op but on a new file.

    Of several connections that switch a new file at once, SQLite refuses all but one without waiting, whatever the busy
    timeout (their locks would wait for each other): so the waiting is done here.
    """
    for _ in range(_WAL_TRIES):
        try:
            connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            time.sleep(_WAL_PAUSE_S)
        else:
            return
    connection.pragma("journal_mode", "wal")


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[apsw.Connection]:
    """One write transaction: committed as a whole, or not at all.

    Raises:
        StoreError: The database is locked for too long, full or broken.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
    except apsw.Error as error:
        raise StoreError(f"The database refused a write: {error}.") from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def migrate(connection: apsw.Connection, room: str, steps: Sequence[str]) -> None:
    """Run the steps of `room` that this file has not seen. Steps are only ever appended; each is SQL for one version.

    Several processes may start at once: each step runs in exactly one of them.
    """
    with transaction(connection):
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_versions (room TEXT PRIMARY KEY, version INTEGER NOT NULL)"
        )
        row = connection.execute("SELECT version FROM schema_versions WHERE room = ?", (room,)).fetchone()
        done = int(row[0]) if row else 0
        if done > len(steps):
            raise StoreError(
                f"The tables of {room} are at version {done}, newer than this program knows ({len(steps)}). "
                "Upgrade Headworks."
            )
        for step in steps[done:]:
            connection.execute(step)
        connection.execute("INSERT OR REPLACE INTO schema_versions VALUES (?, ?)", (room, len(steps)))
