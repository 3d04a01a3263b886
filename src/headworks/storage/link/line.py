"""A connection kept up in the background, over which the commands of many callers go in order.

Invariants: no caller ever waits for a connection to be made; while there is none, asking costs nothing and fails at
once; each answer reaches the one who asked, or nobody (a caller that left or was late leaves its place in the order).
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from headworks.core.clock import Clock
from headworks.storage.link.breaker import Breaker, Pauses
from headworks.storage.link.wire import AwayError, LinkError, RefusedByServerError, Wire, dial, packed, told

MOST_WAITING = 500
"""Questions under way at once: their bytes fit the socket's buffer, so that none waits for it to take more."""
_SMALL_BYTES = 256
_GRACE_S = 0.001
_SHORT_LIFE_S = 1.0
_LATE, _LOST = object(), object()


class LineLimits(Struct, frozen=True, kw_only=True):
    """What a connection may take, and when it is given up.

    Attributes:
        within_s: Seconds that an answer may take, a probe's too.
        failures: Late answers in a row after which the server is left alone.
        dial_s: Seconds that connecting may take.
        first_pause_s: Seconds until the first probe of a server that is away; doubled up to `longest_pause_s`.
        longest_pause_s: Seconds.
        gathers: Whether what is asked in one moment is sent at once: fewer sends, for many small questions. Else each
            is sent as it comes, and one that the server does not take in time ends the connection.
    """

    within_s: float
    failures: int
    dial_s: float
    first_pause_s: float
    longest_pause_s: float
    gathers: bool = False


