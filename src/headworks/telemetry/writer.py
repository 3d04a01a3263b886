"""The background worker: moves records from the spool to the ledger, and on to metrics, logs and spans.

All of it runs in one thread of its own, twice a second; no call ever waits for it. Whatever goes wrong is
logged, counted and tried again: records stay in the spool until the ledger has them.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol

import structlog

from headworks.core.errors import StoreError
from headworks.telemetry.backlog import Backlog, Batch
from headworks.telemetry.ledger.retention import Retention
from headworks.telemetry.ledger.tables import Ledger
from headworks.telemetry.record import TraceRecord
from headworks.telemetry.spool import Spool

TICK_S = 0.5
"""A busy gateway fills whole batches in this time; a reader of the ledger is at most so far behind."""
_FAILED_TICK_S = 1.0
_log = structlog.get_logger("headworks.telemetry")


class Outlet(Protocol):
    """Something that takes finished records: metrics, the log, spans."""

    def take(self, records: list[TraceRecord]) -> None:
        """Take records, each exactly once, in the writer's thread."""

    def close(self) -> None:
        """Pass on what is still held."""


class Writer:
    """Empties the spool until stopped.

    Args:
        spool: This worker's spool.
        backlogs: Its own first, then those of dead workers.
        ledger: Where records are stored.
        retention: Deletes what is too old or too much, a little at a time.
        outlets: Who else gets each stored record.
    """

    def __init__(
        self, spool: Spool, backlogs: list[Backlog], ledger: Ledger, retention: Retention, outlets: Iterable[Outlet]
    ) -> None:
        self._spool = spool
        self._backlogs = backlogs
        self._ledger = ledger
        self._retention = retention
        self._outlets = list(outlets)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="telemetry")
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failing = False

    def start(self, between: Callable[[], None]) -> None:
        """Begin. `between` is done on the event loop before every turn: short work that must not race with calls."""
        self._task = asyncio.create_task(self._run(between), name="telemetry-writer")

    async def flush(self) -> None:
        """Return when all that is in the spool now is stored, or cannot be."""
        self._spool.retry()
        await self._in_thread(self._store_all)

    async def stop(self) -> bool:
        """Store what there is, end the thread; True when nothing is left unstored."""
        self._stopping.set()
        if self._task is not None:
            await self._task
        self._spool.retry()
        stored = await self._in_thread(self._store_all)
        self._thread.shutdown()
        for backlog in self._backlogs[1:]:
            backlog.release()
        return stored

    async def _run(self, between: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            _tried("turn_not_prepared", between)
            stored = await self._in_thread(self._turn)
            await self._pause(TICK_S if stored else _FAILED_TICK_S)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _in_thread(self, work: Callable[[], bool]) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _turn(self) -> bool:
        stored = self._store_all()
        _tried("rollups_not_kept_up", self._ledger.keep_up)
        _tried("retention_failed", self._retention.turn)
        return stored

    def _store_all(self) -> bool:
        """Store every batch there is; False when something is left."""
        return _tried("spool_not_emptied", self._empty) and not self._failing

    def _empty(self) -> None:
        for backlog in list(self._backlogs):
            while (batch := backlog.next()) is not None:
                if not self._stored(backlog, batch):
                    return
            if backlog is not self._backlogs[0]:
                self._backlogs.remove(backlog)

    def _stored(self, backlog: Backlog, batch: Batch) -> bool:
        try:
            fresh = self._insert(batch.records)
        except StoreError as error:
            if not self._failing:
                self._failing = True
                _log.error("ledger_write_failed", reason=error.message, effect="records wait in the spool")
            return False
        self._failing = False
        backlog.stored(batch)
        for outlet in self._outlets if fresh else ():
            _tried("outlet_failed", partial(outlet.take, fresh))
        return True

    def _insert(self, records: list[TraceRecord]) -> list[TraceRecord]:
        """Store what can be stored: a record the ledger cannot hold must not keep all later ones waiting."""
        try:
            return self._ledger.insert(records)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001  nothing may end the worker
            _log.exception("records_not_storable", records=len(records))
        if len(records) == 1:
            self._spool.dropped += 1
            return []
        half = len(records) // 2
        return self._insert(records[:half]) + self._insert(records[half:])


def _tried(event: str, work: Callable[[], object]) -> bool:
    """Do `work`; what goes wrong is logged as `event`, and the worker lives on."""
    try:
        work()
    except Exception:  # noqa: BLE001  nothing may end the worker
        _log.exception(event)
        return False
    return True
