"""What the fake provider received: one `Call` per request, and the log that tests ask."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.replies import Usage


class Call(Struct, kw_only=True):
    """One request, and what became of it.

    Attributes:
        method: HTTP method.
        path: Path without the query.
        query: Query text without `?`.
        headers: Names in lower case.
        body: Bytes as received.
        received_s: Unix seconds when the request was complete.
        status: HTTP status answered with; None while there is no answer.
        bytes_sent: Bytes of answer handed to the socket, headers included.
        cancelled: True when the client left before the end of the answer.
        ended: True when nothing more will happen.
        ended_s: Unix seconds when that was; None before.
        told: Token counts the answer reported; None when it reported none or did not leave whole.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    received_s: float
    status: int | None = None
    bytes_sent: int = 0
    cancelled: bool = False
    ended: bool = False
    ended_s: float | None = None
    told: Usage | None = None

    @property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            msgspec.DecodeError: It is not JSON.
        """
        return msgspec.json.decode(self.body)


class CallLog:
    """The last `keep` calls, oldest first, and a way to wait for more without sleeping."""

    def __init__(self, keep: int) -> None:
        self.total = 0
        self._calls: deque[Call] = deque(maxlen=keep)
        self._waiters: list[asyncio.Future[None]] = []

    def add(self, call: Call) -> None:
        """Note a call that has just arrived."""
        self.total += 1
        self._calls.append(call)
        self.changed()

    def changed(self) -> None:
        """Wake everyone who waits: a call came or ended, or a client left."""
        if self._waiters:
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()
        self.total = 0

    def all(self) -> list[Call]:
        """The calls kept, oldest first."""
        return list(self._calls)

    async def until(self, condition: Callable[[], bool], within_s: float) -> None:
        """Return as soon as `condition()` holds; it is asked after every change.

        Raises:
            TimeoutError: It did not hold within `within_s` seconds.
        """
        async with asyncio.timeout(within_s):
            while not condition():
                waiter = asyncio.get_running_loop().create_future()
                self._waiters.append(waiter)
                await waiter
