"""Alerts, in a data directory or through the admin API of a running gateway."""

import asyncio
from typing import Any, Protocol

from headworks.cli.access.admin import AdminApi
from headworks.config import Config
from headworks.config.alerting import posting
from headworks.core.clock import SystemClock
from headworks.providers.outbound.http import Outbound
from headworks.telemetry.alerts import AlertDesk, AlertFile
from headworks.telemetry.alerts.store import FILE


class AlertAccess(Protocol):
    """What can be done with alerts, wherever they are."""

    def listed(self) -> dict[str, Any]:
        """What is wrong and what could not be told, as `GET /admin/v1/alerts` shows it."""

    def test(self, channel: str | None) -> dict[str, str | None]:
        """For each channel why a test did not arrive, None when it did."""


class RemoteAlerts:
    """The alerts of a running gateway."""

    def __init__(self, admin: AdminApi) -> None:
        self._admin = admin

    def listed(self) -> dict[str, Any]:
        """What is wrong."""
        return self._admin.get("alerts")

    def test(self, channel: str | None) -> dict[str, str | None]:
        """The gateway sends the test."""
        answer = self._admin.post("alerts", "test", body={} if channel is None else {"channel": channel})
        return {str(row["channel"]): row["error"] for row in answer["data"]}


class StoredAlerts:
    """What the data directory keeps, and the channels of its config.

    Args:
        config: Says where, and who is told.
    """

    def __init__(self, config: Config) -> None:
        self._config = config

    def listed(self) -> dict[str, Any]:
        """What is wrong."""
        if not (self._config.data_dir / FILE).exists():
            return {"alerts": [], "undelivered": []}
        file = AlertFile(self._config.data_dir)
        try:
            return file.listed()
        finally:
            file.close()

    def test(self, channel: str | None) -> dict[str, str | None]:
        """The test is sent from here."""
        return asyncio.run(self._test(channel))

    async def _test(self, channel: str | None) -> dict[str, str | None]:
        outbound = Outbound()
        desk = AlertDesk(self._config.data_dir, self._config.alerts, SystemClock(), posting(outbound))
        try:
            return await desk.test(channel)
        finally:
            await desk.stop()
            await outbound.close()
