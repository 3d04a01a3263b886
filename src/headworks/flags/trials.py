"""Looks after experiments while they run: reads what came of calls, rolls back, ramps up, and tells people."""

import asyncio

import structlog

from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.core.people.alerting import Alert, Alerts, Severity
from headworks.core.people.board import Board
from headworks.flags.experiments import Assignments, Checks, Desk, Experiment, Records, Watch

LOOK_S = 5.0
_SEVERITIES: dict[str, Severity] = {"roll_back": "critical", "warn": "warning"}
_log = structlog.get_logger("headworks.flags")


class Trials:
    """Satisfies `core.protocols.Room`.

    Args:
        board: Where experiments hang.
        checks: What exists to be tried.
        records: What came of calls.
        clock: Source of time.
        alerts: Told of every decision.

    Attributes:
        assignments: Who belongs to which variant.
        desk: Where people start and stop experiments.
        watch: Decides.
    """

    def __init__(self, board: Board, checks: Checks, records: Records, clock: Clock, alerts: Alerts) -> None:
        self.assignments = Assignments(board)
        self.desk = Desk(board, checks, clock)
        self.watch = Watch(self.desk, records, clock, self._tell)
        self._alerts = alerts
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look. Of several workers one should: more do no harm, but work."""
        self._task = asyncio.create_task(self._run(), name="experiments")

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.watch.look()
            except StoreError as error:
                _log.warning("experiments_not_looked_at", reason=error.message)

    def _tell(self, kind: str, experiment: Experiment, why: str) -> None:
        name = experiment.name
        _log.info("experiment_decided", kind=kind, experiment=name, why=why)
        severity = _SEVERITIES.get(kind, "info")
        alert = Alert(kind="experiment", subject=f"{name}: {kind}", severity=severity, title=f"{name}: {why}")
        self._alerts.tell(alert)
