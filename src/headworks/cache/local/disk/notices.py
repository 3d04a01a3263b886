"""The table of rules: what was purged lately, for the other workers. Errors are SQLite's.

Values are told their types anew as they are read: a bit that has flipped may have changed one.
"""

from typing import Any

import apsw

from headworks.cache.local.rules import KEPT_S, MOST_RULES, Meaning, Rule, from_json, to_json

_ADD = "INSERT INTO rules (number, at_s, meaning) VALUES (?, ?, ?)"
_AFTER = """
    SELECT number, coalesce(CAST(at_s AS REAL), 0.0), coalesce(CAST(meaning AS BLOB), x'') FROM rules
    WHERE number > ? AND number <= ? ORDER BY number
"""
_OLD = "SELECT max(number) FROM rules WHERE at_s < ? OR number <= ?"
_TIME_OF_OLD = "SELECT coalesce(CAST(max(at_s) AS REAL), 0.0) FROM rules WHERE number <= ?"
_DELETE_OLD = "DELETE FROM rules WHERE number <= ?"
_EVERYTHING = to_json(None)
LAST = (1 << 63) - 1


def last_number(db: apsw.Connection) -> int:
    """Number of the last rule; 0 when there is none."""
    number: Any = db.execute("SELECT coalesce(max(number), 0) FROM rules").fetchall()[0][0]
    return int(number)


def rules_after(db: apsw.Connection, number: int, last: int = LAST) -> list[Rule]:
    """The rules after `number`, up to `last`, in order."""
    rows: list[Any] = db.execute(_AFTER, (number, last)).fetchall()
    return [Rule(number, at_s, from_json(meaning)) for number, at_s, meaning in rows]


def note(db: apsw.Connection, number: int, at_s: float, meaning: Meaning | None) -> None:
    """Add a rule, inside a transaction. Old ones become one that means everything, for whoever has missed them."""
    oldest: Any = db.execute(_OLD, (at_s - KEPT_S, number - MOST_RULES)).fetchall()[0][0]
    if oldest is not None:
        oldest_at_s: Any = db.execute(_TIME_OF_OLD, (oldest,)).fetchall()[0][0]
        db.execute(_DELETE_OLD, (oldest,))
        db.execute(_ADD, (oldest, oldest_at_s, _EVERYTHING))
    db.execute(_ADD, (number, at_s, to_json(meaning)))


def renumber(db: apsw.Connection, old: int, new: int) -> None:
    """Give a rule a later number, inside a transaction: what it purged is gone now."""
    db.execute("UPDATE rules SET number = ? WHERE number = ?", (new, old))