class Line:
    """One supervised connection.

    Args:
        url: Checked URL.
        limits: What it may take.
        clock: For the time between troubles.
        probed: A key that is read before the connection is used: a server that does not let us is away.
        name: Of its tasks.
    """

    def __init__(self, url: str, limits: LineLimits, clock: Clock, *, probed: bytes, name: str) -> None:
        self.up = False
        self.reason = "not connected yet"
        self.on_change: Callable[[], None] = _nothing
        """Called when the server is there (again), and when it could not be reached; `up` says which."""
        self._url = url
        self._dial_s = limits.dial_s
        self._within_s = limits.within_s
        self._probes = (packed(b"PING"), packed(b"GET", probed))
        self._name = name
        self._gathers = limits.gathers
        self._gathered: list[bytes] = []
        self._clock = clock
        self._failures = limits.failures
        self._breaker = Breaker(limits.failures)
        self._pauses = Pauses(limits.first_pause_s, limits.longest_pause_s)
        self._wire: Wire | None = None
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._sending = 0
        self._reading: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._there = asyncio.Event()

    async def start(self) -> None:
        """Connect; returns when the first attempt has ended, well or not."""
        self._keeping = asyncio.create_task(self._keep_up(), name=self._name)
        await self._tried.wait()

    async def stop(self) -> None:
        """Close. Who still waits is told so."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})
            self._keeping = None

    async def there(self) -> None:
        """Wait until there is a connection. For work that no call waits for."""
        await self._there.wait()

    async def call(self, command: bytes) -> Any:
        """The answer to a packed command.

        Raises:
            AwayError: No connection, or no answer in time.
            RefusedByServerError: The server says no.
        """
        wire = self._wire
        if wire is None or len(self._waiting) >= MOST_WAITING:
            raise AwayError(self.reason)
        loop = asyncio.get_running_loop()
        turn = self._breaker.turn
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append(answer)
        alarm = loop.call_later(self._within_s, _expire, answer, loop.time() + self._within_s)
        try:
            if self._gathers:
                if not self._gathered:
                    loop.call_soon(self._send_gathered)
                self._gathered.append(command)
            elif len(command) <= _SMALL_BYTES and not self._sending:
                await wire.send(command)
            elif not await self._sent(wire, command):
                _settle(answer, _LATE)
            reply = await answer
        finally:
            alarm.cancel()
        if reply is _LATE:
            self.failed(turn, f"no answer within {self._within_s * 1000:g} ms")
            raise AwayError("no answer in time")
        if reply is _LOST:
            raise AwayError(self.reason)
        answered = told(reply)  # a refusal ends no row of failures: whether it is one, the caller knows
        self._breaker.answered()
        return answered

    def _send_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered and self._wire is not None:  # else whoever asked is told that it is gone
            self._wire.write(b"".join(gathered))

    async def _sent(self, wire: Wire, command: bytes) -> bool:
        """Send what a server that does not read may not take. False when it did not in time, which ends the wire."""
        self._sending += 1
        try:
            async with asyncio.timeout(self._within_s):
                await wire.send(command)
        except TimeoutError:
            return False
        finally:
            self._sending -= 1
        return True

    def failed(self, turn: int | None, reason: str) -> None:
        """Count a failure; the last one of a row closes the connection, and only probes go on."""
        if self._breaker.failed(self._breaker.turn if turn is None else turn) and self._reading is not None:
            self.reason = reason
            self._gone()
            self._reading.cancel()

    async def _keep_up(self) -> None:
        while True:
            try:
                wire = await self._reach()
            except (AwayError, RefusedByServerError) as error:
                self.reason = str(error)
                self.on_change()
                self._tried.set()
                await asyncio.sleep(self._pauses.next_s())
                continue
            self._wire, self.up = wire, True
            self._there.set()
            self._breaker = Breaker(self._failures)
            self._pauses.up(self._clock.monotonic())
            self.on_change()
            self._tried.set()
            if await self._serve(wire):
                self.on_change()
                await asyncio.sleep(self._pauses.next_s())

    async def _reach(self) -> Wire:
        """A new connection over which the server has answered in time.

        Raises:
            AwayError: There is none, or it is slow.
            RefusedByServerError: We may not read there.
        """
        wire = await dial(self._url, self._dial_s)
        try:
            for probe in self._probes:
                async with asyncio.timeout(self._within_s):
                    await wire.send(probe)
                    told(await wire.receive())
        except TimeoutError:
            await wire.close()
            raise AwayError(f"it does not answer within {self._within_s * 1000:g} ms") from None
        except (LinkError, asyncio.CancelledError):
            await wire.close()
            raise
        return wire

    async def _serve(self, wire: Wire) -> bool:
        """Hand out answers until the connection ends. True when it had better not be made anew at once.

        That is when we ended it because the server was too slow, or when it did not live for a second.
        """
        began_s = self._clock.monotonic()
        self._reading = asyncio.create_task(self._read(wire), name=f"{self._name}-answers")
        try:
            await asyncio.wait({self._reading})
        finally:
            slow = self._reading.cancelled()
            self._reading.cancel()
            self._gone()
            waiting, self._waiting = self._waiting, deque()
            for answer in waiting:
                _settle(answer, _LOST)
            await wire.close()
        self._pauses.lost(self._clock.monotonic())
        return slow or self._clock.monotonic() - began_s < _SHORT_LIFE_S

    def _gone(self) -> None:
        self._wire, self.up = None, False
        self._gathered = []
        self._there.clear()

    async def _read(self, wire: Wire) -> None:
        try:
            while True:
                reply = await wire.receive()
                if not self._waiting:
                    self.reason = "it answers what was not asked"
                    return
                _settle(self._waiting.popleft(), reply)
        except AwayError as error:
            self.reason = str(error)


def _settle(answer: asyncio.Future[Any], result: Any) -> None:
    if not answer.done():  # else its caller was late or left
        answer.set_result(result)


def _expire(answer: asyncio.Future[Any], due: float) -> None:
    loop = answer.get_loop()
    if answer.done():
        return
    if loop.time() - due > _GRACE_S:
        # Our own loop was busy: the answer may lie in the socket, and is read before this is called again.
        loop.call_later(_GRACE_S, _expire, answer, math.inf)
    else:
        answer.set_result(_LATE)


def _nothing() -> None:
    """Until somebody wants to know."""
