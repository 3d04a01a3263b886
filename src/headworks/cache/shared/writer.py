"""Writes entries in the background, so that no call waits for it: a queue bounded by bytes, oldest first.

What does not fit, comes while the server is away, or is turned away there, is dropped and counted: a cache may forget.
"""

import asyncio
from contextlib import suppress
from typing import Literal

import structlog
from msgspec import Struct

from headworks.cache.shared.rules import Rules
from headworks.cache.shared.scripts import WRITE
from headworks.cache.shared.settings import RULES, SharedSettings
from headworks.core.clock import Clock
from headworks.storage.link.line import Line
from headworks.storage.link.wire import AwayError, LinkError, RefusedByServerError, packed

_REST_S = 5.0
_log = structlog.get_logger("headworks.cache")
Outcome = Literal["written", "ruled", "dropped", "failed"]


class _Write(Struct, frozen=True):
    value: bytes
    expires_s: float
    seen: bytes


class Writer:
    """The queue and its task.

    Args:
        line: Where to write.
        rules: What must not be written any more.
        settings: Limits.
        clock: For the rest after the server took nothing.
    """

    def __init__(self, line: Line, rules: Rules, settings: SharedSettings, clock: Clock) -> None:
        self.counts: dict[Outcome, int] = {"written": 0, "ruled": 0, "dropped": 0, "failed": 0}
        self._line = line
        self._rules = rules
        self._settings = settings
        self._clock = clock
        self._queue: dict[bytes, _Write | None] = {}
        self._bytes = 0
        self._more = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._rest_until_s = 0.0
        self._refused = False
        self._task: asyncio.Task[None] | None = None

    @property
    def queued_bytes(self) -> int:
        """Bytes waiting."""
        return self._bytes

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="shared-cache-writer")

    async def stop(self) -> None:
        """Write what waits, for as long as one answer may take, and end."""
        if self._task is None:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), self._settings.work_s)
        self._task.cancel()
        await asyncio.wait({self._task})
        self._task = None

    def write(self, key: bytes, value: bytes, expires_s: float) -> bool:
        """Queue a value with its header. False when it was dropped."""
        waiting = self._queue.get(key)
        freed = len(waiting.value) if waiting else 0
        seen = self._rules.last
        if (
            seen is None
            or not self._line.up
            or self._clock.monotonic() < self._rest_until_s
            or len(value) > self._settings.most_entry_bytes
            or self._bytes - freed + len(value) > self._settings.most_queued_bytes
        ):
            self.counts["dropped"] += 1
            return False
        self._put(key, _Write(value, expires_s, seen))
        return True

    def delete(self, key: bytes) -> None:
        """Queue the deletion of a key; what waits to be written under it is not written."""
        self._put(key, None)

    def forget(self, key: bytes) -> None:
        """Do not write what waits under a key."""
        if waiting := self._queue.pop(key, None):
            self._bytes -= len(waiting.value)

    async def drained(self) -> None:
        """Wait until the queue is empty. For tests and for the end."""
        await self._idle.wait()

    def _put(self, key: bytes, item: _Write | None) -> None:
        waiting = self._queue.pop(key, None)
        self._bytes += (len(item.value) if item else 0) - (len(waiting.value) if waiting else 0)
        self._queue[key] = item
        self._idle.clear()
        self._more.set()

    async def _run(self) -> None:
        while True:
            while self._queue:
                key = next(iter(self._queue))
                item = self._queue.pop(key)
                self._bytes -= len(item.value) if item else 0
                await self._do(key, item)
            self._idle.set()
            self._more.clear()
            await self._more.wait()

    async def _do(self, key: bytes, item: _Write | None) -> None:
        try:
            if item is None:
                await self._line.call(packed(b"UNLINK", key))
                return
            outcome = await self._write(key, item)
        except AwayError:
            outcome = "failed"
        except RefusedByServerError as error:
            self._turned_away(str(error))
            outcome = "failed"
        self.counts[outcome] += 1

    async def _write(self, key: bytes, item: _Write) -> Outcome:
        """Write one value.

        Raises:
            AwayError: The server is away.
            RefusedByServerError: It does not take it.
        """
        left_ms = self._rules.left_ms(item.expires_s)
        if left_ms <= 0:
            return "dropped"
        answer = await WRITE.run(self._line, [key, RULES], item.value, b"%d" % left_ms, item.seen)
        if answer == b"unsure":
            with suppress(LinkError):
                await self._rules.look()
            return "dropped"
        if self._refused:
            self._refused = False
            _log.info("shared_cache_takes_again")
        return "written" if answer == b"kept" else "ruled"

    def _turned_away(self, reason: str) -> None:
        """The server is there, but full, a replica, or does not let us write: try one again after a rest."""
        self._rest_until_s = self._clock.monotonic() + _REST_S
        if not self._refused:
            self._refused = True
            _log.error(
                "shared_cache_takes_nothing", reason=reason, effect="new answers are not shared; old ones are read"
            )
