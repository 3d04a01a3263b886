"""Messages on their way to channels, as rows: made, filled, claimed by one worker at a time, sent or given up.

What a channel is told comes in order: a message waits for the one before it, and what comes up while that is being
tried again joins it. A worker that dies while it sends leaves a claim that ends; then the message is sent again, so a
message comes at least once. Every function runs in a transaction of its caller.
"""

import uuid
from collections.abc import Iterable
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from headworks.core.clock import rfc3339
from headworks.telemetry.alerts.message import MOST_ITEMS, RANK, Item, Message, title

TABLES = """
CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    rank INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    made_s REAL NOT NULL,
    due_s REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    claimed_s REAL NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting',
    error TEXT,
    settled_s REAL,
    items TEXT NOT NULL,
    more INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX messages_by_state ON messages (state, channel, made_s);
"""
_FILLABLE = """
SELECT id, items, more, rank FROM messages
WHERE state = 'waiting' AND channel = ? AND digest = ? AND claimed_s < ?
ORDER BY made_s LIMIT 1
"""
_DUE = """
SELECT id, channel, tries, digest, items, more FROM messages AS mine
WHERE state = 'waiting' AND due_s <= :now AND claimed_s < :now AND NOT EXISTS (
    SELECT 1 FROM messages AS other
    WHERE other.state = 'waiting' AND other.channel = mine.channel AND other.digest = 0 AND other.rowid < mine.rowid
) ORDER BY made_s
"""
Rows = list[tuple[Any, ...]]
_items = msgspec.json.Decoder(tuple[Item, ...]).decode


class Claimed(Struct, frozen=True, kw_only=True):
    """A message that this worker sends now; `tries` counts this one."""

    channel: str
    message: Message
    tries: int


class Waiting(Struct, frozen=True, kw_only=True):
    """Which messages an alert may join.

    Attributes:
        channel: To whom.
        digest: Those that wait for the end of quiet hours.
        now_s: Unix seconds.
        due_s: When a message that is made for it goes out.
    """

    channel: str
    digest: bool
    now_s: float
    due_s: float


def add(db: apsw.Connection, place: Waiting, item: Item) -> None:
    """Put an alert into the message that waits for its channel, or into a new one."""
    if not place.digest:
        _take_out(db, place, item)
    found = db.execute(_FILLABLE, (place.channel, place.digest, place.now_s)).fetchone()
    rank = RANK[item.alert.severity]
    if found is None:
        db.execute(
            "INSERT INTO messages (id, channel, rank, digest, made_s, due_s, items) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (_new_id(), place.channel, rank, place.digest, place.now_s, place.due_s, _json([item])),
        )
        return
    old_id, text, more, old_rank = found
    kept = [*_without(_items(text), item), item]
    # Filled anew it is another message: whoever has received it before must not take this one for a copy.
    db.execute(
        "UPDATE messages SET id = ?, items = ?, more = ?, rank = ?, tries = min(tries, 1) WHERE id = ?",
        (_new_id(), _json(kept[:MOST_ITEMS]), more + len(kept[MOST_ITEMS:]), max(rank, old_rank), old_id),
    )


def claim(db: apsw.Connection, now_s: float, leases_s: dict[str, float], time_zone: str) -> list[Claimed]:
    """The messages that are due, one for each channel at most; nobody else has them until their lease ends.

    Args:
        db: The connection.
        now_s: Unix seconds.
        leases_s: The channels that there are, and how long sending may take for each.
        time_zone: Goes onto the messages.
    """
    found: dict[str, Claimed] = {}
    rows: Rows = db.execute(_DUE, {"now": now_s}).fetchall()
    for row_id, channel, tries, digest, text, more in rows:
        if channel in leases_s and channel not in found:
            message = Message(id=row_id, items=_items(text), more=more, digest=bool(digest), time_zone=time_zone)
            found[channel] = Claimed(channel=channel, message=message, tries=tries + 1)
            db.execute(
                "UPDATE messages SET claimed_s = ?, tries = tries + 1 WHERE id = ?", (now_s + leases_s[channel], row_id)
            )
    return list(found.values())


def sent(db: apsw.Connection, message_id: str, now_s: float) -> None:
    """It has arrived."""
    db.execute(
        "UPDATE messages SET state = 'sent', error = NULL, settled_s = ?, claimed_s = 0 WHERE id = ?",
        (now_s, message_id),
    )


def put_back(db: apsw.Connection, message_id: str, error: str, due_s: float, *, digest: bool) -> None:
    """It is tried again at `due_s`."""
    db.execute(
        "UPDATE messages SET error = ?, due_s = ?, digest = ?, claimed_s = 0 WHERE id = ?",
        (error, due_s, digest, message_id),
    )


def give_up(db: apsw.Connection, message_id: str, error: str, now_s: float) -> None:
    """It is not tried again, but kept and shown."""
    db.execute(
        "UPDATE messages SET state = 'failed', error = ?, settled_s = ?, claimed_s = 0 WHERE id = ?",
        (error, now_s, message_id),
    )


def next_due_s(db: apsw.Connection) -> float | None:
    """When the next message may be due; None while none waits."""
    found: Rows = db.execute("SELECT min(max(due_s, claimed_s)) FROM messages WHERE state = 'waiting'").fetchall()
    next_s: float | None = found[0][0]
    return next_s


def shown(db: apsw.Connection, states: Iterable[str], limit: int) -> list[dict[str, Any]]:
    """The newest messages of these states, as plain JSON."""
    wanted = tuple(states)
    marks = ", ".join("?" * len(wanted))
    rows: Rows = db.execute(
        f"SELECT id, channel, state, digest, made_s, due_s, tries, error, items, more FROM messages "  # noqa: S608
        f"WHERE state IN ({marks}) ORDER BY made_s DESC LIMIT ?",
        (*wanted, limit),
    ).fetchall()
    return [_shown(row) for row in rows]


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    row_id, channel, state, digest, made_s, due_s, tries, error, text, more = row
    alerts = [{"kind": item.alert.kind, "subject": item.alert.subject, "title": title(item)} for item in _items(text)]
    return {
        "id": row_id,
        "channel": channel,
        "state": state,
        "digest": bool(digest),
        "made_at": rfc3339(made_s),
        "due_at": rfc3339(due_s) if state == "waiting" else None,
        "tries": tries,
        "error": error,
        "alerts": alerts,
        "more": more,
    }


def _take_out(db: apsw.Connection, place: Waiting, item: Item) -> None:
    """What goes out now is not told once more, as it was, when quiet hours end."""
    rows: Rows = db.execute(
        "SELECT id, items FROM messages WHERE state = 'waiting' AND channel = ? AND digest = 1 AND claimed_s < ?",
        (place.channel, place.now_s),
    ).fetchall()
    for row_id, text in rows:
        items = _items(text)
        kept = _without(items, item)
        if len(kept) == len(items):
            continue
        if kept:
            db.execute("UPDATE messages SET items = ? WHERE id = ?", (_json(kept), row_id))
        else:
            db.execute("DELETE FROM messages WHERE id = ?", (row_id,))


def _without(items: tuple[Item, ...], item: Item) -> list[Item]:
    same = (item.alert.kind, item.alert.subject)
    return [other for other in items if (other.alert.kind, other.alert.subject) != same]


def _json(items: list[Item]) -> str:
    return msgspec.json.encode(items).decode()


def _new_id() -> str:
    return f"alert-{uuid.uuid4().hex}"
