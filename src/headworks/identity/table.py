"""The tables of keys and of what was done to them: all SQL of this room, on one connection given by the caller.

Every value is bound, never written into SQL. Failures of the database leave here as `StoreError`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw
import msgspec

from headworks.core.errors import StoreError
from headworks.core.limits import Limit
from headworks.identity.records import AuditEntry, KeyRecord, KeySpec

ROOM = "identity"
STEPS = (
    """
    CREATE TABLE virtual_keys (
        id TEXT PRIMARY KEY, digest BLOB NOT NULL, name TEXT NOT NULL, org TEXT NOT NULL, user TEXT,
        models TEXT NOT NULL, features TEXT NOT NULL, created_at REAL NOT NULL, expires_at REAL, revoked_at REAL,
        replaced_by TEXT, overlap_until REAL
    ) WITHOUT ROWID;
    CREATE INDEX virtual_keys_by_age ON virtual_keys (created_at, id);
    CREATE TABLE admin_key (one INTEGER PRIMARY KEY CHECK (one = 1), digest BLOB NOT NULL, created_at REAL NOT NULL);
    CREATE TABLE key_audit (
        seq INTEGER PRIMARY KEY, at REAL NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, key_id TEXT NOT NULL,
        detail TEXT NOT NULL
    );
    CREATE INDEX key_audit_by_key ON key_audit (key_id, seq);
    """,
    """
    ALTER TABLE virtual_keys ADD COLUMN team TEXT;
    ALTER TABLE virtual_keys ADD COLUMN limits TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE virtual_keys ADD COLUMN counted_as TEXT;
    """,
)
_GIVEN = "id, name, org, user, team, models, features, limits, counted_as, created_at, expires_at"
_COLUMNS = f"{_GIVEN}, revoked_at, replaced_by, overlap_until"


@contextmanager
def readable() -> Iterator[None]:
    """Turns a failure to read into a StoreError."""
    try:
        yield
    except apsw.Error as error:
        raise StoreError(f"The key store cannot be read: {error}.") from error


def data_version(db: apsw.Connection) -> int:
    """A number that changes when any other connection, of this or another process, has written to the file."""
    with readable():
        return int(_row(db, "PRAGMA data_version", ())[0])


def find(db: apsw.Connection, key_id: str) -> tuple[KeyRecord, bytes] | None:
    """The record of a key and the hash that proves it."""
    with readable():
        row = db.execute(f"SELECT {_COLUMNS}, digest FROM virtual_keys WHERE id = ?", (key_id,)).fetchone()  # noqa: S608  a constant
    return (_record(row[:-1]), bytes(row[-1])) if row else None


def page(db: apsw.Connection, limit: int, after: str | None) -> list[KeyRecord]:
    """Up to `limit` records, newest first, from just after the key `after`."""
    sql = f"SELECT {_COLUMNS} FROM virtual_keys"  # noqa: S608  a constant
    bound: tuple[Any, ...] = (limit,)
    if after is not None:
        sql += " WHERE (created_at, id) < (SELECT created_at, id FROM virtual_keys WHERE id = ?)"
        bound = (after, limit)
    with readable():
        return [_record(row) for row in db.execute(sql + " ORDER BY created_at DESC, id DESC LIMIT ?", bound)]


def insert(db: apsw.Connection, record: KeyRecord, digest: bytes) -> None:
    """Store a new key."""
    spec = record.spec
    lists = [msgspec.json.encode(values).decode() for values in (spec.models, spec.features, spec.limits)]
    times = (record.created_at, spec.expires_at)
    db.execute(
        f"INSERT INTO virtual_keys ({_GIVEN}, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  a constant
        (record.id, spec.name, spec.org, spec.user, spec.team, *lists, spec.counted_as, *times, digest),
    )


def set_revoked(db: apsw.Connection, key_id: str, at_s: float) -> None:
    """Revoke a key; the time of an earlier revocation stays."""
    db.execute("UPDATE virtual_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (at_s, key_id))


def set_replaced(db: apsw.Connection, key_id: str, by: str, overlap_until: float) -> None:
    """Note a key's successor, and until when the key still works."""
    db.execute("UPDATE virtual_keys SET replaced_by = ?, overlap_until = ? WHERE id = ?", (by, overlap_until, key_id))


def admin_digest(db: apsw.Connection) -> bytes | None:
    """The hash of the admin key, None when none was made."""
    with readable():
        row = db.execute("SELECT digest FROM admin_key").fetchone()
    return bytes(row[0]) if row else None


def insert_admin(db: apsw.Connection, digest: bytes, at_s: float) -> None:
    """Store the admin key's hash."""
    db.execute("INSERT INTO admin_key VALUES (1, ?, ?)", (digest, at_s))


def note(db: apsw.Connection, entry: AuditEntry) -> None:
    """Add a line to the audit."""
    db.execute(
        "INSERT INTO key_audit (at, actor, action, key_id, detail) VALUES (?, ?, ?, ?, ?)",
        (entry.at, entry.actor, entry.action, entry.key_id, entry.detail),
    )


def history(db: apsw.Connection, key_id: str, limit: int) -> tuple[AuditEntry, ...]:
    """What was done to a key, oldest first, at most `limit` lines."""
    sql = "SELECT at, actor, action, key_id, detail FROM key_audit WHERE key_id = ? ORDER BY seq LIMIT ?"
    with readable():
        return tuple(
            AuditEntry(at=at, actor=actor, action=action, key_id=key, detail=detail)
            for at, actor, action, key, detail in db.execute(sql, (key_id, limit))
        )


def _row(db: apsw.Connection, sql: str, bound: tuple[Any, ...]) -> tuple[Any, ...]:
    row: tuple[Any, ...] = next(db.execute(sql, bound))
    return row


def _record(row: Any) -> KeyRecord:
    key_id, name, org, user, team, models, features, limits, counted_as, created_at, expires_at, *ending = row
    revoked_at, replaced_by, overlap_until = ending
    return KeyRecord(
        id=key_id,
        spec=KeySpec(
            name=name,
            org=org,
            user=user,
            team=team,
            models=msgspec.json.decode(models, type=tuple[str, ...]),
            features=msgspec.json.decode(features, type=tuple[str, ...]),
            expires_at=expires_at,
            limits=msgspec.json.decode(limits, type=tuple[Limit, ...]),
            counted_as=counted_as,
        ),
        created_at=created_at,
        revoked_at=revoked_at,
        replaced_by=replaced_by,
        overlap_until=overlap_until,
    )
