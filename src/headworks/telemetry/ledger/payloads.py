"""Captured bodies, compressed, in one database file per day (UTC): retention deletes a file, not a million rows."""

from datetime import UTC, datetime
from pathlib import Path

import apsw
import msgspec
import zstandard
from msgspec import Raw

from headworks.storage.sqlite import connect, migrate, transaction
from headworks.telemetry.record import NO_BODY, TraceRecord

_STEPS = (
    "CREATE TABLE bodies (trace_id TEXT PRIMARY KEY, request BLOB NOT NULL, response BLOB NOT NULL) WITHOUT ROWID",
)
_INSERT = "INSERT OR IGNORE INTO bodies VALUES (?, ?, ?)"
_LEVEL = 3
_BODY_LIMIT = 512 * 1024**2


def folder(data_dir: Path) -> Path:
    """Where the daily files lie."""
    return data_dir / "payloads"


def day_of(started_at: int) -> str:
    """The UTC day, `2026-11-23`, of a time in Unix milliseconds."""
    return datetime.fromtimestamp(started_at / 1000, UTC).date().isoformat()


def daily_files(data_dir: Path) -> list[Path]:
    """All daily files, oldest first."""
    return sorted(folder(data_dir).glob("????-??-??.sqlite"))


def bytes_of_bodies(data_dir: Path) -> int:
    """What all daily files take on disk, write-ahead logs included."""
    return sum(file.stat().st_size for file in folder(data_dir).glob("*.sqlite*"))


class Payloads:
    """The writing side. Keeps the newest day's file open.

    Args:
        data_dir: Holds the folder `payloads`.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._open: tuple[Path, apsw.Connection] | None = None

    def insert(self, records: list[TraceRecord]) -> None:
        """Store the bodies of those records that carry any.

        Raises:
            StoreError: A daily file cannot be written.
        """
        days: dict[str, list[TraceRecord]] = {}
        for record in records:
            if bytes(record.response) != b"null":
                days.setdefault(day_of(record.started_at), []).append(record)
        for day, captured in days.items():
            with transaction(self._file(day)) as connection:
                for record in captured:
                    bodies = (_packed(record.request), _packed(record.response))
                    connection.execute(_INSERT, (record.trace_id, *bodies))

    def close(self) -> None:
        """Let go of the open file."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _file(self, day: str) -> apsw.Connection:
        path = folder(self._data_dir) / f"{day}.sqlite"
        # Another worker's retention may have deleted the file: a connection to a deleted file writes into nothing.
        if self._open is not None and self._open[0] == path and path.exists():
            return self._open[1]
        self.close()
        path.parent.mkdir(mode=0o700, exist_ok=True)
        connection = connect(path)
        migrate(connection, "payloads", _STEPS)
        self._open = (path, connection)
        return connection


def read_bodies(data_dir: Path, trace_id: str, started_at: int) -> tuple[Raw, Raw]:
    """Request and response of a trace; JSON null where nothing was captured or it is deleted.

    Raises:
        StoreError: The daily file exists and cannot be read.
    """
    path = folder(data_dir) / f"{day_of(started_at)}.sqlite"
    if not path.exists():
        return NO_BODY, NO_BODY
    connection = connect(path, read_only=True)
    try:
        found = connection.execute("SELECT request, response FROM bodies WHERE trace_id = ?", (trace_id,)).fetchone()
    finally:
        connection.close()
    return (_unpacked(found[0]), _unpacked(found[1])) if found else (NO_BODY, NO_BODY)


def decoded(body: Raw) -> object:
    """A body as JSON values."""
    return msgspec.json.decode(body)


def _packed(body: Raw) -> bytes:
    return zstandard.compress(bytes(body), _LEVEL)


def _unpacked(blob: bytes) -> Raw:
    return Raw(zstandard.decompress(blob, max_output_size=_BODY_LIMIT))
