"""Read the trace records of a drill from the gateway's admin API."""

import asyncio
from typing import Any

import msgspec
from msgspec import Struct

from headworks.drills.load.connection import exchange
from headworks.drills.stage.gateway import DrillError, Gateway

PATIENCE_S = 15.0
"""How long records may take to arrive; they move to the ledger twice a second."""
_PAGE = 1000
_ONCE_MORE_S = 0.2


class _Page(Struct):
    data: list[dict[str, Any]]
    next: str | None = None


async def records_of(gateway: Gateway, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """The records of these traces, by id. What has not come after some seconds is left out.

    Raises:
        DrillError: The admin API does not answer.
    """
    found: dict[str, dict[str, Any]] = {}
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while wanted - found.keys() and asyncio.get_running_loop().time() < deadline:
        cursor: str | None = ""
        while cursor is not None and wanted - found.keys():
            page = await _page(gateway, cursor)
            found |= {record["trace_id"]: record for record in page.data if record["trace_id"] in wanted}
            cursor = page.next
        await asyncio.sleep(_ONCE_MORE_S if wanted - found.keys() else 0)
    return found


async def _page(gateway: Gateway, cursor: str) -> _Page:
    target = f"/admin/v1/traces?limit={_PAGE}" + (f"&cursor={cursor}" if cursor else "")
    lines = (f"GET {target} HTTP/1.1", "host: drill", f"x-api-key: {gateway.admin_key}", "connection: close", "", "")
    body: list[bytes] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            answered = await exchange((gateway.host, gateway.port), "\r\n".join(lines).encode("latin-1"), body.append)
        if answered.status == 200:
            return msgspec.json.decode(b"".join(body), type=_Page)
        raise DrillError(f"The records cannot be read: the admin API answered {answered.status}.")
    except (OSError, TimeoutError, msgspec.DecodeError) as error:
        raise DrillError(f"The records cannot be read: {error or 'no answer in time'}.") from error
