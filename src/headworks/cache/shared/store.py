"""The shared tier: entries in a Redis or Valkey server that all nodes read and write.

Invariants: a look-up takes at most `call_s`, and nothing at all while the server is away; what `get` returns is the
whole entry of that very key, not expired, and meant by no rule that this node has heard of at the moment it returns;
once `purge` has returned, nothing that it means is in the server, nor comes there from a node that had it in hand.
Whoever keeps what `get` returned must do so without waiting in between, so that a rule heard later finds it.
"""

import asyncio
from contextlib import suppress
from typing import NoReturn

import structlog
from msgspec import Struct

from headworks.cache.entries import BrokenEntryError, Entry, pack, unpack
from headworks.cache.shared.feed import Feed
from headworks.cache.shared.header import body, header, split, wanted
from headworks.cache.shared.rules import OnRule, Rules
from headworks.cache.shared.scripts import SWEEP
from headworks.cache.shared.settings import ENTRIES, SWEPT, SharedSettings
from headworks.cache.shared.writer import Writer
from headworks.cache.where import Where
from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.storage.link.line import Line
from headworks.storage.link.url import check_url, masked
from headworks.storage.link.wire import LinkError, RefusedByServerError, listed, packed

_STEP = b"100"
"""Keys per step of a walk: the server is busy with one for about half a millisecond, and look-ups go in between."""
_LONGEST_REST_S = 0.01
_TASKS = "shared-cache-line"
_log = structlog.get_logger("headworks.cache")


class SharedUsage(Struct, frozen=True, kw_only=True):
    """What happened since the start.

    Attributes:
        up: Whether the server is asked at the moment.
        reason: Why not, or the last trouble; empty when there was none.
        hits: Entries found.
        misses: Look-ups that found nothing.
        skipped: Look-ups not made because the server is away.
        errors: Look-ups without an answer in time, or turned away.
        broken: Entries that did not fit their checksum.
        written: Entries written.
        ruled: Entries not written because a rule means them.
        dropped: Entries not written: too large, too many, or the server away.
        failed: Entries whose writing failed.
        queued_bytes: Bytes waiting to be written.
    """

    up: bool
    reason: str
    hits: int
    misses: int
    skipped: int
    errors: int
    broken: int
    written: int
    ruled: int
    dropped: int
    failed: int
    queued_bytes: int


