"""One HTTP/1.1 connection to a provider: httptools parses, asyncio carries, one exchange at a time.

Why not a client library: of those measured, the fast ones go on waiting for a provider's headers after the call was
cancelled, so a client that leaves would still be paid for; those that do cancel cost two to three times the CPU
(docs/decisions/0004). What is here is only what a gateway needs of HTTP: POST and GET with a body in memory, answers
that are read piece by piece with back-pressure, and a connection that is closed the moment nobody waits for it.
"""

import asyncio
from collections import deque

import httptools

BUFFER_BYTES = 256 * 1024
"""Unread bytes after which the provider is made to wait."""
HEADER_BYTES = 128 * 1024
"""More than any provider sends; a server that floods us with headers is cut off."""


class BrokenError(Exception):
    """The connection cannot go on: lost, cut in the middle of an answer, or not HTTP. The message is for people."""


class Connection(asyncio.Protocol):
    """A connection. `send`, then `begin`, then `piece` until it returns nothing; then it may be used again.

    Attributes:
        status: Status of the answer under way.
        headers: Its headers, names in lower case; the last of a repeated one counts.
        used: True once an answer was read over it: such a connection may be closed by the provider at any time.
        silent: True while not a byte of the answer has come.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._pieces: deque[bytes] = deque()
        self._buffered = 0
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._broken: BrokenError | None = None
        self._begun = False
        self._complete = True
        self._framed = False
        self._keep = True
        self._header_bytes = 0
        self.status = 0
        self.headers: dict[str, str] = {}
        self.used = False
        self.silent = True
        self.idle_since = 0.0

    @property
    def reusable(self) -> bool:
        """True when an answer was read to its end and the provider keeps the connection open."""
        return self._complete and self._keep and self._broken is None and not self._pieces

    @property
    def alive(self) -> bool:
        """False once the provider has closed it."""
        return self._broken is None and self._transport is not None and not self._transport.is_closing()

    def send(self, head: bytes, body: bytes) -> None:
        """Write a request. Bodies are in memory already, so the transport may keep what the socket does not take."""
        assert self._transport is not None, "connection_made comes first"
        self.status, self.headers = 0, {}
        self.silent, self._begun, self._complete, self._framed = True, False, False, False
        if len(body) < BUFFER_BYTES:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)

    async def begin(self) -> None:
        """Wait for status and headers; raises BrokenError."""
        while not self._begun:
            await self._more()

    async def piece(self) -> bytes:
        """Everything of the body that has come and was not read; empty at its end. Raises BrokenError."""
        while not self._pieces:
            if self._complete:
                self.used = True
                return b""
            await self._more()
        taken = self._pieces.popleft() if len(self._pieces) == 1 else self._join()
        self._buffered = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return taken

    def _join(self) -> bytes:
        joined = b"".join(self._pieces)
        self._pieces.clear()
        return joined

    async def _more(self) -> None:
        if self._broken is not None:
            raise self._broken
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _break(self, why: str) -> None:
        if self._broken is None:
            self._broken = BrokenError(why)
        self._wake()
        self.close()

    def close(self) -> None:
        """Close it now, without waiting for anything: the provider learns that nobody listens."""
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls.
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = transport  # type: ignore[assignment]  # a stream transport, by create_connection

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._complete:
            self._break("it sent bytes that nobody asked for")
            return
        self.silent = False
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserCallbackError):
            self._break("its answer is not HTTP")
            return
        self._wake()

    def eof_received(self) -> None:
        """The provider sends no more: the end of an answer without a length, or a cut."""
        if self._begun and not self._framed:
            self._complete = True
            self._broken = BrokenError("it was closed")
            self._wake()
        else:
            self._break(
                "it was closed in the middle of the answer" if self._begun else "it was closed before an answer"
            )

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._broken is None:
            self._broken = BrokenError("it was reset" if exc is not None else "it was closed")
        self._wake()

    # What the parser calls.
    def on_message_begin(self) -> None:
        """A status line follows; interim answers (1xx) come before the final one."""
        self.headers = {}
        self._header_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > HEADER_BYTES:
            raise BrokenError("its headers are too long")
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The headers are whole."""
        self.status = self._parser.get_status_code()
        if self.status >= 200:
            self._begun = True
            self._framed = "content-length" in self.headers or "transfer-encoding" in self.headers

    def on_body(self, body: bytes) -> None:
        """Bytes of the body."""
        self._pieces.append(body)
        self._buffered += len(body)
        if self._buffered > BUFFER_BYTES and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self.status >= 200:
            self._complete = True
            self._keep = self._parser.should_keep_alive()
