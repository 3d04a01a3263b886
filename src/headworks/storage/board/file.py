"""The file of the board: what stands, and every change, in the order in which this machine has heard of them.

One transaction for each change, so that a kill leaves all of it or nothing. What was put up while the server that nodes
share was away is `pending` until the server has it. What is heard of after something newer is only history: `late`.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
from msgspec import Struct
from msgspec.structs import replace

from headworks.core.errors import StoreError
from headworks.core.people.board import Entry
from headworks.storage.sqlite import connect, migrate, transaction

FILE = "board.sqlite"
KEPT_CHANGES = 100_000
_ROOM = "board"
_STEPS = (
    """
    CREATE TABLE board (
        kind TEXT NOT NULL, name TEXT NOT NULL, value BLOB, version INTEGER NOT NULL, at REAL NOT NULL,
        who TEXT NOT NULL, why TEXT NOT NULL, pending INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (kind, name)
    ) WITHOUT ROWID;
    CREATE TABLE board_changes (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, value BLOB,
        version INTEGER NOT NULL, at REAL NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL,
        late INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX board_changes_of ON board_changes (kind, name, version);
    CREATE TABLE board_server (id INTEGER PRIMARY KEY CHECK (id = 0), epoch TEXT NOT NULL, seen INTEGER NOT NULL);
    """,
)
_COLUMNS = "kind, name, value, version, at, who, why"
_STANDING = f"SELECT {_COLUMNS}, pending FROM board "  # noqa: S608  columns are ours
_PUT = f"INSERT OR REPLACE INTO board ({_COLUMNS}, pending) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_NOTE = f"INSERT INTO board_changes ({_COLUMNS}, late) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_NOTED = "SELECT 1 FROM board_changes WHERE kind = ? AND name = ? AND version = ?"
_PRUNE = "DELETE FROM board_changes WHERE id <= (SELECT max(id) FROM board_changes) - ?"
_AFTER = f"SELECT id, {_COLUMNS} FROM board_changes WHERE id > ? AND NOT late ORDER BY id"  # noqa: S608
_HISTORY = (
    f"SELECT {_COLUMNS} FROM board_changes WHERE (?1 IS NULL OR kind = ?1) "  # noqa: S608
    "AND (?2 IS NULL OR name = ?2) ORDER BY id DESC LIMIT ?3"
)


class Standing(Struct, frozen=True):
    """An entry that stands, or was taken down last; `pending` while the server has not heard of it."""

    entry: Entry
    pending: bool


class ConflictError(Exception):
    """Another version stands than the one that was to be changed: `entry`, None for a name that has none."""

    def __init__(self, entry: Entry | None) -> None:
        super().__init__()
        self.entry = entry


class BoardFile:
    """The tables, for one process. Any thread; one at a time.

    Args:
        data_dir: Holds the file; made if missing.

    Raises:
        StoreError: It cannot be opened.
    """

    def __init__(self, data_dir: Path) -> None:
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The data directory cannot be made: {error.strerror}.") from error
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._writer = connect(data_dir / FILE)
        migrate(self._writer, _ROOM, _STEPS)
        self._reader = connect(data_dir / FILE)  # its own: nobody who reads waits for one who waits to write

    def close(self) -> None:
        """Close the file."""
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def put(self, entry: Entry, expected: int | None, *, pending: bool = False) -> Entry:
        """Put an entry up under the next version of its name, or the one of the server where it has given one.

        Raises:
            ConflictError: The version that was expected does not stand.
            StoreError: It was not kept.
        """
        with self._writing, transaction(self._writer) as db:
            last = _standing(db, entry.kind, entry.name)
            version = 0 if last is None else last.entry.version
            if expected is not None and expected != version:
                raise ConflictError(None if last is None else last.entry)
            made = replace(entry, version=version + 1)
            _write(db, made, pending=pending)
        return made

    def merge(self, entries: Sequence[Entry]) -> None:
        """Take over what the server says: it has the last word, but on what is pending and was said later."""
        with self._writing, transaction(self._writer) as db:
            for entry in entries:
                last = _standing(db, entry.kind, entry.name)
                if last is None or _overrules(entry, last):
                    _write(db, entry, pending=False)
                elif not db.execute(_NOTED, (entry.kind, entry.name, entry.version)).fetchall():
                    db.execute(_NOTE, (*_values(entry), 1))

    def taken_over(self, before: Entry, after: Entry) -> None:
        """The server has heard of what was pending, under this version. What was put up since is still pending."""
        with self._writing, transaction(self._writer) as db:
            last = _standing(db, before.kind, before.name)
            if last is not None and last.entry == before:
                _write(db, after, pending=False)

    def pending(self) -> list[Entry]:
        """What the server has not heard of."""
        return [one.entry for one in self._standings("WHERE pending")]

    def standing(self) -> list[Entry]:
        """All that stands, and the last word on what was taken down."""
        return [one.entry for one in self._standings("")]

    def changes(self, after: int) -> tuple[int, list[Entry]] | None:
        """The last number of a change, and all after a number; None when some of them are no longer kept."""
        ends = self._rows("SELECT min(id), max(id) FROM board_changes", ())[0]
        rows = self._rows(_AFTER, (after,))
        if ends[0] is not None and ends[0] > after + 1:
            return None
        return rows[-1][0] if rows else after, [_entry(row[1:]) for row in rows]

    def last_change(self) -> int:
        """The last number of a change."""
        rows: Any = self._rows("SELECT coalesce(max(id), 0) FROM board_changes", ())
        return int(rows[0][0])

    def data_version(self) -> int:
        """A number that another one takes the place of when another process, or another part of this one, writes."""
        rows: Any = self._rows("PRAGMA data_version", ())
        return int(rows[0][0])

    def history(self, kind: str | None, name: str | None, limit: int) -> list[Entry]:
        """Changes, the newest first."""
        return [_entry(row) for row in self._rows(_HISTORY, (kind, name, limit))]

    def server(self) -> tuple[str, int]:
        """The server's epoch that was seen last, and the number of its last change seen; empty and 0 before any."""
        rows: Any = self._rows("SELECT epoch, seen FROM board_server", ())
        return (rows[0][0], int(rows[0][1])) if rows else ("", 0)

    def saw(self, epoch: str, seen: int) -> None:
        """Keep how far the server's changes were read."""
        with self._writing, transaction(self._writer) as db:
            db.execute("INSERT OR REPLACE INTO board_server VALUES (0, ?, ?)", (epoch, seen))

    def _standings(self, where: str) -> list[Standing]:
        rows = self._rows(_STANDING + where, ())
        return [Standing(_entry(row[:-1]), bool(row[-1])) for row in rows]

    def _rows(self, sql: str, values: tuple[object, ...]) -> list[Any]:
        with self._reading:
            try:
                found: list[Any] = self._reader.execute(sql, values).fetchall()
            except apsw.Error as error:
                raise StoreError(f"The board cannot be read: {error}.") from error
        return found


def _overrules(entry: Entry, last: Standing) -> bool:
    if last.pending:
        return entry.at_s >= last.entry.at_s
    return entry.version >= last.entry.version and entry != last.entry


def _standing(db: apsw.Connection, kind: str, name: str) -> Standing | None:
    rows: list[Any] = db.execute(_STANDING + "WHERE kind = ? AND name = ?", (kind, name)).fetchall()
    return Standing(_entry(rows[0][:-1]), bool(rows[0][-1])) if rows else None


def _write(db: apsw.Connection, entry: Entry, *, pending: bool) -> None:
    db.execute(_PUT, (*_values(entry), int(pending)))
    db.execute(_NOTE, (*_values(entry), 0))
    db.execute(_PRUNE, (KEPT_CHANGES,))


def _values(entry: Entry) -> tuple[str, str, bytes | None, int, float, str, str]:
    return (entry.kind, entry.name, entry.value, entry.version, entry.at_s, entry.who, entry.why)


def _entry(row: Sequence[Any]) -> Entry:
    kind, name, value, version, at_s, who, why = row
    return Entry(
        kind=kind,
        name=name,
        value=None if value is None else bytes(value),
        version=int(version),
        at_s=float(at_s),
        who=who,
        why=why,
    )
