"""The gateway's way out: connections to providers, pooled, and one exchange over each at a time.

Redirects are not followed and cookies are not kept. Leaving an exchange before the answer was read to its end closes
its connection at once. The pool lives as long as the gateway, across reloads of the config, so no live request ever
loses its connection to one.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlsplit

import certifi
from msgspec import Struct

from headworks.core.clock import seconds_text
from headworks.core.errors import ProviderError
from headworks.core.policy import Patience
from headworks.providers.outbound.connection import BrokenError, Connection
from headworks.providers.outbound.silence import Silence

ERROR_BODY_BYTES = 64 * 1024
DRAIN_S = 0.25
IDLE_S = 45.0
"""An idle connection older than this is not used again: the other side may be about to close it."""
IDLE_PER_ORIGIN = 256


class Origin(Struct, frozen=True):
    """Where a base URL leads: `prefix` is its path, put before every path asked for."""

    tls: bool
    host: str
    port: int
    prefix: str
    name: str


class Errand(Struct, frozen=True):
    """Whom an exchange is for: the provider's name in the config, where it listens, and how long to wait for it."""

    provider: str
    base_url: str
    patience: Patience


def read_origin(base_url: str) -> Origin:
    """The origin of a base URL that the config has checked."""
    parts = urlsplit(base_url)
    tls = parts.scheme == "https"
    return Origin(tls, parts.hostname or "", parts.port or (443 if tls else 80), parts.path, parts.netloc)


