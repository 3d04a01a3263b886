"""The records of an experiment's calls, read from the trace ledger of this data directory piece by piece.

Records lie in the order in which their calls ended, so reading goes on at the last id. What says nothing of a variant
is passed over: calls that a budget, a rate limit or a switch refused, that a stop of the gateway cut off, or lost ones.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.flags.experiments import Batch, Call, Opinion
from headworks.flags.experiments.assignment import unit_of
from headworks.storage.sqlite import connect
from headworks.telemetry.ledger.tables import FILE

ROWS = 20_000
_ORPHAN_S = 120.0
"""So long a thumb waits for the record of its call, which is written a moment after the answer."""
_FIRST_MS = 900_000
_OURS = frozenset(
    {
        "insufficient_quota",
        "rate_limit_exceeded",
        "unpriced_model",
        "invalid_api_key",
        "forbidden",
        "feature_disabled",
        "overloaded",
        "store_unavailable",
    }
)
"""Codes of calls that the gateway refused whatever they would have been answered with."""
_DECLINED = frozenset({"content_filter", "refusal"})
_FIRST = "SELECT min(id) FROM traces WHERE started_at >= ?1 AND started_at < ?1 + ?2"
_FIRST_LATER = "SELECT min(id) FROM traces WHERE started_at >= ?"
_LAST = "SELECT ifnull(max(id), 0) FROM traces"
_WHO = "t.trace_id, t.started_at, t.user_id, t.session_id, t.key_id, t.experiment"
# The plus signs keep SQLite from another index: the ids are walked, in a piece of bounded length.
_CALLS = (
    f"SELECT {_WHO}, status, error_code, finish_reason, cache_hit, cost_nano, latency_ms, ttft_ms FROM traces t "  # noqa: S608
    "WHERE id > ? AND id <= ? AND +feature = ? AND +experiment >= ? AND +experiment < ? ORDER BY id"
)
_THUMBS = (
    f"SELECT f.id, f.at, f.feedback, t.feature, {_WHO} FROM feedback f "  # noqa: S608
    "LEFT JOIN traces t ON t.trace_id = f.trace_id WHERE f.id > ? ORDER BY f.id LIMIT ?"
)


class LedgerRecords:
    """Satisfies `flags.experiments.Records`. Blocking: call from a thread, any number of them.

    Args:
        data_dir: Holds the ledger.
        clock: Says how old a thumb is.
        rows: So many are looked through at once.
    """

    def __init__(self, data_dir: Path, clock: Clock, rows: int = ROWS) -> None:
        self._rows = rows
        self._path = data_dir / FILE
        self._clock = clock

    def __call__(self, feature: str, experiment: str, since_s: float, place: tuple[int, ...] | None) -> Batch:
        """The next records; see `Records`.

        Raises:
            StoreError: The ledger cannot be read.
        """
        if not self._path.exists():  # no call has been made yet
            return Batch(calls=[], opinions=[], place=place or ())
        try:
            connection = connect(self._path, read_only=True)
            try:
                return self._read(connection, (feature, experiment), since_s, place)
            finally:
                connection.close()
        except apsw.Error as error:
            raise StoreError(f"The trace ledger cannot be read: {error}.") from error

    def _read(
        self, connection: apsw.Connection, of: tuple[str, str], since_s: float, place: tuple[int, ...] | None
    ) -> Batch:
        feature, experiment = of
        call_id, thumb_id = place or (_first(connection, since_s), 0)
        last = _number(connection, _LAST, ()) or 0
        end = min(last, call_id + self._rows)
        label = f"{experiment}:"
        rows = connection.execute(_CALLS, (call_id, end, feature, label, f"{experiment};")).fetchall()
        thumbs = connection.execute(_THUMBS, (thumb_id, self._rows)).fetchall()
        opinions = []
        for row in self._arrived(thumbs):
            thumb_id = row[0]
            if row[3] == feature and str(row[9] or "").startswith(label):
                opinions.append(_opinion(row, len(label)))
        calls = [call for row in rows if (call := _call(row, len(label))) is not None]
        more = end < last or (len(thumbs) == self._rows and bool(thumbs) and thumb_id == thumbs[-1][0])
        return Batch(calls=calls, opinions=opinions, place=(max(call_id, end), thumb_id), more=more)

    def _arrived(self, thumbs: list[Any]) -> Iterator[Any]:
        """Thumbs in order, up to the first whose call's record may still come."""
        now_ms = self._clock.now() * 1000
        for row in thumbs:
            if row[4] is None and row[1] > now_ms - _ORPHAN_S * 1000:
                return
            yield row


def _first(connection: apsw.Connection, since_s: float) -> int:
    """The id before the first record of a call that arrived at `since_s` or later."""
    since_ms = int(since_s * 1000)
    found = _number(connection, _FIRST, (since_ms, _FIRST_MS)) or _number(connection, _FIRST_LATER, (since_ms,))
    return found - 1 if found else _number(connection, _LAST, ()) or 0


def _number(connection: apsw.Connection, sql: str, values: tuple[int, ...]) -> int | None:
    rows: list[Any] = connection.execute(sql, values).fetchall()
    found: int | None = rows[0][0]
    return found


def _call(row: Any, label: int) -> Call | None:
    trace_id, started_ms, user, session, key, experiment, status, code, finish, hit, cost, latency, ttft = row
    if status in {"lost", "shutdown"} or code in _OURS:
        return None
    refused = finish in _DECLINED or code == "content_policy_violation"
    return Call(
        trace_id=trace_id,
        at_s=started_ms / 1000,
        unit=unit_of(user, session, key),
        variant=experiment[label:],
        failed=status in {"failed", "refused"} and not refused,
        refused=refused,
        cache_hit=bool(hit),
        cost_usd=None if cost is None else cost / 1e9,
        latency_s=latency / 1000 if latency is not None and status == "ok" else None,
        ttft_s=None if ttft is None else ttft / 1000,
    )


def _opinion(row: Any, label: int) -> Opinion:
    _, _, feedback, _, trace_id, started_ms, user, session, key, experiment = row
    return Opinion(
        metric="feedback",
        trace_id=trace_id,
        at_s=started_ms / 1000,
        unit=unit_of(user, session, key),
        variant=experiment[label:],
        value=float(feedback == "thumbs_up"),
    )
