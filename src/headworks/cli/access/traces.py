"""The records of calls, in a data directory or through the admin API of a running gateway."""

from collections import deque
from collections.abc import Iterator
from typing import Any, Protocol

from headworks.cli.access.admin import AdminApi
from headworks.core.errors import HeadworksError
from headworks.telemetry.ledger.store import TraceFilter, TraceStore

_NEWEST = 10
_BATCH = 200
_REMEMBERED = 10_000

Record = dict[str, Any]


class TraceAccess(Protocol):
    """What can be done with records, wherever they are."""

    def page(self, limit: int, cursor: str | None, filters: TraceFilter) -> tuple[list[Record], str | None]:
        """The newest records and the cursor of the next page."""

    def pages(self, filters: TraceFilter) -> Iterator[list[Record]]:
        """Every record, newest first."""

    def get(self, trace_id: str) -> Record | None:
        """One record whole; None when there is none of this id."""

    def follow(self) -> Iterator[list[Record]]:
        """The last few records, then those written since the batch before; a batch may be empty. Never ends."""


class StoredTraces:
    """The records of a data directory."""

    def __init__(self, store: TraceStore) -> None:
        self._store = store

    def page(self, limit: int, cursor: str | None, filters: TraceFilter) -> tuple[list[Record], str | None]:
        """The newest records and the cursor of the next page."""
        return self._store.list(limit=limit, cursor=cursor, **filters)

    def pages(self, filters: TraceFilter) -> Iterator[list[Record]]:
        """Every record, newest first."""
        return self._store.pages(**filters)

    def get(self, trace_id: str) -> Record | None:
        """One record whole."""
        return self._store.get(trace_id)

    def follow(self) -> Iterator[list[Record]]:
        """The last few records, then new ones."""
        batch, position = self._store.tail(None, _NEWEST)
        while True:
            yield batch
            batch, position = self._store.tail(position, _BATCH)


class RemoteTraces:
    """The records of a running gateway."""

    def __init__(self, admin: AdminApi) -> None:
        self._admin = admin

    def page(self, limit: int, cursor: str | None, filters: TraceFilter) -> tuple[list[Record], str | None]:
        """The newest records and the cursor of the next page."""
        page = self._admin.page("traces", limit=limit, cursor=cursor, **filters)
        return page.data, page.next

    def pages(self, filters: TraceFilter) -> Iterator[list[Record]]:
        """Every record, newest first."""
        return self._admin.pages("traces", limit=_BATCH, **filters)

    def get(self, trace_id: str) -> Record | None:
        """One record whole."""
        try:
            return self._admin.get("traces", trace_id)
        except HeadworksError as error:
            if error.status == 404:
                return None
            raise

    def follow(self) -> Iterator[list[Record]]:
        """The last few records, then new ones. A burst of more than a batch between two looks is cut to its newest."""
        newest, _ = self.page(_BATCH, None, TraceFilter())
        seen = deque((record["trace_id"] for record in newest), maxlen=_REMEMBERED)
        yield newest[:_NEWEST][::-1]
        while True:
            newest, _ = self.page(_BATCH, None, TraceFilter())
            fresh = [record for record in reversed(newest) if record["trace_id"] not in seen]
            seen.extend(record["trace_id"] for record in fresh)
            yield fresh
