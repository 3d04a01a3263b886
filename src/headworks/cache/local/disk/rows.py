"""Statements on the tables of entries and answers: store, use, find what must go. Errors are SQLite's."""

from typing import Any

import apsw
import zstandard

from headworks.cache.local.disk.space import Space
from headworks.cache.local.disk.tables import FACETS, facet_columns
from headworks.cache.local.held import Held

PACKED_FROM = 4096
"""Answers of so many bytes are compressed; below, it saves no page."""
_LEVEL = 3
_INSERT = f"INSERT INTO entries (id, key, {FACETS}, created_s, expires_s, used, size) VALUES (?, ?{', ?' * 11})"  # noqa: S608  constants
_INSERT_ANSWER = "INSERT INTO answers (id, raw_size, data) VALUES (?, ?, ?)"
_DELETE_KEY = "DELETE FROM entries WHERE key = ?"
_DELETE_ID = "DELETE FROM entries WHERE id = ?"
_TOUCH = "UPDATE entries SET used = ? WHERE key = ? AND used < ?"
_NEXT = """
    SELECT (SELECT coalesce(max(id), 0) FROM entries) + 1,
        (SELECT coalesce(CAST(max(used) AS INTEGER), 0) FROM entries) + 1
"""

Stored = tuple[Held, int, bytes]
"""An entry, the size of its data when it is compressed (else 0), and the data as stored."""


def compressed(entry: Held) -> Stored:
    """The entry as it is stored."""
    if len(entry.data) < PACKED_FROM:
        return entry, 0, entry.data
    return entry, len(entry.data), zstandard.ZstdCompressor(level=_LEVEL).compress(entry.data)


def insert(db: apsw.Connection, entries: list[Stored]) -> None:
    """Store entries in place of older ones, inside a transaction."""
    first, used = _next(db)
    db.executemany(_DELETE_KEY, [(entry.key,) for entry, _, _ in entries])
    numbered = list(enumerate(entries, first))
    db.executemany(
        _INSERT,
        [
            (number, e.key, *facet_columns(e.facets), e.created_s, e.expires_s, used, len(data))
            for number, (e, _, data) in numbered
        ],
    )
    db.executemany(_INSERT_ANSWER, [(number, raw_size, data) for number, (_, raw_size, data) in numbered])


def touch(db: apsw.Connection, keys: list[bytes]) -> None:
    """Note that entries were used, inside a transaction."""
    used = _next(db)[1]
    db.executemany(_TOUCH, [(used, key, used) for key in keys])


def delete(db: apsw.Connection, ids: list[int]) -> None:
    """Delete entries and their answers, inside a transaction."""
    db.executemany(_DELETE_ID, [(number,) for number in ids])


def delete_keys(db: apsw.Connection, keys: list[bytes]) -> None:
    """As `delete`, by key."""
    db.executemany(_DELETE_KEY, [(key,) for key in keys])


def least_used(db: apsw.Connection, space: Space) -> list[int]:
    """Some of the entries that were not used for longest."""
    return _portion(
        db, "SELECT id, coalesce(CAST(size AS INTEGER), 0) FROM entries ORDER BY used, id LIMIT ?", (space.rows,), space
    )


def expired(db: apsw.Connection, now_s: float, space: Space) -> list[int]:
    """Some of the entries whose time is over."""
    sql = "SELECT id, coalesce(CAST(size AS INTEGER), 0) FROM entries WHERE expires_s <= ? ORDER BY expires_s LIMIT ?"
    return _portion(db, sql, (now_s, space.rows), space)


def meant(db: apsw.Connection, after: int, test: tuple[str, list[Any]], space: Space) -> list[int]:
    """Some of the entries that are meant, with ids after `after`, in order."""
    sql = f"SELECT id, coalesce(CAST(size AS INTEGER), 0) FROM entries WHERE id > ? AND {test[0]} ORDER BY id LIMIT ?"  # noqa: S608  from tables.condition
    return _portion(db, sql, (after, *test[1], space.rows), space)


def count(db: apsw.Connection, test: tuple[str, list[Any]]) -> int:
    """How many entries are meant."""
    sql = f"SELECT count(*) FROM entries WHERE {test[0]}"  # noqa: S608  from tables.condition
    found: Any = db.execute(sql, test[1]).fetchall()[0][0]
    return int(found)


def used_pages(db: apsw.Connection) -> int:
    """Pages of the file that hold something."""
    return pragma(db, "page_count") - pragma(db, "freelist_count")


def pragma(db: apsw.Connection, name: str) -> int:
    """A number that SQLite tells."""
    value: Any = db.pragma(name)
    return int(value)


def _next(db: apsw.Connection) -> tuple[int, int]:
    row: Any = db.execute(_NEXT).fetchall()[0]
    return int(row[0]), int(row[1])


def _portion(db: apsw.Connection, sql: str, bound: tuple[Any, ...], space: Space) -> list[int]:
    """At least one of the rows found, and as many as one transaction may delete."""
    ids: list[int] = []
    size = 0
    rows: list[Any] = db.execute(sql, bound).fetchall()
    for number, row_size in rows:
        if ids and size + row_size > space.step:
            break
        ids.append(number)
        size += row_size
    return ids
