"""The telemetry room: opens traces, and lets a background writer store, count, log and export what they become."""

import asyncio
from pathlib import Path

from headworks.core.clock import Clock
from headworks.core.messages import Ask, Caller
from headworks.core.protocols import Pricing
from headworks.telemetry.backlog import Backlog
from headworks.telemetry.config import TelemetrySettings
from headworks.telemetry.ledger.retention import Retention
from headworks.telemetry.ledger.tables import Ledger
from headworks.telemetry.logs import CallLog
from headworks.telemetry.metrics import Metrics, State
from headworks.telemetry.record import TraceRecord
from headworks.telemetry.spool import Spool
from headworks.telemetry.trace import Desk, Trace
from headworks.telemetry.writer import Outlet, Writer

_NAME_LENGTH = 256
"""Longest piece of client-sent text (names, ids, tags) that a record keeps."""


class Recorder:
    """Satisfies `core.protocols.Telemetry` and `Room`. Fails open, except at `start`.

    Args:
        data_dir: Where the spool, the ledger and captured bodies live.
        settings: Retention, spans and logs.
        pricing: Prices calls.
        clock: Source of time.
        worker: Name of this process among its siblings.
        spans: Where finished records become spans (`telemetry.otel.Spans`); None while no endpoint is configured.
    """

    def __init__(
        self,
        data_dir: Path,
        settings: TelemetrySettings,
        pricing: Pricing,
        clock: Clock,
        *,
        worker: str = "0",
        spans: Outlet | None = None,
    ) -> None:
        self._clock = clock
        self._spool = Spool(data_dir / "spool", worker)
        self._desk = Desk(clock=clock, pricing=pricing, spool=self._spool, open={})
        self._metrics = Metrics()
        self._ledger = Ledger(data_dir)
        self._retention = Retention(data_dir, settings.retention, clock)
        outlets: list[Outlet] = [self._metrics, CallLog()]
        if spans is not None:
            outlets.append(spans)
        self._outlets = outlets
        self._writer: Writer | None = None

    @property
    def draining(self) -> bool:
        """True once this process is shutting down: calls cancelled from then on are of status `shutdown`."""
        return self._desk.draining

    @draining.setter
    def draining(self, value: bool) -> None:
        self._desk.draining = value

    def reprice(self, pricing: Pricing) -> None:
        """Price calls that end from now on by `pricing`: the config was reloaded."""
        self._desk.pricing = pricing

    @property
    def in_flight(self) -> int:
        """Calls begun and not ended."""
        return len(self._desk.open)

    async def start(self) -> None:
        """Open the ledger and the spool, and begin to store what earlier processes left behind.

        Raises:
            StoreError: The data directory cannot be used.
        """
        self._ledger.open()
        leftovers = self._spool.open()
        backlogs = [Backlog(self._spool.segments, dead=False)]
        backlogs += [Backlog(segments, dead=True) for segments in leftovers]
        self._writer = Writer(self._spool, backlogs, self._ledger, self._retention, self._outlets)
        self._writer.start(self._between_turns)

    async def stop(self) -> None:
        """Store everything that was recorded, and close. Traces still open keep their mark in the spool."""
        if self._writer is None:
            return
        self._mark_open()
        stored = await self._writer.stop()
        self._spool.close(finished=stored and not self._desk.open)
        for outlet in self._outlets:
            await asyncio.to_thread(outlet.close)
        self._ledger.close()
        self._retention.close()
        self._writer = None

    async def flush(self) -> None:
        """Return when everything recorded so far, by this process and by dead ones, can be queried."""
        if self._writer is not None:
            await self._writer.flush()

    def open(self, ask: Ask, caller: Caller | None, received_s: float) -> Trace:
        """Begin the record of a call received at `received_s` (monotonic clock).

        It leaves its mark with its first provider call, or at the next turn of the writer: most calls that the cache
        answers are over by then. A stranger's call (`caller` None) leaves no mark before it is over, and none at all
        when its key is the reason.
        """
        clock = self._clock
        started_s = clock.now() - (clock.monotonic() - received_s)
        record = TraceRecord(
            status="lost",
            trace_id=ask.trace_id,
            started_at=int(started_s * 1000),
            kind=ask.kind,
            dialect=ask.dialect,
            stream=ask.stream,
            requested_model=ask.model[:_NAME_LENGTH],
            model=ask.model[:_NAME_LENGTH],
            feature=_clipped(ask.feature),
            org_id=caller.org_id if caller else None,
            key_id=caller.key_id if caller else None,
            user_id=_clipped(ask.user_id),
            session_id=_clipped(ask.session_id),
            client_retries=ask.client_retries,
            attempts=[],
            tags=ask.tags,
        )
        trace = Trace(self._desk, ask, record, received_s)
        self._desk.open[ask.trace_id] = trace
        return trace

    def metrics_text(self) -> bytes:
        """Everything counted, in the Prometheus text format; of all workers where several share a directory."""
        self._observe()
        return self._metrics.text()

    def _observe(self) -> None:
        """Sibling workers answer `/metrics` for this one: what they show of it is refreshed at every turn."""
        state = State(
            in_flight=len(self._desk.open),
            spool_bytes=self._spool.backlog(),
            dropped=self._spool.dropped,
            strangers=self._desk.strangers,
        )
        self._metrics.observe(state)

    def _mark_open(self) -> None:
        for trace in self._desk.open.values():
            trace.mark()

    def _between_turns(self) -> None:
        self._spool.retry()
        self._mark_open()
        self._spool.rotate(lambda: [trace.begun_line() for trace in self._desk.open.values() if trace.marked])
        self._observe()


def _clipped(text: str | None) -> str | None:
    return text if text is None or len(text) <= _NAME_LENGTH else text[:_NAME_LENGTH]
