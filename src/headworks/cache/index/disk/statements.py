"""Statements on the tables of vectors. Errors are SQLite's. All that write stand inside a transaction."""

from typing import Any

import apsw

from headworks.cache.index.disk.row import COLUMNS

GONE_KEPT_S = 3_600.0
MOST_GONE = 200_000
_PLACES = ", ".join("?" * len(COLUMNS.split(", ")))
_INSERT = f"INSERT INTO vectors ({COLUMNS}) VALUES ({_PLACES})"  # noqa: S608  constants
_AFTER = f"SELECT id, {COLUMNS} FROM vectors WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608  constants
_OF_OLDER = f"""
    SELECT vectors.id, dims, {COLUMNS} FROM vectors JOIN encoders ON encoder = encoders.id
    WHERE rank < (SELECT rank FROM encoders WHERE id = ?) AND expires_s > ? LIMIT ?
"""  # noqa: S608  constants
_NEW_ENCODER = """
    INSERT OR IGNORE INTO encoders (name, dims, rank) VALUES (?, ?, (SELECT coalesce(max(rank), 0) + 1 FROM encoders))
"""
_LAST_ENCODER = """
    UPDATE encoders SET rank = (SELECT max(rank) + 1 FROM encoders)
    WHERE id = ? AND rank < (SELECT max(rank) FROM encoders)
"""
_GONE = "INSERT INTO gone (key, at_s) VALUES (?, ?)"

Test = tuple[str, list[Any]]


def encoder_of(db: apsw.Connection, name: str, dims: int) -> int:
    """Number of an embedding model, which from now on is the one that came into use last."""
    db.execute(_NEW_ENCODER, (name, dims))
    found: Any = db.execute("SELECT id FROM encoders WHERE name = ? AND dims = ?", (name, dims)).fetchall()[0][0]
    db.execute(_LAST_ENCODER, (found,))
    return int(found)


def insert(db: apsw.Connection, values: tuple[Any, ...]) -> None:
    """Write a row in place of the one of its key; it gets a later id."""
    db.execute("DELETE FROM vectors WHERE key = ?", (values[0],))
    db.execute(_INSERT, values)


def exists(db: apsw.Connection, key: bytes) -> bool:
    """Whether there is a row of this key."""
    return bool(db.execute("SELECT 1 FROM vectors WHERE key = ?", (key,)).fetchall())


def rows_after(db: apsw.Connection, number: int, most: int) -> list[Any]:
    """Rows with later ids: id, and the values of `COLUMNS`."""
    return db.execute(_AFTER, (number, most)).fetchall()


def rows_of_older(db: apsw.Connection, encoder: int, now_s: float, most: int) -> list[Any]:
    """Rows of models that were in use before this one: id, dims, and the values of `COLUMNS`."""
    return db.execute(_OF_OLDER, (encoder, now_s, most)).fetchall()


def last_gone(db: apsw.Connection) -> int:
    """Number of the last deletion."""
    found: Any = db.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'gone'").fetchall()[0][0]
    return int(found)


def first_gone(db: apsw.Connection) -> int:
    """Number of the first deletion that is still known, or the next one that there will be."""
    found: Any = db.execute("SELECT min(number) FROM gone").fetchall()[0][0]
    return last_gone(db) + 1 if found is None else int(found)


def gone_after(db: apsw.Connection, number: int, most: int) -> list[Any]:
    """Number and key of deletions after a number."""
    return db.execute(
        "SELECT number, key FROM gone WHERE number > ? ORDER BY number LIMIT ?", (number, most)
    ).fetchall()


def delete(db: apsw.Connection, test: Test, most: int, at_s: float) -> list[bytes]:
    """Delete some of the rows that are meant, the oldest first, and tell the other workers; their keys."""
    sql = f"SELECT id, CAST(key AS BLOB) FROM vectors WHERE {test[0]} ORDER BY id LIMIT ?"  # noqa: S608  from tables.condition and here
    found: list[Any] = db.execute(sql, (*test[1], most)).fetchall()
    db.executemany("DELETE FROM vectors WHERE id = ?", [(number,) for number, _ in found])
    db.executemany(_GONE, [(key, at_s) for _, key in found])
    return [key for _, key in found]


def delete_expired(db: apsw.Connection, now_s: float, most: int) -> int:
    """Delete some of the rows whose time is over. Nobody needs to be told."""
    db.execute(
        "DELETE FROM vectors WHERE id IN (SELECT id FROM vectors WHERE expires_s <= ? ORDER BY expires_s LIMIT ?)",
        (now_s, most),
    )
    return db.changes()


def forget_gone(db: apsw.Connection, now_s: float) -> None:
    """Forget old deletions."""
    last = last_gone(db)
    db.execute("DELETE FROM gone WHERE number <= ? OR at_s < ?", (last - MOST_GONE, now_s - GONE_KEPT_S))


def count(db: apsw.Connection, test: Test) -> int:
    """How many rows are meant."""
    found: Any = db.execute(f"SELECT count(*) FROM vectors WHERE {test[0]}", test[1]).fetchall()[0][0]  # noqa: S608  from tables.condition
    return int(found)
