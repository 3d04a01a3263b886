"""Write records into the ledger.

`traces` is one narrow row per call; `id` grows in the order of storing, so that a reader can follow new records however
long their calls took. Every index ends in `started_at`: a page of any filter is one walk along an index, at any size.
Captured bodies never stand here.
"""

from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any

import apsw
import msgspec

from headworks.core.errors import StoreError
from headworks.storage.sqlite import connect, migrate, transaction
from headworks.telemetry.ledger import rollups
from headworks.telemetry.ledger.payloads import Payloads
from headworks.telemetry.ledger.rollups.cells import of_records
from headworks.telemetry.ledger.rollups.recent import leave
from headworks.telemetry.record import Attempt, TraceRecord

FILE = "traces.sqlite"
_JSON = ("adapted", "attempts", "safety", "retrieval", "tags", "flags")
_PLAIN = tuple(name for name in TraceRecord.__struct_fields__ if name not in (*_JSON, "request", "response"))
COLUMNS = (*_PLAIN, *_JSON)
_plain = attrgetter(*_PLAIN)
_nested = attrgetter(*_JSON)
STEPS = (
    """
    CREATE TABLE traces (
        id INTEGER PRIMARY KEY,
        trace_id TEXT NOT NULL UNIQUE,
        status TEXT NOT NULL,
        started_at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        dialect TEXT NOT NULL,
        stream INTEGER NOT NULL,
        requested_model TEXT NOT NULL,
        model TEXT NOT NULL,
        feature TEXT, org_id TEXT, key_id TEXT, user_id TEXT, session_id TEXT,
        provider TEXT, provider_model TEXT, route TEXT, prompt TEXT,
        prompt_tokens INTEGER NOT NULL,
        completion_tokens INTEGER NOT NULL,
        cached_tokens INTEGER NOT NULL,
        cache_write_tokens INTEGER NOT NULL,
        reasoning_tokens INTEGER NOT NULL,
        usage_estimated INTEGER NOT NULL,
        cost_nano INTEGER,
        latency_ms REAL, ttft_ms REAL, overhead_ms REAL,
        cache_hit INTEGER NOT NULL, cache_kind TEXT,
        tool_calls INTEGER NOT NULL,
        finish_reason TEXT, error_code TEXT, degraded TEXT, experiment TEXT,
        attempts TEXT, safety TEXT, retrieval TEXT, tags TEXT
    );
    CREATE INDEX traces_by_time ON traces (started_at);
    CREATE INDEX traces_by_feature ON traces (feature, started_at);
    CREATE INDEX traces_by_model ON traces (model, started_at);
    CREATE INDEX traces_by_org ON traces (org_id, started_at);
    CREATE INDEX traces_by_user ON traces (user_id, started_at) WHERE user_id IS NOT NULL;
    CREATE INDEX traces_by_trouble ON traces (status, started_at) WHERE status <> 'ok';
    CREATE TABLE feedback (
        id INTEGER PRIMARY KEY,
        trace_id TEXT NOT NULL,
        feedback TEXT NOT NULL,
        score REAL,
        comment TEXT,
        correction TEXT,
        at INTEGER NOT NULL
    );
    CREATE INDEX feedback_by_trace ON feedback (trace_id);
    """,
    """
    ALTER TABLE traces ADD COLUMN client_retries INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE traces ADD COLUMN adapted TEXT;
    """,
    """
    ALTER TABLE traces ADD COLUMN cache_age_s REAL;
    ALTER TABLE traces ADD COLUMN cache_similarity REAL;
    ALTER TABLE traces ADD COLUMN cache_bound REAL;
    ALTER TABLE traces ADD COLUMN cache_error_low REAL;
    ALTER TABLE traces ADD COLUMN cache_error_high REAL;
    ALTER TABLE traces ADD COLUMN saved_nano INTEGER NOT NULL DEFAULT 0;
    """,
    rollups.STEP,
    "ALTER TABLE traces ADD COLUMN flags TEXT;",
)
_ROWS = 32
"""Rows of one statement: each statement lets go of the interpreter and waits to get it back from the calls."""
_INSERT = f"INSERT OR IGNORE INTO traces ({', '.join(COLUMNS)}) VALUES "  # noqa: S608  names of our own struct
_VALUES = f"({', '.join('?' * len(COLUMNS))})"
_NEWEST = "SELECT ifnull(max(id), 0) FROM traces"
_STORED_SINCE = "SELECT trace_id FROM traces WHERE id > ?"


