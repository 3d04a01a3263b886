"""Ask the ledger: pages of traces, one trace whole, new ones as they come, feedback.

Works on a data directory with or without a running gateway. A trace that has just ended and is still in the spool is
found by id too. Blocking: call from a thread.
"""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

import apsw
import msgspec

from headworks.core.clock import Clock, SystemClock, rfc3339
from headworks.core.errors import BadAskError, StoreError
from headworks.storage.sqlite import connect, transaction
from headworks.telemetry.ledger.feedback import Feedback
from headworks.telemetry.ledger.filters import where
from headworks.telemetry.ledger.payloads import decoded, read_bodies
from headworks.telemetry.ledger.rollups.outward import shown_report
from headworks.telemetry.ledger.rollups.report import read_report
from headworks.telemetry.ledger.rollups.wish import ReportQuery, read_wish
from headworks.telemetry.ledger.tables import COLUMNS, FILE, open_ledger, record_from_row
from headworks.telemetry.record import TraceRecord, outward
from headworks.telemetry.spool import find_spooled

MAX_PAGE = 1_000
_NOTE = ("feedback", "score", "comment", "correction", "at")
_SELECT = f"SELECT id, {', '.join(COLUMNS)} FROM traces"  # noqa: S608  names of our own struct
_FEEDBACK = (
    "SELECT trace_id, feedback, score, comment, correction, at FROM feedback "
    "WHERE trace_id IN (SELECT value FROM json_each(?)) ORDER BY id"
)


class TraceFilter(TypedDict, total=False):
    """Which traces; None and absent mean all.

    Attributes:
        feature, model, user, org, status: Exact values of the record.
        since: Not older than: RFC 3339 text, Unix seconds, or an age such as `15m`, `24h`, `7d`.
    """

    feature: str | None
    model: str | None
    user: str | None
    org: str | None
    status: str | None
    since: str | float | None


# Named here because `TraceStore.list` hides the builtin from annotations inside the class.
Traces = list[dict[str, Any]]
Rows = list[tuple[Any, ...]]
Ids = list[str]
Page = tuple[Traces, str | None]
Tail = tuple[Traces, int]


