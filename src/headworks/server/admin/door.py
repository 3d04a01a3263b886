"""The door to the admin API: checks the key, bounds the body, and only then loads what is behind it.

FastAPI takes half a second and 12 MB to import. It is imported in a thread at the first admitted request, so a gateway
whose admin API nobody calls does not pay for it.
"""

import asyncio
import importlib
from collections.abc import MutableMapping
from typing import Any, cast

from headworks.core.errors import HeadworksError, RefusedError
from headworks.core.ids import new_trace_id
from headworks.dialects.openai import write_error
from headworks.server.admin.rooms import AdminRooms
from headworks.server.asgi import JSON, App, Headers, Receive, Scope, Send, presented_key, read_body, read_headers

LIMIT_BYTES = 4 * 1024 * 1024


def admin_app(rooms: AdminRooms, *, limit_bytes: int = LIMIT_BYTES) -> App:
    """The admin API as an ASGI application for paths under `/admin/v1`. Cheap to make: it loads at its first request.

    Args:
        rooms: What it works on.
        limit_bytes: A longer request body is answered with 413.
    """
    return AdminDoor(rooms, limit_bytes)


class AdminDoor:
    """Admits requests with the admin key; see `admin_app`."""

    def __init__(self, rooms: AdminRooms, limit_bytes: int) -> None:
        self._rooms = rooms
        self._limit = limit_bytes
        self._app: App | None = None
        self._loading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        trace_id = new_trace_id(self._rooms.clock.now())
        send = _identified(send, trace_id)
        headers = read_headers(scope)
        try:
            self._admit(presented_key(headers))
            body = await read_body(receive, headers, self._limit)
        except HeadworksError as error:
            await _refuse(error, trace_id, send)
            return
        app = self._app or await self._load()
        await app(_as_json(scope), _replay(body, receive), send)

    def _admit(self, key: str) -> None:
        if not key:
            raise RefusedError(
                "The admin API needs the admin key, as `Authorization: Bearer` or `x-api-key`.",
                code="invalid_api_key",
                status=401,
            )
        if not self._rooms.keys.is_admin(key):
            self._rooms.keys.caller(key)  # refuses with 401 what is no key at all
            raise RefusedError("This is a virtual key; the admin API needs the admin key.")

    async def _load(self) -> App:
        async with self._loading:
            if self._app is None:
                self._app = await asyncio.to_thread(_build, self._rooms)
        return self._app


def _build(rooms: AdminRooms) -> App:
    module = importlib.import_module("headworks.server.admin.app")
    return cast("App", module.build_app(rooms))


def _as_json(scope: Scope) -> Scope:
    """The scope, its body declared as the JSON it must be: plain `curl -d` calls it a form."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    return {**scope, "headers": [*headers, JSON]}


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body first, then whatever else comes."""
    waiting = [body]

    async def next_message() -> MutableMapping[str, Any]:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return next_message


def _identified(send: Send, trace_id: str) -> Send:
    """A `send` that names the request in its answer, as every answer of the gateway does."""
    named = [(b"x-request-id", trace_id.encode()), (b"request-id", trace_id.encode())]

    async def send_named(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *named]}
        await send(message)

    return send_named


async def _refuse(error: HeadworksError, trace_id: str, send: Send) -> None:
    body = write_error(error, trace_id)
    headers: Headers = [JSON, (b"content-length", str(len(body)).encode())]
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if not error.retryable:
        headers.append((b"x-should-retry", b"false"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
