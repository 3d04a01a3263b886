"""Reports, from a data directory or through the admin API of a running gateway."""

from pathlib import Path
from typing import Any, Protocol

from msgspec import structs

from headworks.cli.access.admin import AdminApi
from headworks.core.errors import StoreError
from headworks.telemetry.ledger.rollups.wish import ReportQuery
from headworks.telemetry.ledger.store import TraceStore
from headworks.telemetry.ledger.tables import FILE, open_ledger


class ReportAccess(Protocol):
    """What can be asked, wherever the roll-ups are."""

    def report(self, query: ReportQuery) -> dict[str, Any]:
        """The report, as `GET /admin/v1/reports` shows it."""


class RemoteReports:
    """The roll-ups of a running gateway."""

    def __init__(self, admin: AdminApi) -> None:
        self._admin = admin

    def report(self, query: ReportQuery) -> dict[str, Any]:
        """The report."""
        asked = {name: value for name, value in structs.asdict(query).items() if value is not None}
        return self._admin.query("reports", **asked | {"latency": str(query.latency).lower()})


class StoredReports:
    """The roll-ups of a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def report(self, query: ReportQuery) -> dict[str, Any]:
        """The report.

        Raises:
            StoreError: No gateway has run on the directory.
        """
        if not (self._data_dir / FILE).exists():
            raise StoreError(f"There are no traces in {self._data_dir}: no gateway has run on it yet.")
        open_ledger(self._data_dir).close()  # an older version may have made it, without roll-ups
        store = TraceStore(self._data_dir)
        try:
            return store.report(query)
        finally:
            store.close()