def open_ledger(data_dir: Path) -> apsw.Connection:
    """A connection that may write, with the tables up to date.

    Raises:
        StoreError: The directory or the file cannot be used.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The data directory {data_dir} cannot be made: {error.strerror}.") from error
    connection = connect(data_dir / FILE)
    migrate(connection, "telemetry", STEPS)
    return connection


class Ledger:
    """The writing side, used by one thread at a time.

    Args:
        data_dir: Holds the database file and the folder of bodies.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._payloads = Payloads(data_dir)
        self._connection: apsw.Connection | None = None
        self._upkeep = rollups.Upkeep()

    def open(self) -> None:
        """Open the database. Raises StoreError."""
        self._connection = open_ledger(self._data_dir)

    def insert(self, records: list[TraceRecord]) -> list[TraceRecord]:
        """Store records in one transaction; returns those that were not there before.

        Raises:
            StoreError: The database refuses; nothing was stored.
        """
        connection = self._connection
        if connection is None:
            raise StoreError("The trace ledger is not open.")
        self._payloads.insert(records)  # first: a record that is listed has its bodies
        with transaction(connection):
            newest = connection.execute(_NEWEST).fetchall()[0][0]
            fresh = records
            if _inserted(connection, records) != len(records):
                stored = {trace_id for (trace_id,) in connection.execute(_STORED_SINCE, (newest,))}
                fresh = _first_of_each(records, stored)
            leave(connection, of_records(fresh))
        return fresh

    def keep_up(self) -> None:
        """Do what is due for the roll-ups, in short transactions.

        Raises:
            StoreError: The database refuses.
        """
        if self._connection is not None:
            self._upkeep.turn(self._connection)

    def close(self) -> None:
        """Let go of the files."""
        self._payloads.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _inserted(connection: apsw.Connection, records: list[TraceRecord]) -> int:
    """Insert those records that are not there; how many that were."""
    before = connection.total_changes()
    for first in range(0, len(records), _ROWS):
        rows = [row(record) for record in records[first : first + _ROWS]]
        connection.execute(_INSERT + ", ".join([_VALUES] * len(rows)), list(chain.from_iterable(rows)))
    return connection.total_changes() - before


def _first_of_each(records: list[TraceRecord], trace_ids: set[str]) -> list[TraceRecord]:
    found: dict[str, TraceRecord] = {}
    for record in records:
        if record.trace_id in trace_ids:
            found.setdefault(record.trace_id, record)
    return list(found.values())


def row(record: TraceRecord) -> tuple[Any, ...]:
    """The values of `COLUMNS`, in order."""
    return (*_plain(record), *map(_json, _nested(record)))


def _json(value: list[Any] | dict[str, Any]) -> str | None:
    return msgspec.json.encode(value).decode() if value else None


def record_from_row(values: tuple[Any, ...]) -> TraceRecord:
    """The record whose `row` was `values`."""
    fields = dict(zip(COLUMNS, values, strict=True))
    for name in _JSON:
        text = fields.pop(name)
        if text is not None:
            fields[name] = msgspec.json.decode(text, type=list[Attempt] if name == "attempts" else Any)
    for name in ("stream", "usage_estimated", "cache_hit"):
        fields[name] = bool(fields[name])
    return TraceRecord(**fields)
