"""What was purged, told to every node: at once over pub/sub, and from a log by any node that was not listening.

Each rule reaches each node that runs, at least once, within about a second of being made or of the node's return. A
node that cannot tell what it missed hears of a rule that means everything.

The log must not name a user: it would itself be what is left of one. It keeps digests for the server's own check, and
for nodes the rule without user and tag, which means more entries: a node that was away drops more than it must. Nodes
that listen hear the rule as it is.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from headworks.cache.shared.header import wanted
from headworks.cache.shared.rulebook import Rulebook
from headworks.cache.shared.scripts import LOOK, RULE
from headworks.cache.shared.settings import RULES, SharedSettings
from headworks.cache.where import Where
from headworks.core.clock import Clock
from headworks.storage.link.line import Line
from headworks.storage.link.url import database
from headworks.storage.link.wire import AwayError, LinkError, Wire, dial, listed, packed

OnRule = Callable[[Where], None]
EVERYTHING = Where()
_log = structlog.get_logger("headworks.cache")
_decode = msgspec.msgpack.Decoder(Where).decode


class Rules:
    """This node's view of the rules.

    Args:
        url: Checked URL.
        line: For the log.
        settings: Limits.
        clock: This node's time.
    """

    def __init__(self, url: str, line: Line, settings: SharedSettings, clock: Clock) -> None:
        self.book = Rulebook(settings.rules_kept_s)
        self.last: bytes | None = None
        """Id of the last rule heard of; None before the log was read for the first time."""
        self._url = url
        self._line = line
        self._settings = settings
        self._clock = clock
        self._channel = RULES + b":%d" % database(url)
        self._readers: list[OnRule] = []
        self._task: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._looking = asyncio.Lock()
        self._listening = asyncio.Event()
        self._own: dict[bytes, Where] = {}

    def subscribe(self, on_rule: OnRule) -> None:
        """Call `on_rule` for every rule; it must not raise."""
        self._readers.append(on_rule)

    async def start(self, since: bytes | None) -> None:
        """Read the log from `since` on and begin to listen; returns when it listens, or soon when it cannot.

        Args:
            since: Last rule heard of in an earlier run; None when this node holds nothing from before.
        """
        self.last = since
        with suppress(LinkError):
            await self.look()
        self._task = asyncio.create_task(self._listen(), name="shared-cache-rules")
        self._task.add_done_callback(_ended)
        await _wait(self._listening, self._settings.look_s if self._line.up else 0.0)

    async def stop(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    def mean(self, created_s: float, digests: frozenset[bytes]) -> bool:
        """Whether something created then, with these digests, must not be written: a rule means it, or may have."""
        return self.book.too_old(created_s, self._clock.now()) or self.book.means(digests, created_s)

    def left_ms(self, expires_s: float) -> int:
        """Milliseconds until `expires_s`, by this node's clock."""
        return int((expires_s - self._clock.now()) * 1000)

    async def make(self, where: Where) -> None:
        """Add a rule. When this returns, this node has heard of it, and the server checks what is written by it.

        Raises:
            LinkError: The server could not be told.
        """
        rule = wanted(where)
        kept, told = msgspec.msgpack.encode(replace(where, user=None, tag=None)), msgspec.msgpack.encode(where)
        id_ = await RULE.run(self._line, [RULES], rule.digests, rule.before, kept, told, self._channel)
        self._own[id_] = where
        try:
            while not self._heard(id_):
                self._moved.clear()
                if not await _wait(self._moved, self._settings.look_s):
                    await self.look()
        finally:
            del self._own[id_]

    async def look(self) -> None:
        """Read what the log holds after the last rule heard of.

        Raises:
            LinkError: The log cannot be read.
        """
        async with self._looking:
            kept_ms = b"%d" % (self._settings.rules_kept_s * 1000)
            before = self.last
            newest, items = listed(await LOOK.run(self._line, [RULES], before or b"", kept_ms))
            if before != self.last and self.last is not None:
                return  # the listener was faster; what it did not hear it looks for itself
            if before is None:
                self._move(newest)
            elif items and items[0][1][1] == before:
                for id_, fields in items:
                    self._apply(id_, self._own.get(id_) or _kept(fields))
            elif newest != before:
                self._gap(newest)

    async def _listen(self) -> None:
        while True:
            try:
                wire = await dial(self._url, self._settings.work_s)
            except AwayError:
                await self._look_quietly()
                await asyncio.sleep(self._settings.look_s)
                continue
            try:
                await wire.send(packed(b"SUBSCRIBE", self._channel))
                await self._hear(wire)
            except AwayError:
                pass
            finally:
                await wire.close()
            await self._look_quietly()
            await asyncio.sleep(self._settings.first_pause_s)

    async def _hear(self, wire: Wire) -> None:
        """Take messages; look into the log before the first one, and whenever there was none for a while.

        Raises:
            AwayError: The connection ended.
        """
        message: asyncio.Task[Any] = asyncio.create_task(wire.receive())
        try:
            while True:
                done, _ = await asyncio.wait({message}, timeout=self._settings.look_s)
                if not done:
                    await self._look_quietly()
                    continue
                reply = message.result()
                message = asyncio.create_task(wire.receive())
                await self._take(reply)
        finally:
            message.cancel()
            await asyncio.wait({message})

    async def _take(self, reply: Any) -> None:
        if not isinstance(reply, list) or reply[0] != b"message":
            # Subscribed: from now on nothing is missed. Or we may not subscribe, then the log must do.
            await self._look_quietly()
            self._listening.set()
            return
        id_, prev, told = reply[2].split(b" ", 2)
        if self._heard(id_):
            return
        if prev != self.last:
            await self._look_quietly()
        if prev == self.last:
            self._apply(id_, _decode(told))

    async def _look_quietly(self) -> None:
        with suppress(LinkError):
            await self.look()

    def _heard(self, id_: bytes) -> bool:
        return self.last is not None and _order(id_) <= _order(self.last)

    def _apply(self, id_: bytes, where: Where | None) -> None:
        if where is not None:
            self.book.add(wanted(where), self._clock.now())
            self._tell(where)
        self._move(id_)

    def _gap(self, newest: bytes) -> None:
        """Rules were lost: by a restart, an eviction, or because this node was away for longer than they are kept."""
        _log.warning("shared_cache_rules_lost", effect="everything that this node holds is dropped")
        self.book.forgot(self._clock.now())
        self._tell(EVERYTHING)
        self._move(newest)

    def _tell(self, where: Where) -> None:
        for on_rule in self._readers:
            on_rule(where)

    def _move(self, id_: bytes) -> None:
        self.last = id_
        self._moved.set()


async def _wait(event: asyncio.Event, within_s: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), within_s)
    return event.is_set()


def _kept(fields: list[bytes]) -> Where | None:
    """The rule in the log; None for the one that began it."""
    return _decode(fields[7]) if fields[7] else None


def _order(id_: bytes) -> tuple[int, int]:
    time_ms, _, number = id_.partition(b"-")
    return int(time_ms), int(number)


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("bug", where="shared cache rules", exc_info=error)
