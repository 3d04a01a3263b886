"""Small things about HTTP over ASGI: headers in, body in, answers out."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from headworks.core.errors import BadAskError
from headworks.server.protocol import Opening, connection_of, write_opening

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
TEXT: tuple[bytes, bytes] = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
EVENTS: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # a reverse proxy before us must not hold a stream back
]
KEEP_ALIVE = b": keep-alive\n"  # without a blank line: see streams/numbers.py


def read_headers(scope: Scope) -> dict[str, str]:
    """Header names in lower case, as ASGI gives them; the last of a repeated header counts."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def presented_key(headers: dict[str, str]) -> str:
    """The key a client presents: `Authorization: Bearer`, or `x-api-key`; empty for none."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key else headers.get("x-api-key", "")


async def read_body(receive: Receive, headers: dict[str, str], limit: int) -> bytes:
    """The whole request body.

    Raises:
        BadAskError: Over `limit` bytes (413), compressed (415), or the client left in the middle of it (400).
    """
    encoding = headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise BadAskError(f"A body in content-encoding `{encoding}` is not accepted; send it plain.", status=415)
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        _still_there(message)
        return body
    pieces, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        _still_there(message)
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > limit:
            raise _too_large(limit)
    return b"".join(pieces)


def _still_there(message: MutableMapping[str, Any]) -> None:
    if message["type"] == "http.disconnect":
        raise BadAskError("The client left in the middle of its request body.")


def _too_large(limit: int) -> BadAskError:
    return BadAskError(
        f"The request body is over the limit of {limit} bytes (server.max_body_bytes).",
        status=413,
        code="invalid_request",
    )


class Answer:
    """What goes out on one call: a JSON body, or a stream with heartbeats through its silences.

    Args:
        send: ASGI send; waits when the client reads slowly, which in turn slows the reading of the provider.
        beat_s: Seconds of silence after which a comment line keeps a stream's connection alive.

    Attributes:
        started: True once something was sent.
        on_stuck: Called when the client of a stream has taken nothing for twice `beat_s` and more.
    """

    def __init__(self, send: Send, beat_s: float) -> None:
        self._send = send
        self._beat_s = beat_s
        self._beat: asyncio.TimerHandle | None = None
        self._comment: asyncio.Task[None] | None = None
        self._last = 0.0
        self._busy = False
        self._gone = False
        self._torn = b""
        self._headers: Headers | None = None
        self.started = False
        self.on_stuck: Callable[[], None] | None = None

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a complete answer."""
        self.started = True
        if self._gone:
            return
        all_headers = [JSON, (b"content-length", b"%d" % len(body)), *headers]
        if not write_opening(self._send, Opening(status, all_headers, body, chunked=False, last=True)):
            await self._send({"type": "http.response.start", "status": status, "headers": all_headers})
            await self._send({"type": "http.response.body", "body": body})

    async def whole_stream(self, headers: Headers, data: bytes) -> None:
        """Send a stream of which everything is at hand."""
        self.started = True
        if self._gone:
            return
        all_headers = EVENTS + headers
        if not write_opening(self._send, Opening(200, all_headers, data, chunked=True, last=True)):
            await self._send({"type": "http.response.start", "status": 200, "headers": all_headers})
            await self._send({"type": "http.response.body", "body": data})

    async def text(self, body: bytes) -> None:
        """Send a page of plain text."""
        self.started = True
        await self._send({"type": "http.response.start", "status": 200, "headers": [TEXT]})
        await self._send({"type": "http.response.body", "body": body})

    async def begin(self, headers: Headers) -> None:
        """Begin a stream: its headers leave with what is sent first, which is at hand or soon is."""
        self.started = True
        self._headers = EVENTS + headers
        if self._gone:
            return
        loop = asyncio.get_running_loop()
        self._last = loop.time()
        self._beat = loop.call_later(self._beat_s, self._keep_alive, loop)

    async def step(self, data: bytes) -> None:
        """Send some bytes of a stream."""
        if self._gone:
            return
        self._busy = True
        try:
            if self._headers is None or not await self._open(data, last=False):
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
        except asyncio.CancelledError:
            self._torn = data  # the server waits for the client before it takes them
            raise
        self._busy = False
        self._last = asyncio.get_running_loop().time()

    async def end(self, data: bytes) -> None:
        """Send the last bytes of a stream."""
        self.stop()
        if not self._gone and (self._headers is None or not await self._open(data, last=True)):
            await self._send({"type": "http.response.body", "body": self._torn + data})

    async def _open(self, data: bytes, *, last: bool) -> bool:
        """Send the headers of a stream; whether `data` went with them."""
        headers = self._headers or []
        whole = write_opening(self._send, Opening(200, headers, data, chunked=True, last=last))
        if not whole:
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        self._headers = None
        return whole

    def leave(self) -> None:
        """Send nothing from now on: the client is gone, and what it would be sent is still being made."""
        self._gone = True
        self.stop()

    def stop(self) -> None:
        """No more heartbeats."""
        self.on_stuck = None
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None

    def _keep_alive(self, loop: asyncio.AbstractEventLoop) -> None:
        silent = loop.time() - self._last
        wait = max(self._beat_s - silent, 0.01)
        if silent >= self._beat_s:
            wait = self._beat_s
            if not self._busy:
                self._comment = loop.create_task(self.step(KEEP_ALIVE))
        self._beat = loop.call_later(wait, self._keep_alive, loop)
        if self._busy and silent >= 2 * self._beat_s and self.on_stuck is not None:
            self.on_stuck()


def _ends() -> bool:
    return False


class Departure:
    """Cancels the task of a call when its client closes the connection. Entered once the body has been read.

    `left` tells a client that left from a gateway that is being stopped: both arrive as a cancellation.

    Args:
        scope: The request.
        receive: ASGI receive.
        goes_on: Asked when the client has left; True when the call goes on without it.
    """

    def __init__(self, scope: Scope, receive: Receive, goes_on: Callable[[], bool] = _ends) -> None:
        self._connection = connection_of(scope)
        self._receive = receive
        self._goes_on = goes_on
        self._call: asyncio.Task[object] | None = None
        self._watch: asyncio.Task[None] | None = None
        self.left = False

    def __enter__(self) -> "Departure":
        loop = asyncio.get_running_loop()
        self._call = asyncio.current_task(loop)
        if self._connection is None:
            self._watch = loop.create_task(self._wait())
        elif self._connection.transport.is_closing():
            self._gone()  # left while its body was being read
        else:
            self._connection.on_lost = self._gone
        return self

    def __exit__(self, *_: object) -> None:
        self._goes_on = _ends  # no circle is left behind: an ask may hold many megabytes, and is to go at once
        if self._connection is not None:
            self._connection.on_lost = None
        if self._watch is not None:
            self._watch.cancel()

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone()

    def hang_up(self) -> None:
        """Take a client that reads nothing for lost, where its call goes on without it."""
        if self._goes_on() and self._connection is not None:
            self._connection.transport.abort()

    def _gone(self) -> None:
        if self._goes_on():
            return
        self.left = True
        if self._call is not None:
            self._call.cancel()
