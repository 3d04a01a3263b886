"""The round of the watches, once a minute, by one worker of a data directory at a time.

A round costs little at any size of the ledger: it follows new traces for a fraction of a second, and reads a bounded
number of the latest ones. What an earlier round found and several in a row do not find any more is over.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw
import msgspec
import structlog

from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.core.people.alerting import Alert
from headworks.storage.sqlite import connect
from headworks.telemetry.alerts.config import AlertSettings
from headworks.telemetry.alerts.desk import AlertDesk
from headworks.telemetry.alerts.watch import hours
from headworks.telemetry.alerts.watch.promises import PromiseWatch
from headworks.telemetry.alerts.watch.providers import KINDS, unwell
from headworks.telemetry.alerts.watch.spend import SpendWatch
from headworks.telemetry.ledger.tables import FILE

EVERY_S = 60.0
CALM_ROUNDS = 3
"""Rounds in a row that must find nothing before something is over."""
_FOLLOW_S = 0.3
_BEHIND_S = 2.0
_LEASE_S = 3 * EVERY_S
_LEASE = "watch"
Health = Callable[[], dict[str, Any]]
"""The health report of the providers room; called on the event loop."""
_log = structlog.get_logger("headworks.alerts")


class Rounds:
    """Satisfies `core.protocols.Room`. Fails open: what cannot be read is looked at in the next round.

    Args:
        desk: Is told, and holds the file.
        data_dir: Holds the ledger.
        clock: Source of time.
        health: How the providers do.
    """

    def __init__(self, desk: AlertDesk, data_dir: Path, clock: Clock, health: Health) -> None:
        self._desk = desk
        self._path = data_dir / FILE
        self._clock = clock
        self._health = health
        self._holder = uuid.uuid4().hex
        self._calm: dict[tuple[str, str], int] = {}
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failing = False
        self._behind = False
        self.fit(desk.settings)

    def fit(self, settings: AlertSettings) -> None:
        """The config was reloaded: look by these settings from now on."""
        self._spend = SpendWatch(settings)
        self._promises = PromiseWatch(settings)

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="alerts-watch")

    async def stop(self) -> None:
        """End with the round under way."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def round(self) -> None:
        """Look once, and tell what is wrong and what is over.

        Raises:
            StoreError: A file cannot be read.
        """
        report = self._health()
        for alert in await self._desk.in_thread(lambda: self._look(report)):
            self._desk.tell(alert)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            (result,) = await asyncio.gather(self.round(), return_exceptions=True)
            if isinstance(result, BaseException) and not self._failing:
                _log.error("alerts_watch_failed", exc_info=result, effect="tried again every minute")
            self._failing = isinstance(result, BaseException)
            with suppress(TimeoutError):
                async with asyncio.timeout(_BEHIND_S if self._behind else EVERY_S):
                    await self._stopping.wait()

    def _look(self, report: dict[str, Any]) -> list[Alert]:
        now_s, file = self._clock.now(), self._desk.file
        if not file.leased(_LEASE, self._holder, now_s, _LEASE_S):
            self._calm.clear()
            return []
        found, kinds = unwell(report, now_s), [*KINDS]
        if self._path.exists():
            with _reading(self._path) as ledger:
                found += self._read(ledger, now_s, kinds)
        over = self._over(found, file.open_alerts(kinds))
        return [*found, *over]

    def _read(self, ledger: apsw.Connection, now_s: float, kinds: list[str]) -> list[Alert]:
        """What the ledger says. While much of it is new, spending is not judged: it would be judged by a part of it."""
        self._behind = self._follow(ledger, now_s)
        with self._desk.file.reading() as db:
            found = self._promises.look(db, ledger, now_s)
            kinds += self._promises.kinds
            if not self._behind:
                found += self._spend.look(db, ledger, now_s)
                kinds += self._spend.kinds
        return found

    def _follow(self, ledger: apsw.Connection, now_s: float) -> bool:
        begun_s = self._clock.monotonic()
        more = True
        while more and self._clock.monotonic() - begun_s < _FOLLOW_S:
            with self._desk.file.writing() as db:
                more = hours.follow(db, ledger)
                if not more:
                    hours.forget(db, int(now_s) // 3_600)
        return more

    def _over(self, found: Iterable[Alert], known: list[Alert]) -> list[Alert]:
        """What was told and is not found any more, for several rounds."""
        wrong = {(alert.kind, alert.subject) for alert in found}
        quiet = {(alert.kind, alert.subject): alert for alert in known}
        self._calm = {key: self._calm.get(key, 0) + 1 for key in quiet if key not in wrong}
        return [
            msgspec.structs.replace(quiet[key], resolved=True)
            for key, count in self._calm.items()
            if count >= CALM_ROUNDS
        ]


@contextmanager
def _reading(path: Path) -> Iterator[apsw.Connection]:
    """The ledger for one round; raises StoreError for what it refuses."""
    ledger = connect(path, read_only=True)
    try:
        yield ledger
    except apsw.Error as error:
        raise StoreError(f"The trace ledger cannot be read: {error}.") from error
    finally:
        ledger.close()
