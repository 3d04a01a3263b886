"""The board that the workers of a machine share: a small SQLite file, `health.sqlite` in the data directory.

A change is one `BEGIN IMMEDIATE` transaction, so of two workers that claim a probe one loses. The others learn of it by
SQLite's `data_version`, and read only what is new. Numbers of a new file begin with the time, so that they are above
those of a file that was there before.

The file holds nothing that must not be lost, and may be deleted while no worker runs. Fails open: without it each
worker goes on by itself, and tries to come back every few seconds. The event loop waits for the file, so it never waits
for long.
"""

import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw
import structlog
from msgspec.structs import replace

from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.providers.health.board import MOST_ENTRIES, in_force
from headworks.providers.health.entries import Entry
from headworks.providers.health.lanes import Place
from headworks.storage.sqlite import connect, migrate, transaction

ROOM = "health"
STEPS = (
    """
    CREATE TABLE health_entries (
        provider TEXT NOT NULL, key INTEGER NOT NULL, whole INTEGER NOT NULL, model TEXT NOT NULL,
        number INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('closed', 'open', 'limited', 'denied')),
        claimed INTEGER NOT NULL, lasts_s REAL NOT NULL, strikes INTEGER NOT NULL, proved INTEGER NOT NULL,
        at_s REAL NOT NULL, at_tick_s REAL NOT NULL, since_s REAL NOT NULL,
        PRIMARY KEY (provider, key, whole, model)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX health_entries_by_number ON health_entries (number);
    """,
)
BUSY_MS = 100
AGAIN_S = 5.0
_VALUES = ", ".join(Entry.__struct_fields__)
_FIND = f"SELECT {_VALUES} FROM health_entries WHERE provider = ? AND key = ? AND whole = ? AND model = ?"  # noqa: S608  constants
_CHANGED = f"SELECT provider, key, whole, model, {_VALUES} FROM health_entries WHERE number > ? ORDER BY number"  # noqa: S608
_WRITE = f"INSERT OR REPLACE INTO health_entries (provider, key, whole, model, {_VALUES}) VALUES (?{', ?' * 12})"  # noqa: S608
_NEXT = "SELECT coalesce(max(number), ?) + 1 FROM health_entries"
_THIN_OUT = """
    DELETE FROM health_entries WHERE number IN (
        SELECT number FROM health_entries WHERE number < ?
        ORDER BY state IN ('closed', 'limited') DESC, at_s + lasts_s LIMIT ?
    )
"""
_log = structlog.get_logger("headworks.providers")


class SharedBoard:
    """A board in a file, for the workers of one machine; each opens it for itself, after it has been started.

    Args:
        path: The file, made if missing.
        clock: For the time between two attempts to reach a file that is away.
        most: How many entries it keeps.
    """

    def __init__(self, path: Path, clock: Clock, most: int = MOST_ENTRIES) -> None:
        self._path = path
        self._clock = clock
        self._most = most
        self._db: apsw.Connection | None = None
        self._again_at = -math.inf
        self._alone = False
        self._anew = False
        self._version = -1
        self._last = 0
        self._own_numbers = 0

    def open(self) -> None:
        """Open the file now, rather than at the first use. Never raises."""
        self._reach()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._db is not None:
            self._db.close()
        self._db = None
        self._again_at = -math.inf

    def changed(self, since: int) -> list[tuple[Place, Entry]]:
        """As `Board` says. After the file has been away: all that is in it."""
        db = self._reach()
        if db is None:
            return []
        try:
            version = _number(db, "PRAGMA data_version")
            if version == self._version and since >= self._last:
                return []
            rows: list[Any] = db.execute(_CHANGED, (0 if self._anew else since,)).fetchall()
        except apsw.Error as error:
            self._lost(error)
            return []
        self._version, self._anew = version, False
        if rows:
            self._last = int(rows[-1][4])
        return [(_place(row), _entry(row[4:])) for row in rows]

    def swap(self, place: Place, seen: int, entry: Entry) -> tuple[bool, Entry | None]:
        """As `Board` says. While the file is away every change is made, and is this worker's alone."""
        db = self._reach()
        if db is None:
            return True, self._own(entry)
        try:
            with transaction(db):
                current = _find(db, place)
                held = in_force(current)
                # Numbers below 0 are from a time alone: the file has never heard of them.
                if max(seen, 0) != (held.number if held else 0):
                    return False, held
                entry = replace(entry, number=_number(db, _NEXT, int(self._clock.now() * 1000)))
                db.execute(_WRITE, (*_columns(place), *_row(entry)))
                if current is None and _number(db, "SELECT count(*) FROM health_entries") > self._most:
                    db.execute(_THIN_OUT, (entry.number, self._most // 10 + 1))
        except (StoreError, apsw.Error) as error:
            return self._refused(error, db, place, entry)
        self._last = max(self._last, entry.number)
        return True, entry

    def _refused(self, error: Exception, db: apsw.Connection, place: Place, entry: Entry) -> tuple[bool, Entry | None]:
        """A write failed: go on alone. But no probe is claimed alone because another worker is writing just now."""
        if entry.claimed and isinstance(error.__cause__, apsw.BusyError):
            with suppress(apsw.Error):
                return False, in_force(_find(db, place))
        self._lost(error)
        return True, self._own(entry)

    def _reach(self) -> apsw.Connection | None:
        """The connection; None while the file is away."""
        if self._db is not None or self._clock.monotonic() < self._again_at:
            return self._db
        try:
            self._db = connect(self._path)
            self._db.set_busy_timeout(BUSY_MS)
            migrate(self._db, ROOM, STEPS)
        except (StoreError, apsw.Error) as error:
            self._lost(error)
            return None
        self._version, self._anew = -1, self._alone
        if self._alone:
            self._alone = False
            _log.info("health_board_back", file=self._path.name)
        return self._db

    def _lost(self, error: Exception) -> None:
        if self._db is not None:
            self._db.close()
        self._db = None
        self._again_at = self._clock.monotonic() + AGAIN_S
        if not self._alone:
            self._alone = True
            _log.error(
                "health_board_away",
                file=self._path.name,
                reason=str(error),
                effect="each worker keeps its own view of the providers' health",
            )

    def _own(self, entry: Entry) -> Entry:
        self._own_numbers -= 1
        return replace(entry, number=self._own_numbers)


def _number(db: apsw.Connection, sql: str, *bound: int) -> int:
    number: Any = next(db.execute(sql, bound))[0]
    return int(number)


def _find(db: apsw.Connection, place: Place) -> Entry | None:
    row = db.execute(_FIND, _columns(place)).fetchone()
    return _entry(row) if row else None


def _columns(place: Place) -> tuple[str, int, bool, str]:
    provider, model, key = place
    return provider, key, model is None, model or ""


def _place(row: Any) -> Place:
    provider, key, whole, model = row[:4]
    return provider, None if whole else model, key


def _row(entry: Entry) -> tuple[Any, ...]:
    return tuple(getattr(entry, name) for name in Entry.__struct_fields__)


def _entry(row: Any) -> Entry:
    number, state, claimed, *numbers = row
    return Entry(**dict(zip(Entry.__struct_fields__, (number, state, bool(claimed), *numbers), strict=True)))
