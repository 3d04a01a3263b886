"""HTTP/1.1 on a raw socket: reads requests, and lets the answer do to the connection what a broken provider does.

One request of a connection is answered at a time; pipelined ones wait. A client that leaves cancels the answer under
way at once.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import cast

import httptools
from msgspec import Struct

_LINGER_ZERO = struct.pack("ii", 1, 0)
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Request(Struct):
    """A complete request. Header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


Serve = Callable[[Request, "Connection"], Coroutine[None, None, None] | None]
"""Answers a request: at once (None), or by the coroutine it returns."""


class Connection(asyncio.Protocol):
    """One client connection.

    Args:
        serve: Called with each request, in order.
        others: The server's set of open connections, which this one joins and leaves.
        left: Called when the connection is gone.
    """

    def __init__(self, serve: Serve, others: "set[Connection]", left: Callable[[], None]) -> None:
        self._serve = serve
        self._others = others
        self._left = left
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport
        self._parser: httptools.HttpRequestParser
        self.closed = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        self._parser = httptools.HttpRequestParser(self)
        self._others.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left, or we hung up."""
        self.closed = True
        self._others.discard(self)
        self.resume_writing()
        if self._task is not None:
            self._task.cancel()
        self._left()

    def data_received(self, data: bytes) -> None:
        """More bytes of a request."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.send(head(400, {"content-length": "0", "connection": "close"}))
            self._transport.close()

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # httptools

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        """(A piece of) the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The body comes next, if the client is told that it is welcome."""
        if self._headers.get("expect", "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        path, _, query = self._url.decode("latin-1").partition("?")
        method = self._parser.get_method().decode("latin-1")
        keep_alive = self._parser.should_keep_alive()
        self._waiting.append(Request(method, path, query, self._headers, b"".join(self._body), keep_alive))
        self._advance()

    # answering

    def send(self, data: bytes) -> None:
        """Hand bytes to the socket; nothing happens once the connection is closed."""
        if not self.closed:
            self._transport.write(data)

    async def ready(self) -> None:
        """Give the loop a turn, so that what was sent leaves now, and wait while the client lags behind."""
        if self._writable is not None:
            await self._writable
        else:
            await asyncio.sleep(0)

    def hang_up(self) -> None:
        """Close cleanly, after what was sent."""
        self._waiting.clear()
        self._transport.close()

    def reset(self) -> None:
        """Throw the connection away with a TCP reset."""
        self._waiting.clear()
        peer = self._transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self._transport.abort()

    def _advance(self) -> None:
        while self._waiting and self._task is None:
            work = self._serve(self._waiting.popleft(), self)
            if work is not None:
                self._task = asyncio.get_running_loop().create_task(work)
                self._task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if task.cancelled():
            self._transport.abort()
        else:
            task.result()  # a fault of the fake itself must be loud
            self._advance()

    async def stop(self) -> None:
        """Drop the connection and whatever is being answered on it."""
        task = self._task
        self._transport.abort()
        if task is not None:
            task.cancel()
            await asyncio.wait([task])


def head(status: int, headers: dict[str, str]) -> bytes:
    """Status line and headers as bytes, blank line included."""
    lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
