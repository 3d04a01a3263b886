"""The one file that knows the HTTP client: send a request to a provider, read its answer piece by piece.

Redirects are not followed, cookies are not kept, and leaving an exchange closes its connection if the answer was not
read to the end, which is how a provider learns that nobody is waiting any more. The client lives as long as the
gateway, across reloads of the config, so no live request ever loses its connection to one.
"""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import certifi
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import BuilderError, PyreqwestError, RequestTimeoutError
from pyreqwest.request import RequestBuilder, StreamRequest
from pyreqwest.response import Response, ResponseBodyReader

from headworks.core.errors import ProviderError
from headworks.providers.link import Link

ERROR_BODY_BYTES = 64 * 1024
DRAIN_S = 0.25


def build_client(connect_timeout_s: float) -> Client:
    """A client for many providers; connections are kept and shared."""
    try:
        return _builder(connect_timeout_s).build()
    except BuilderError:
        # On a machine that trusts no authority the client refuses even plain HTTP; Mozilla's list stands in.
        return _builder(connect_timeout_s).add_root_certificate_pem(Path(certifi.where()).read_bytes()).build()


def _builder(connect_timeout_s: float) -> ClientBuilder:
    return (
        ClientBuilder()
        .follow_redirects(enable=False)
        .referer(enable=False)
        .default_cookie_store(enable=False)
        .gzip(enable=False)
        .brotli(enable=False)
        .zstd(enable=False)
        .deflate(enable=False)
        .connect_timeout(timedelta(seconds=connect_timeout_s))
        .user_agent("headworks")
    )


class Outbound:
    """The gateway's way out. One client per connect time-out in use; usually that is one."""

    def __init__(self) -> None:
        self._clients: dict[float, Client] = {}
        self._totals: dict[float, timedelta] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def post(self, link: Link, url: str, headers: dict[str, str], body: bytes) -> "Exchange":
        """A POST to `url`, not sent before `Exchange.open`."""
        request = self._client(link).post(url).headers(headers).body_bytes(body)
        return self._exchange(link, request, link.total_timeout_s)

    def get(self, link: Link, url: str, headers: dict[str, str]) -> "Exchange":
        """A GET of `url`, not sent before `Exchange.open`."""
        return self._exchange(link, self._client(link).get(url).headers(headers), link.first_byte_timeout_s)

    def _exchange(self, link: Link, request: RequestBuilder, total_s: float) -> "Exchange":
        total = self._totals.get(total_s)
        if total is None:
            total = self._totals[total_s] = timedelta(seconds=total_s)
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        # Without a limit of 0 the client reads ahead, and what came before a break would be lost with it.
        request = request.timeout(total).streamed_read_buffer_limit(0)
        return Exchange(link, request.build_streamed(), self._loop)

    def _client(self, link: Link) -> Client:
        client = self._clients.get(link.connect_timeout_s)
        if client is None:
            client = self._clients[link.connect_timeout_s] = build_client(link.connect_timeout_s)
        return client

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()


class Exchange:
    """One request and its answer, read by the task that opened it.

    Two silences are watched by one timer that looks only now and then, so that a piece of a stream costs no timer work:
    the wait for the answer to begin, and the wait between two pieces. Time spent on our own side does not count.
    """

    def __init__(self, link: Link, request: StreamRequest, loop: asyncio.AbstractEventLoop) -> None:
        self._link = link
        self._request = request
        self._response: Response | None = None
        self._reader: ResponseBodyReader | None = None
        self._watch = Silence(loop)
        self.status = 0

    async def open(self) -> None:
        """Send the request and wait for status and headers.

        Raises:
            ProviderError: No connection, no answer in time.
        """
        self._watch.limit(self._link.first_byte_timeout_s)
        try:
            with self._watch:
                self._response = response = await self._request.__aenter__()
        except (PyreqwestError, TimeoutError) as error:
            self._fail(error, "did not begin to answer", self._link.first_byte_timeout_s)
        self.status = response.status
        self._reader = response.body_reader
        self._watch.limit(self._link.idle_timeout_s)

    def header(self, name: str) -> str:
        """One header of the answer, empty when it has none of that name."""
        return (self._response.get_header(name) or "") if self._response is not None else ""

    def headers(self) -> dict[str, str]:
        """All headers of the answer, names in lower case."""
        items = self._response.headers.items() if self._response is not None else ()
        return {name.lower(): value for name, value in items}

    async def piece(self) -> bytes:
        """The next bytes of the body as they arrive; empty at its end.

        Raises:
            ProviderError: The connection broke, or was silent for too long.
        """
        assert self._reader is not None, "open() comes first"
        try:
            with self._watch:
                chunk = await self._reader.read_chunk()
        except (PyreqwestError, TimeoutError) as error:
            self._fail(error, "went silent in the middle of its answer", self._link.idle_timeout_s)
        return b"" if chunk is None else chunk.to_bytes()

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
                raise ProviderError(f"Provider `{self._link.name}` answered with more than {limit} bytes.")
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

    async def close(self) -> None:
        """Let go of the answer; an unread rest closes the connection."""
        self._watch.end()
        if self._reader is not None:
            self._reader = None
            await self._request.__aexit__(None, None, None)

    def _fail(self, error: Exception, what: str, limit_s: float) -> NoReturn:
        name = self._link.name
        if isinstance(error, RequestTimeoutError | TimeoutError):
            if self._watch.expired:
                raise ProviderError(
                    f"Provider `{name}` {what} for {limit_s:g} s.", code="provider_timeout", status=504
                ) from error
            raise ProviderError(
                f"Provider `{name}` did not connect or finish in time.", code="provider_timeout", status=504
            ) from error
        raise ProviderError(f"The connection to provider `{name}` failed ({type(error).__name__}).") from error


class Silence:
    """Ends a wait that lasts too long. Enter it around each await; it arms one timer for many of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._task = asyncio.current_task(loop)
        self._limit_s = 0.0
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.expired = False

    def limit(self, seconds: float) -> None:
        """How long each wait may last from now on. A timer that is armed already looks again when it is due."""
        if self._timer is not None and seconds < self._limit_s:
            self.end()
        self._limit_s = seconds

    def __enter__(self) -> None:
        self._since = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(self._limit_s, self._look)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._since = None
        if kind is not None and self.expired and issubclass(kind, asyncio.CancelledError):
            assert self._task is not None, "only a task can be cancelled"
            if self._task.uncancel() == 0:
                raise TimeoutError from error

    def _look(self) -> None:
        waited = self._loop.time() - self._since if self._since is not None else 0.0
        if self._since is not None and waited >= self._limit_s and self._task is not None:
            self.expired = True
            self._timer = None
            self._task.cancel()
        else:
            self._timer = self._loop.call_later(self._limit_s - waited, self._look)

    def end(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
