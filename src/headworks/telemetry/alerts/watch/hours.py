"""What each hour cost, by organisation, feature, model and user: a small roll-up of the trace ledger.

The ledger is followed by the ids of its rows, a bounded number at a time; sums and the place reached are written
together, so each trace counts once. Every function runs in a transaction, or a read, of its caller.
"""

from collections import defaultdict
from typing import Any

import apsw
from msgspec import Struct

HOUR_MS = 3_600_000
WEEK_HOURS = 168
BATCH = 5_000
_KEEP_HOURS = 10 * WEEK_HOURS
Rows = list[tuple[Any, ...]]
TABLES = """
CREATE TABLE hours (
    hour INTEGER NOT NULL,
    scope TEXT NOT NULL,
    org TEXT NOT NULL,
    name TEXT NOT NULL,
    nano INTEGER NOT NULL,
    PRIMARY KEY (hour, scope, org, name)
) WITHOUT ROWID;
CREATE TABLE prompts (prompt TEXT PRIMARY KEY, since_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE followed (one INTEGER PRIMARY KEY CHECK (one = 1), id INTEGER NOT NULL);
"""
_NEW = (
    "SELECT id, started_at, org_id, feature, model, user_id, prompt, cost_nano FROM traces WHERE id > ? "
    "ORDER BY id LIMIT ?"
)
_ADD = """
INSERT INTO hours VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET nano = nano + excluded.nano
"""
_SEEN = "INSERT INTO prompts VALUES (?, ?) ON CONFLICT DO UPDATE SET since_ms = min(since_ms, excluded.since_ms)"


class Scope(Struct, frozen=True, order=True):
    """Whose spending: `kind` is all, org, feature, model or user; `org` is that of a user, else empty."""

    kind: str
    org: str
    name: str

    def __str__(self) -> str:
        """`feature review`, `user u17`."""
        return "all organisations" if self.kind == "all" else f"{self.kind} {self.name}"


def follow(db: apsw.Connection, ledger: apsw.Connection) -> bool:
    """Add the next traces of `ledger`; False when there are no more for now."""
    found: Rows = db.execute("SELECT id FROM followed").fetchall()
    reached = found[0][0] if found else 0
    newest: Rows = ledger.execute("SELECT ifnull(max(id), 0) FROM traces").fetchall()
    if newest[0][0] < reached:  # another ledger lies in its place
        db.execute("DELETE FROM hours")
        db.execute("DELETE FROM prompts")
        reached = 0
    rows: Rows = ledger.execute(_NEW, (reached, BATCH)).fetchall()
    sums: dict[tuple[int, Scope], int] = defaultdict(int)
    prompts: dict[str, int] = {}
    for _, at_ms, org, feature, model, user, prompt, nano in rows:
        for scope in _scopes(org, feature, model, user):
            sums[at_ms // HOUR_MS, scope] += nano or 0
        if prompt is not None:
            prompts[prompt] = min(at_ms, prompts.get(prompt, at_ms))
    db.executemany(_ADD, [(hour, s.kind, s.org, s.name, nano) for (hour, s), nano in sums.items()])
    db.executemany(_SEEN, list(prompts.items()))
    db.execute("INSERT OR REPLACE INTO followed VALUES (1, ?)", (rows[-1][0] if rows else reached,))
    return len(rows) == BATCH


def forget(db: apsw.Connection, now_hour: int) -> None:
    """Delete what no watch looks back to."""
    db.execute("DELETE FROM hours WHERE hour < ?", (now_hour - _KEEP_HOURS,))
    db.execute("DELETE FROM prompts WHERE since_ms < ?", ((now_hour - _KEEP_HOURS) * HOUR_MS,))


def first_hour(db: apsw.Connection) -> int | None:
    """The first hour that is known; None while nothing is."""
    found: Rows = db.execute("SELECT min(hour) FROM hours").fetchall()
    hour: int | None = found[0][0]
    return hour


def spenders(db: apsw.Connection, hour: int, least_nano: float) -> dict[Scope, int]:
    """Who spent at least `least_nano` in an hour."""
    rows: Rows = db.execute(
        "SELECT scope, org, name, nano FROM hours WHERE hour = ? AND scope <> 'all' AND nano >= ?",
        (hour, int(least_nano)),
    ).fetchall()
    return {Scope(kind, org, name): nano for kind, org, name, nano in rows}


def spent(db: apsw.Connection, scope: Scope, hours: list[int]) -> dict[int, float]:
    """What a scope spent in each of `hours`; those without any are left out."""
    marks = ", ".join("?" * len(hours))
    rows: Rows = db.execute(
        f"SELECT hour, nano FROM hours WHERE hour IN ({marks}) AND scope = ? AND org = ? AND name = ?",  # noqa: S608
        (*hours, scope.kind, scope.org, scope.name),
    ).fetchall()
    return {hour: float(nano) for hour, nano in rows}


def days(db: apsw.Connection, first: int, second: int) -> dict[Scope, tuple[int, int]]:
    """What all and each organisation spent in the day that begins with hour `first`, and since hour `second`."""
    rows: Rows = db.execute(
        "SELECT scope, org, name, sum(iif(hour < ?2, nano, 0)), sum(iif(hour >= ?2, nano, 0)) FROM hours "
        "WHERE hour >= ?1 AND scope IN ('all', 'org') GROUP BY 1, 2, 3",
        (first, second),
    ).fetchall()
    return {Scope(kind, org, name): (before, now) for kind, org, name, before, now in rows}


def prompt_since_ms(db: apsw.Connection, prompt: str) -> int | None:
    """When a prompt was first used; None when it is not known."""
    found: Rows = db.execute("SELECT since_ms FROM prompts WHERE prompt = ?", (prompt,)).fetchall()
    return found[0][0] if found else None


def _scopes(org: str | None, feature: str | None, model: str | None, user: str | None) -> list[Scope]:
    named = [("org", "", org), ("feature", "", feature), ("model", "", model), ("user", org or "", user)]
    return [Scope("all", "", ""), *(Scope(kind, of, name) for kind, of, name in named if name)]