class Outbound:
    """Connections to every provider."""

    def __init__(self) -> None:
        self._origins: dict[str, Origin] = {}
        self._idle: dict[Origin, list[Connection]] = {}
        self._tls: ssl.SSLContext | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def post(self, errand: "Errand", path: str, headers: dict[str, str], body: bytes) -> "Exchange":
        """A POST of `body`; nothing is sent before `Exchange.open`. The length header is added here."""
        return self.post_with(errand, self.head(errand.base_url, path, headers), body)

    def head(self, base_url: str, path: str, headers: Mapping[str, str], method: str = "POST") -> bytes:
        """Request line and headers of a POST but for its length: what may be used again for the next body."""
        return _head(method, self._origin(base_url), path, headers)

    def post_with(self, errand: "Errand", head: bytes, body: bytes) -> "Exchange":
        """As `post`, with what `head` has made."""
        origin = self._origin(errand.base_url)
        return Exchange(self, errand, origin, b"%bcontent-length: %d\r\n\r\n" % (head, len(body)), body)

    def get(self, errand: "Errand", path: str, headers: dict[str, str]) -> "Exchange":
        """A GET; nothing is sent before `Exchange.open`."""
        origin = self._origin(errand.base_url)
        return Exchange(self, errand, origin, _head("GET", origin, path, headers) + b"\r\n", b"")

    def _origin(self, base_url: str) -> Origin:
        origin = self._origins.get(base_url)
        if origin is None:
            origin = self._origins[base_url] = read_origin(base_url)
        return origin

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that carries the connections."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def idle(self, origin: Origin) -> Connection | None:
        """The connection used last, if there is one that still stands."""
        waiting = self._idle.get(origin)
        while waiting:
            connection = waiting.pop()
            if connection.alive and self.loop.time() - connection.idle_since < IDLE_S:
                return connection
            connection.close()
        return None

    def give_back(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection for the next exchange, or close it."""
        waiting = self._idle.setdefault(origin, [])
        if connection.reusable and len(waiting) < IDLE_PER_ORIGIN:
            connection.idle_since = self.loop.time()
            waiting.append(connection)
        else:
            connection.close()

    async def connect(self, origin: Origin) -> Connection:
        """A new connection; raises OSError."""
        loop = self.loop
        if origin.tls and self._tls is None:
            self._tls = await asyncio.to_thread(_tls_context)
        _, connection = await loop.create_connection(
            lambda: Connection(loop), origin.host, origin.port, ssl=self._tls if origin.tls else None
        )
        return connection

    async def close(self) -> None:
        """Close every idle connection."""
        for waiting in self._idle.values():
            for connection in waiting:
                connection.close()
        self._idle.clear()


def _tls_context() -> ssl.SSLContext:
    """The system's certificate authorities and the bundled ones: a bare machine has none of its own."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _head(method: str, origin: Origin, path: str, headers: Mapping[str, str]) -> bytes:
    """Request line and headers, without the blank line that ends them.

    Raises:
        ProviderError: A line break in a path or header, which would begin a request of somebody else's making.
    """
    lines = [f"{method} {origin.prefix}{path} HTTP/1.1", f"host: {origin.name}", "user-agent: headworks"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1 or " " in path:
        raise ProviderError("A header or model name for this provider holds a line break or space.", retryable=False)
    return (head + "\r\n").encode("latin-1", "replace")


class Exchange:
    """One request and its answer, read by one task at a time. Time spent on our own side is no silence."""

    def __init__(self, outbound: Outbound, errand: Errand, origin: Origin, head: bytes, body: bytes) -> None:
        self._outbound = outbound
        self._name = errand.provider
        self._patience = errand.patience
        self._origin = origin
        self._head = head
        self._body = body
        self._connection: Connection | None = None
        self._watch = Silence(outbound.loop, errand.patience.total_s)

    @property
    def status(self) -> int:
        """Status of the answer; 0 before there is one."""
        return self._connection.status if self._connection is not None else 0

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer, names in lower case."""
        return self._connection.headers if self._connection is not None else {}

    async def open(self) -> None:
        """Send the request and wait for status and headers.

        A connection that was used before may have been closed by the provider just now; then a new one is tried, once.

        Raises:
            ProviderError: No connection, no answer in time.
        """
        connection = self._outbound.idle(self._origin)
        if connection is not None:
            try:
                await self._ask(connection)
            except BrokenError as error:
                if not connection.silent:
                    self._fail(error)
            else:
                return
        try:
            await self._ask(await self._connect())
        except BrokenError as error:
            self._fail(error)

    async def _connect(self) -> Connection:
        self._watch.limit(self._patience.connect_s)
        try:
            with self._watch:
                return await self._outbound.connect(self._origin)
        except TimeoutError as error:
            self._late(error, "did not accept a connection")
        except ssl.SSLError as error:
            self._fail(error, f"TLS failed ({error.reason or 'handshake'})")
        except socket.gaierror as error:
            self._fail(error, f"the name {self._origin.host} is not known")
        except OSError as error:
            self._fail(error, os.strerror(error.errno).lower() if error.errno else "no address answers")

    async def _ask(self, connection: Connection) -> None:
        self._connection = connection
        self._watch.limit(self._patience.first_byte_s)
        connection.send(self._head, self._body)
        try:
            with self._watch:
                await connection.begin()
        except TimeoutError as error:
            self._late(error, "did not begin to answer")
        self._watch.limit(self._patience.idle_s)

    async def piece(self) -> bytes:
        """The next bytes of the body as they arrive; empty at its end.

        Raises:
            ProviderError: The connection broke, or was silent for too long.
        """
        assert self._connection is not None, "open() comes first"
        try:
            with self._watch:
                return await self._connection.piece()
        except TimeoutError as error:
            self._late(error, "went silent in the middle of its answer")
        except BrokenError as error:
            self._fail(error)

    async def body(self, limit: int) -> bytes:
        """The whole body.

        Raises:
            ProviderError: As `piece`, or the body is over `limit` bytes.
        """
        pieces: list[bytes] = []
        size = 0
        while piece := await self.piece():
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise ProviderError(f"Provider `{self._name}` answered with more than {limit} bytes.")
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def error_body(self) -> bytes:
        """The beginning of an error answer; never raises, since the status alone tells enough."""
        pieces = b""
        try:
            while len(pieces) < ERROR_BODY_BYTES and (piece := await self.piece()):
                pieces += piece
        except ProviderError:
            return pieces
        return pieces[:ERROR_BODY_BYTES]

    async def drain(self) -> None:
        """Read the few bytes after the end of a stream, so that its connection can serve again.

        Waits for a moment only.
        """
        self._watch.limit(DRAIN_S)
        try:
            while await self.piece():
                pass
        except ProviderError:
            return  # whoever does not end in time loses the connection, nothing else

    @property
    def ran_out(self) -> bool:
        """True when it was the total time that ended it, not a silence."""
        return self._watch.overall

    def close(self) -> None:
        """Let go of the answer; an unread rest closes the connection."""
        self._watch.end()
        if self._connection is not None:
            self._outbound.give_back(self._origin, self._connection)
            self._connection = None

    def _fail(self, error: Exception, why: str | None = None) -> NoReturn:
        why = why or str(error)
        raise ProviderError(f"The connection to provider `{self._name}` failed: {why}.") from error

    def _late(self, error: TimeoutError, what: str) -> NoReturn:
        limit = seconds_text(self._watch.exceeded_s)
        sentence = f"Provider `{self._name}` {what} for {limit}."
        if self._watch.overall:
            sentence = f"Provider `{self._name}` did not finish its answer within {limit}."
        raise ProviderError(sentence, code="provider_timeout", status=504) from error
