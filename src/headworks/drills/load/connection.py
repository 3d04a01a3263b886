"""One HTTP request over a connection of its own, on this machine: what came back, and how it ended."""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Exchange(asyncio.Protocol):
    """A request under way.

    Args:
        request: Head and body.
        take: Gets every piece of the answer's body as it comes.
    """

    def __init__(self, request: bytes, take: Callable[[bytes], None]) -> None:
        self._request = request
        self._take = take
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.complete = False
        """True when the answer has come to its end as HTTP wants it."""

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """A piece of the answer."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over, whole or not."""
        if not self.over.done():
            self.over.set_result(None)

    # httptools

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The body comes next."""
        self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._take(body)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        self.complete = True
        self._transport.close()

    def leave(self) -> None:
        """Close the connection, whatever is still to come."""
        self._transport.abort()


async def exchange(address: tuple[str, int], request: bytes, take: Callable[[bytes], None]) -> Exchange:
    """Send a request and wait until its answer or the connection ends.

    Raises:
        OSError: Nobody listens there.
        ValueError: The address is not on this machine: drills send nothing elsewhere.
    """
    if address[0] not in LOOPBACK:
        raise ValueError(f"A drill calls only this machine, not {address[0]}.")
    loop = asyncio.get_running_loop()
    _, made = await loop.create_connection(lambda: Exchange(request, take), *address)
    try:
        await made.over
    finally:
        made.leave()
    return made
