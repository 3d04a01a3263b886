"""Alerts, in a data directory or through the admin API of a running gateway."""

import asyncio
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

from headworks.cli.access.admin import AdminApi
from headworks.config import Config
from headworks.config.posting import posting
from headworks.core.clock import SystemClock
from headworks.core.errors import ProviderError
from headworks.providers.outbound.http import Outbound
from headworks.telemetry.alerts import AlertDesk, AlertFile
from headworks.telemetry.alerts.store import FILE

_T = TypeVar("_T")


class _Listed(Struct):
    alerts: list[dict[str, Any]]
    undelivered: list[dict[str, Any]]


class _Result(Struct):
    channel: str
    error: str | None


class _Tested(Struct):
    data: list[_Result]


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
        found: dict[str, Any] = msgspec.structs.asdict(_read(self._admin.get("alerts"), _Listed))
        return found

    def test(self, channel: str | None) -> dict[str, str | None]:
        """The gateway sends the test."""
        answer = self._admin.post("alerts", "test", body={} if channel is None else {"channel": channel})
        return {result.channel: result.error for result in _read(answer, _Tested).data}


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


def _read(answer: dict[str, Any], shape: type[_T]) -> _T:
    try:
        return msgspec.convert(answer, shape)
    except msgspec.ValidationError as error:
        raise ProviderError("This does not answer as a Headworks gateway does. Is the address right?") from error
