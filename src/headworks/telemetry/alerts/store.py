"""What is known of alerts, in a file that all workers of a data directory share: so each is told once.

Used by one thread at a time. In memory (`path` None) it serves a process whose disk refuses it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import msgspec

from headworks.core.clock import rfc3339
from headworks.core.errors import StoreError
from headworks.core.people.alerting import Alert
from headworks.storage.sqlite import connect, migrate, transaction
from headworks.telemetry.alerts import outbox
from headworks.telemetry.alerts.config import AlertSettings
from headworks.telemetry.alerts.message import Item
from headworks.telemetry.alerts.rules import Known, due, news, wanted
from headworks.telemetry.alerts.watch import hours

FILE = "alerts.sqlite"
_DAY_S = 86_400.0
_KEEP_OVER_S, _KEEP_OPEN_S, _KEEP_SENT_S = 30 * _DAY_S, 90 * _DAY_S, 7 * _DAY_S
_MOST_SHOWN = 500
STEPS = (
    """
    CREATE TABLE alerts (
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        severity TEXT NOT NULL,
        title TEXT NOT NULL,
        facts TEXT NOT NULL,
        open INTEGER NOT NULL,
        since_s REAL NOT NULL,
        told_s REAL NOT NULL,
        updated_s REAL NOT NULL,
        PRIMARY KEY (kind, subject)
    ) WITHOUT ROWID;
    CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until_s REAL NOT NULL);
    """
    + outbox.TABLES
    + hours.TABLES,
)
_KNOWN = "SELECT severity, open, since_s, told_s FROM alerts WHERE kind = ? AND subject = ?"
_LEASE = """
INSERT INTO leases VALUES (:name, :holder, :until) ON CONFLICT (name) DO UPDATE SET holder = :holder, until_s = :until
WHERE holder = :holder OR until_s < :now OR until_s > :most
"""
_COLUMNS = ("kind", "subject", "severity", "title", "facts", "open", "since_s", "told_s", "updated_s")


class AlertFile:
    """The file, opened when it is first used.

    Args:
        data_dir: Its folder; None keeps everything in memory.
    """

    def __init__(self, data_dir: Path | None) -> None:
        self._path = Path(":memory:") if data_dir is None else data_dir / FILE
        self._db: apsw.Connection | None = None

    def note(self, told: Iterable[tuple[Alert, float]], settings: AlertSettings, now_s: float) -> int:
        """Remember alerts, each with the time it was told, and put what is new into messages.

        Returns:
            How many were new.

        Raises:
            StoreError: The file refuses; nothing was noted.
        """
        with self.writing() as db:
            return sum(_note(db, alert, at_s, settings, now_s) for alert, at_s in told)

    def open_alerts(self, kinds: Iterable[str]) -> list[Alert]:
        """The alerts of these kinds that are not over.

        Raises:
            StoreError: The file refuses.
        """
        wanted_kinds = set(kinds)
        with self.reading() as db:
            rows: outbox.Rows = db.execute(
                "SELECT kind, subject, severity, title, facts FROM alerts WHERE open"
            ).fetchall()
        return [
            Alert(kind=kind, subject=subject, severity=severity, title=title, facts=msgspec.json.decode(facts))
            for kind, subject, severity, title, facts in rows
            if kind in wanted_kinds
        ]

    def leased(self, name: str, holder: str, now_s: float, for_s: float) -> bool:
        """Whether `holder` is the one that does `name` for the next `for_s` seconds.

        Raises:
            StoreError: The file refuses.
        """
        given = {"name": name, "holder": holder, "now": now_s, "until": now_s + for_s, "most": now_s + 2 * for_s}
        with self.writing() as db:
            db.execute(_LEASE, given)
            return db.changes() == 1

    def listed(self) -> dict[str, Any]:
        """What is wrong, what was, and which messages wait or were given up; newest first, as plain JSON.

        Raises:
            StoreError: The file refuses.
        """
        with self.reading() as db:
            rows = db.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM alerts ORDER BY open DESC, updated_s DESC LIMIT ?",  # noqa: S608
                (_MOST_SHOWN,),
            ).fetchall()
            messages = outbox.shown(db, ("waiting", "failed"), _MOST_SHOWN)
        return {"alerts": [_shown(row) for row in rows], "undelivered": messages}

    def forget_old(self, now_s: float) -> None:
        """Delete what nobody asks for any more.

        Raises:
            StoreError: The file refuses.
        """
        with self.writing() as db:
            db.execute(
                "DELETE FROM alerts WHERE updated_s < iif(open, ?, ?)", (now_s - _KEEP_OPEN_S, now_s - _KEEP_OVER_S)
            )
            db.execute("DELETE FROM messages WHERE state = 'sent' AND settled_s < ?", (now_s - _KEEP_SENT_S,))
            db.execute("DELETE FROM messages WHERE made_s < ? AND due_s < ?", (now_s - _KEEP_OVER_S, now_s))

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """A transaction that writes; raises StoreError."""
        with transaction(self._opened()) as db:
            yield db

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """A connection for a few reads; raises StoreError."""
        try:
            yield self._opened()
        except apsw.Error as error:
            raise StoreError(f"The alerts cannot be read: {error}.") from error

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _opened(self) -> apsw.Connection:
        if self._db is None:
            db = connect(self._path)
            try:
                migrate(db, "alerts", STEPS)
            except (StoreError, apsw.Error) as error:
                db.close()
                raise StoreError(f"The database {self._path.name} cannot be used: {error}.") from error
            self._db = db
        return self._db


def _note(db: apsw.Connection, alert: Alert, at_s: float, settings: AlertSettings, now_s: float) -> bool:
    known = _known(db, alert)
    new = news(alert, known, at_s, settings.repeat_after_h * 3_600)
    if new is None and (known is None or alert.resolved):
        return False
    since_s = at_s if known is None or new == "raised" else known.since_s
    if alert.resolved and known is not None:  # who was told of it as it was is told that it is over
        alert = msgspec.structs.replace(alert, severity=known.severity)
    severity = alert.severity if new or known is None else known.severity
    told_s = at_s if new or known is None else known.told_s
    facts = msgspec.json.encode(alert.facts).decode()
    row = (alert.kind, alert.subject, severity, alert.title, facts, not alert.resolved, since_s, told_s, at_s)
    db.execute("INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    if new is not None:
        item = Item(
            alert=alert,
            at_s=at_s,
            since_s=since_s,
            runbook_url=_runbook(settings, alert.kind),
            again=new == "again",
        )
        _queue(db, item, settings, now_s)
    return new is not None


def _queue(db: apsw.Connection, item: Item, settings: AlertSettings, now_s: float) -> None:
    due_s, digest = due(settings, item.alert.severity, max(item.at_s + settings.group_s, now_s))
    for name, channel in settings.channels.items():
        if wanted(channel, item.alert):
            outbox.add(db, outbox.Waiting(channel=name, digest=digest, now_s=now_s, due_s=due_s), item)


def _known(db: apsw.Connection, alert: Alert) -> Known | None:
    row = db.execute(_KNOWN, (alert.kind, alert.subject)).fetchone()
    return None if row is None else Known(severity=row[0], open=bool(row[1]), since_s=row[2], told_s=row[3])


def _runbook(settings: AlertSettings, kind: str) -> str | None:
    return None if settings.runbook_url is None else settings.runbook_url.replace("{kind}", kind)


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    kind, subject, severity, title, facts, is_open, since_s, told_s, updated_s = row
    return {
        "kind": kind,
        "subject": subject,
        "severity": severity,
        "open": bool(is_open),
        "title": title,
        "facts": msgspec.json.decode(facts),
        "since": rfc3339(since_s),
        "told_at": rfc3339(told_s),
        "updated_at": rfc3339(updated_s),
    }
