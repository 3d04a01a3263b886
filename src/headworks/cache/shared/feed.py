"""A feed of small items that every node adds to and every node follows, in one order: a stream on the server.

Each item comes at least once, those of this node too. A reader goes on after a break from the item it saw last; when it
cannot be sure that it missed nothing (the feed was trimmed, lost or is an older copy), it is told, and all that is
there comes again from its beginning.

What belongs to a user must be purgeable, and a stream keeps the bytes of an item that was deleted. So an item that is
added with facets goes into a key of its own, with the header that entries have, and the stream only refers to it: a
purge finds it as it finds entries, and readers skip what is gone.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog
from msgspec import Struct

from headworks.cache.entries import Facets
from headworks.cache.shared.header import header, split
from headworks.cache.shared.rules import Rules
from headworks.cache.shared.scripts import ADD, START, WHERE_IS, WRITE
from headworks.cache.shared.settings import FEEDS, PARCELS, RULES
from headworks.storage.link.line import Line
from headworks.storage.link.wire import AwayError, LinkError, RefusedByServerError, Wire, dial, listed

MOST_QUEUED_BYTES = 8 * 1024 * 1024
_BATCH, _BLOCK_MS = b"100", 1000
_WITHIN_S, _PAUSE_S = 1.0, 0.5
_PLAIN, _PARCEL = b"data", b"parcel"
_log = structlog.get_logger("headworks.cache")


class Item(Struct, frozen=True):
    """One item.

    Attributes:
        id: Its place in the feed; later ones are greater in the server's order, not as text.
        data: As it was added.
        own: Whether this node added it.
    """

    id: str
    data: bytes
    own: bool


class _Added(Struct):
    data: bytes
    created_s: float
    expires_s: float
    facets: Facets | None
    seen: bytes
    key: bytes = b""


class Feed:
    """One node's side of a feed. Made by `SharedStore.feed`.

    Args:
        url: Checked URL.
        name: Name of the feed.
        line: For adding.
        rules: What must not be added or read any more.
        most_items: About how many items are kept.
    """

    def __init__(self, url: str, name: str, line: Line, rules: Rules, *, most_items: int) -> None:
        self.dropped = 0
        """Items of this node that were not added: too many waiting, turned away, meant by a rule."""
        self._url = url
        self._key = FEEDS + name.encode()
        self._line = line
        self._rules = rules
        self._most = b"%d" % most_items
        self._by = secrets.token_bytes(8)
        self._queue: deque[_Added] = deque()
        self._bytes = 0
        self._more = asyncio.Event()
        self._last = START
        self._expected: bytes | None = START
        self._on_item: Callable[[Item], None] = _nobody
        self._on_gap: Callable[[], None] = _nothing
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def seen(self) -> str:
        """Id of the last item that was handed on; kept by a reader that is to go on from there."""
        return self._last.decode()

    @property
    def waiting(self) -> int:
        """Items of this node that are not in the feed yet."""
        return len(self._queue)

    async def start(
        self, on_item: Callable[[Item], None], on_gap: Callable[[], None], since: str | None = None
    ) -> None:
        """Begin to follow and to add. Neither function may raise.

        Args:
            on_item: Called for each item in order.
            on_gap: Called when items may have been missed; all that is there follows.
            since: `seen` of an earlier run; None for the beginning.
        """
        self._on_item, self._on_gap = on_item, on_gap
        self._last = self._expected = since.encode() if since else START
        for work, name in ((self._follow(), "follows"), (self._write(), "adds")):
            task = asyncio.create_task(work, name=f"shared-cache-feed-{name}")
            task.add_done_callback(_ended)
            self._tasks.append(task)

    async def stop(self) -> None:
        """End both; what still waits to be added is lost."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks.clear()

    def add(self, data: bytes, facets: Facets | None = None, *, created_s: float = 0.0, expires_s: float = 0.0) -> bool:
        """Add an item in the background; waits while the server is away. False when it was dropped.

        Args:
            data: Without facets it must belong to nobody: it cannot be purged.
            facets: Whose it is.
            created_s: With facets: Unix seconds, for rules.
            expires_s: With facets: Unix seconds.
        """
        if self._bytes + len(data) > MOST_QUEUED_BYTES:
            self.dropped += 1
            return False
        self._queue.append(_Added(data, created_s, expires_s, facets, self._rules.last or START))
        self._bytes += len(data)
        self._more.set()
        return True

    async def _write(self) -> None:
        while True:
            while self._queue:
                try:
                    added = await self._add(self._queue[0])
                except AwayError:
                    await asyncio.sleep(_PAUSE_S)
                    await self._line.there()
                    continue
                except RefusedByServerError:
                    added = False
                self.dropped += not added
                self._bytes -= len(self._queue.popleft().data)
            self._more.clear()
            await self._more.wait()

    async def _add(self, item: _Added) -> bool:
        """Write one item; False when it may not be written.

        Raises:
            AwayError: The server is away; to be done again.
            RefusedByServerError: It does not take it.
        """
        if item.facets is None:
            await ADD.run(self._line, [self._key], self._most, self._by, _PLAIN, item.data)
            return True
        value = header(item.facets, item.created_s) + item.data
        created_s, digests, _ = split(value)
        left_ms = self._rules.left_ms(item.expires_s)
        if left_ms <= 0 or self._rules.mean(created_s, digests):
            return False
        item.key = item.key or PARCELS + secrets.token_bytes(16)
        answer = await WRITE.run(self._line, [item.key, RULES], value, b"%d" % left_ms, item.seen)
        if answer == b"unsure":
            await self._rules.look()
        if answer != b"kept":
            return False
        await ADD.run(self._line, [self._key], self._most, self._by, _PARCEL, item.key)
        return True

    async def _follow(self) -> None:
        while True:
            try:
                wire = await dial(self._url, _WITHIN_S)
            except AwayError:
                await asyncio.sleep(_PAUSE_S)
                continue
            try:
                await self._find_place()
                while True:
                    await self._read(wire)
            except LinkError:
                await asyncio.sleep(_PAUSE_S)
            finally:
                await wire.close()

    async def _find_place(self) -> None:
        """See whether the item seen last is still where it was.

        Raises:
            LinkError: The server cannot be asked.
        """
        place = await WHERE_IS.run(self._line, [self._key], self._last)
        if place == b"gap" or (place == b"none" and self._last != START):
            self._missed()

    async def _read(self, wire: Wire) -> None:
        """Wait for items and hand them on.

        Raises:
            LinkError: The connection ended, or the server does not answer.
        """
        reply = await _ask(
            wire, b"XREAD", b"COUNT", _BATCH, b"BLOCK", b"%d" % _BLOCK_MS, b"STREAMS", self._key, self._last
        )
        if not reply:
            return
        items: list[Any] = listed(reply)[0][1]
        opened = await self._opened(wire, items)
        for (id_, fields), data in zip(items, opened, strict=True):
            if self._expected is not None and fields[1] != self._expected:
                self._missed()
                return
            self._last = self._expected = id_
            if data is not None:
                self._on_item(Item(id_.decode(), data, fields[3] == self._by))

    async def _opened(self, wire: Wire, items: list[Any]) -> list[bytes | None]:
        """What is in the items; None for what is gone or purged."""
        keys = [fields[5] for _, fields in items if fields[4] == _PARCEL]
        values = iter(await _ask(wire, b"MGET", *keys) if keys else ())
        return [self._parcel(next(values)) if fields[4] == _PARCEL else fields[5] for _, fields in items]

    def _parcel(self, value: bytes | None) -> bytes | None:
        try:
            created_s, digests, data = split(value or b"")
        except ValueError:
            return None
        return None if self._rules.book.means(digests, created_s) else data

    def _missed(self) -> None:
        _log.warning("shared_cache_feed_gap", feed=self._key.decode())
        self._last, self._expected = START, None
        self._on_gap()


async def _ask(wire: Wire, *parts: bytes) -> Any:
    try:
        async with asyncio.timeout(_BLOCK_MS / 1000 + _WITHIN_S):
            return await wire.ask(*parts)
    except TimeoutError:
        raise AwayError("it does not answer") from None


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("bug", where="shared cache feed", exc_info=error)


def _nobody(item: Item) -> None:
    """Before anybody follows."""


def _nothing() -> None:
    """Before anybody follows."""