class TraceStore:
    """Reads the ledger of one data directory; safe to share between threads.

    Args:
        data_dir: As in the config.
        clock: For ages in `since`, and the time of feedback.
    """

    def __init__(self, data_dir: Path, clock: Clock | None = None) -> None:
        self._data_dir = data_dir
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._reader: apsw.Connection | None = None

    def list(self, *, limit: int = 100, cursor: str | None = None, **filters: Unpack[TraceFilter]) -> Page:
        """A page of traces, newest first, without bodies, and the cursor of the next page (None at the end).

        Raises:
            BadAskError: A limit, cursor, status or time that is none.
            StoreError: The ledger is missing or cannot be read.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise BadAskError(f"`limit` is {limit}; it must be from 1 to {MAX_PAGE}.", param="limit")
        clause, values = where(filters, cursor, self._clock.now())
        rows = self._query(f"{_SELECT} {clause} ORDER BY started_at DESC, id DESC LIMIT ?", (*values, limit + 1))
        page = rows[:limit]
        last = page[-1] if len(rows) > limit else None
        started_at = 1 + COLUMNS.index("started_at")
        return self._shown(page), f"{last[started_at]}-{last[0]}" if last else None

    def pages(self, **filters: Unpack[TraceFilter]) -> Iterator[Traces]:
        """Every matching trace, newest first, page by page: no long transaction, so the gateway is not held up."""
        cursor: str | None = None
        while True:
            page, cursor = self.list(limit=MAX_PAGE, cursor=cursor, **filters)
            if page:
                yield page
            if cursor is None:
                return

    def get(self, trace_id: str) -> dict[str, Any] | None:
        """One trace with its bodies, as far as captured, and its feedback; None when there is no such trace."""
        rows = self._query(f"{_SELECT} WHERE trace_id = ?", (trace_id,))
        if rows:
            record = record_from_row(rows[0][1:])
            record.request, record.response = read_bodies(self._data_dir, trace_id, record.started_at)
        else:
            spooled = find_spooled(self._data_dir / "spool", trace_id)
            if spooled is None:
                return None
            record = spooled
        shown = outward(record, self._feedback([trace_id]).get(trace_id))
        shown["request"] = decoded(record.request)
        shown["response"] = decoded(record.response)
        return shown

    def tail(self, after: int | None = None, limit: int = 100) -> Tail:
        """Traces stored since position `after`, oldest first, and the position to go on from.

        With `after` None: the newest `limit` traces.
        """
        if after is None:
            rows = self._query(f"{_SELECT} ORDER BY id DESC LIMIT ?", (limit,))[::-1]
        else:
            rows = self._query(f"{_SELECT} WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
        return self._shown(rows), rows[-1][0] if rows else after or 0

    def report(self, query: ReportQuery) -> dict[str, Any]:
        """What was called, used and spent, from the roll-ups; see docs/reports.md.

        Raises:
            BadAskError: A name or a time that is none.
            StoreError: The ledger is missing or cannot be read.
        """
        wish = read_wish(query, self._clock.now())
        try:
            with self._lock:
                connection = self._connection()
                with connection:  # all of it as it was at one moment
                    report = read_report(connection, wish)
        except apsw.Error as error:
            raise StoreError(f"The roll-ups cannot be read: {error}.") from error
        return shown_report(report, wish, query.limit)

    def feedback(self, note: Feedback, org_id: str | None = None) -> None:
        """Keep what someone thinks of an answer; the latest note shows as `user_feedback` of its trace.

        Args:
            note: The feedback.
            org_id: Organisation of the caller, None for an administrator.

        Raises:
            BadAskError: `unknown_trace` (404): there is no such trace, or it is another organisation's.
            StoreError: The ledger cannot be written.
        """
        if not self._known(note.trace_id, org_id):
            raise BadAskError(
                f"There is no trace `{note.trace_id[:64]}`. Send the `x-request-id` of the answer.",
                code="unknown_trace",
                status=404,
                param="trace_id",
            )
        row = (note.trace_id, note.feedback, note.score, note.comment, note.correction, int(self._clock.now() * 1000))
        connection = open_ledger(self._data_dir)
        try:
            with transaction(connection):
                connection.execute(
                    "INSERT INTO feedback (trace_id, feedback, score, comment, correction, at) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    row,
                )
        finally:
            connection.close()

    def costs(self, trace_ids: Sequence[str]) -> dict[str, int | None]:
        """What calls cost, nano-dollars; None where it is not known. Calls that are not in the ledger are left out.

        Raises:
            StoreError: The ledger cannot be read.
        """
        sql = "SELECT trace_id, cost_nano FROM traces WHERE trace_id IN (SELECT value FROM json_each(?))"
        return dict(self._query(sql, (msgspec.json.encode(trace_ids).decode(),)))

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    def _known(self, trace_id: str, org_id: str | None) -> bool:
        rows = self._query("SELECT org_id FROM traces WHERE trace_id = ?", (trace_id,))
        if rows:
            return org_id is None or rows[0][0] == org_id
        spooled: TraceRecord | None = find_spooled(self._data_dir / "spool", trace_id)
        return spooled is not None and (org_id is None or spooled.org_id == org_id)

    def _shown(self, rows: Rows) -> Traces:
        records = [record_from_row(row[1:]) for row in rows]
        feedback = self._feedback([record.trace_id for record in records])
        return [outward(record, feedback.get(record.trace_id)) for record in records]

    def _feedback(self, trace_ids: Ids) -> dict[str, dict[str, Any]]:
        """The latest note on each of these traces that has one."""
        notes: dict[str, dict[str, Any]] = {}
        for row in self._query(_FEEDBACK, (msgspec.json.encode(trace_ids).decode(),)):
            notes[row[0]] = dict(zip(_NOTE, (*row[1:5], rfc3339(row[5] / 1000)), strict=True))
        return notes

    def _query(self, sql: str, values: tuple[Any, ...]) -> Rows:
        try:
            with self._lock:
                return self._connection().execute(sql, values).fetchall()
        except apsw.Error as error:
            raise StoreError(f"The trace ledger cannot be read: {error}.") from error

    def _connection(self) -> apsw.Connection:
        if self._reader is None:
            path = self._data_dir / FILE
            if not path.exists():
                raise StoreError(f"There are no traces in {self._data_dir}: no gateway has run on it yet.")
            self._reader = connect(path, read_only=True)
        return self._reader
