"""Alerts as one room: the desk, which is told, and the watches, which look for themselves."""

from pathlib import Path
from typing import Any

from headworks.core.clock import Clock
from headworks.core.people.alerting import Alert
from headworks.telemetry.alerts.channels import Post
from headworks.telemetry.alerts.config import AlertSettings
from headworks.telemetry.alerts.desk import AlertDesk
from headworks.telemetry.alerts.watch.rounds import Health, Rounds


class AlertRoom:
    """Satisfies `core.people.alerting.Alerts` and `core.protocols.Room`. Fails open: only `test` and `listed` raise.

    Args:
        data_dir: Holds the alerts and the trace ledger.
        settings: Who is told of what.
        clock: Source of time.
        post: Sends letters over the gateway's own connections.
        health: How the providers do.
    """

    def __init__(self, data_dir: Path, settings: AlertSettings, clock: Clock, post: Post, health: Health) -> None:
        self._desk = AlertDesk(data_dir, settings, clock, post)
        self._rounds = Rounds(self._desk, data_dir, clock, health)

    def tell(self, alert: Alert) -> None:
        """Raise an alert, or take it back. From any thread; never waits."""
        self._desk.tell(alert)

    def fit(self, settings: AlertSettings) -> None:
        """The config was reloaded."""
        self._desk.fit(settings)
        self._rounds.fit(settings)

    async def start(self) -> None:
        """Begin to tell, and to look."""
        await self._desk.start()
        await self._rounds.start()

    async def stop(self) -> None:
        """Note what was told, and let messages under way end."""
        await self._rounds.stop()
        await self._desk.stop()

    async def listed(self) -> dict[str, Any]:
        """As `AlertDesk.listed`; raises StoreError."""
        return await self._desk.listed()

    async def test(self, name: str | None = None) -> dict[str, str | None]:
        """As `AlertDesk.test`; raises BadAskError."""
        return await self._desk.test(name)