class SharedStore:
    """One node's way to the shared tier.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        settings: Limits.
        clock: This node's time.

    Raises:
        BadUrlError: The URL cannot be used.
    """

    def __init__(self, url: str, settings: SharedSettings, clock: Clock) -> None:
        check_url(url)
        self.url = masked(url)
        self.settings = settings
        self._url = url
        self._clock = clock
        self._reads = Line(url, settings.line(settings.call_s, settings.failures), clock, probed=ENTRIES, name=_TASKS)
        self._reads.on_change = self._changed
        # Apart from the look-ups, so that a large entry on its way there holds none of them up.
        self.work = Line(url, settings.line(settings.work_s, 1), clock, probed=ENTRIES, name=_TASKS)
        self.rules = Rules(url, self.work, settings, clock)
        self.writer = Writer(self.work, self.rules, settings, clock)
        self._away = False
        self._hits = self._misses = self._skipped = self._errors = self._broken = 0

    async def start(self, since: str | None = None) -> None:
        """Connect; returns after the first attempt, well or not.

        Args:
            since: `rules_seen` of an earlier run, for a node that holds entries from then. None when it holds none.
        """
        await self._reads.start()
        await self.work.start()
        await self.rules.start(since.encode() if since else None)
        self.writer.start()

    async def stop(self) -> None:
        """Write what waits and disconnect."""
        await self.writer.stop()
        await self.rules.stop()
        await self.work.stop()
        await self._reads.stop()

    @property
    def rules_seen(self) -> str | None:
        """The last rule heard of. Kept by a node whose entries outlive it, and given to its next `start`."""
        return self.rules.last.decode() if self.rules.last else None

    def subscribe(self, on_rule: OnRule) -> None:
        """Hear of every rule, also of this node's own, at least once; before `start`. `on_rule` must not raise."""
        self.rules.subscribe(on_rule)

    async def get(self, key: bytes) -> Entry | None:
        """The entry of a key, or None. Never raises."""
        line = self._reads
        if not line.up:
            self._skipped += 1
            return None
        try:
            kept = await line.call(packed(b"GET", ENTRIES + key))
        except LinkError as error:
            self._errors += 1
            if isinstance(error, RefusedByServerError):
                line.failed(None, str(error))
            return None
        if kept is None:
            self._misses += 1
            return None
        return self._opened(key, kept)

    def put(self, entry: Entry) -> None:
        """Write an entry in the background, or drop it. Never waits, never raises."""
        try:
            value = header(entry.facets, entry.created_s) + pack(entry)
        except ValueError:  # more tags than a header holds; text that is not Unicode
            self.writer.counts["dropped"] += 1
            return
        created_s, digests, _ = split(value)
        if self.rules.mean(created_s, digests):
            self.writer.counts["ruled"] += 1
            return
        self.writer.write(ENTRIES + entry.key, value, entry.expires_s)

    async def remove(self, key: bytes) -> None:
        """Take one entry out, before anything that is put later. Never raises: what is not reached expires."""
        self.writer.forget(ENTRIES + key)
        with suppress(LinkError):
            await self.work.call(packed(b"UNLINK", ENTRIES + key))

    async def purge(self, where: Where) -> int:
        """Take out all entries that are meant, here and in what other nodes hold or are about to write; how many.

        Raises:
            StoreError: It could not be done to the end; what was not reached is still there. Doing it again is safe.
        """
        try:
            await self.rules.make(where)
            return await self._sweep(where, delete=True)
        except LinkError as error:
            self._failed("purged", error)

    async def count(self, where: Where) -> int:
        """How many entries are meant. One may count twice while the server rearranges its memory.

        Raises:
            StoreError: They could not be counted.
        """
        try:
            return await self._sweep(where, delete=False)
        except LinkError as error:
            self._failed("counted", error)

    def feed(self, name: str, most_items: int = 100_000) -> Feed:
        """A feed that all nodes add to and follow; to be started after this store and stopped before it.

        Args:
            name: Its name on the server.
            most_items: About how many of the last items it keeps.
        """
        return Feed(self._url, name, self.work, self.rules, most_items=most_items)

    def usage(self) -> SharedUsage:
        """What happened since the start."""
        return SharedUsage(
            up=self._reads.up,
            reason="" if self._reads.up and not self._errors else self._reads.reason,
            hits=self._hits,
            misses=self._misses,
            skipped=self._skipped,
            errors=self._errors,
            broken=self._broken,
            queued_bytes=self.writer.queued_bytes,
            **self.writer.counts,
        )

    def _opened(self, key: bytes, kept: bytes) -> Entry | None:
        """The entry in what was kept, when it may be served."""
        try:
            entry = unpack(body(kept))
        except BrokenEntryError:
            entry = None
        if entry is None or entry.key != key:
            self._broken += 1
            self.writer.delete(ENTRIES + key)
            return None
        if entry.expires_s <= self._clock.now() or (len(self.rules.book) and self._meant(kept)):
            self._misses += 1
            return None
        self._hits += 1
        return entry

    def _meant(self, kept: bytes) -> bool:
        created_s, digests, _ = split(kept)
        return self.rules.book.means(digests, created_s)

    async def _sweep(self, where: Where, *, delete: bool) -> int:
        meant = wanted(where)
        cursor, found = b"0", 0
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            rest = (b"1" if delete else b"0", cursor, SWEPT, _STEP)
            cursor, count = listed(await SWEEP.run(self.work, [], meant.digests, meant.before, *rest))
            found += int(count)
            if cursor == b"0":
                return found
            # The walk takes half of the server at most.
            await asyncio.sleep(min(loop.time() - began_s, _LONGEST_REST_S))

    def _failed(self, what: str, error: LinkError) -> NoReturn:
        raise StoreError(
            f"The shared cache could not be {what}: {error}. "
            "What is there may still be served by other nodes; try again when it is back."
        ) from error

    def _changed(self) -> None:
        """One line when the server goes, one when it is back."""
        there = self._reads.up
        if there and self._away:
            _log.warning("shared_cache_back", server=self.url)
        elif not there and not self._away:
            reason = self._reads.reason
            _log.error("shared_cache_away", server=self.url, reason=reason, effect="calls go on without it")
        self._away = not there
