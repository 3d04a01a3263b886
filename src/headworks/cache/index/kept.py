"""The index as the room sees it: searched in memory, kept on disk, and the same in all workers a moment later.

Every turn, a thread writes what is new here and reads what is new elsewhere; the memory follows, a few vectors at a
time. Vectors of another embedding model stay on disk, unsearched, until they are made anew. Fails open; only a purge
that cannot be done is an error.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from headworks.cache.index.config import IndexSettings
from headworks.cache.index.disk.row import UNREADABLE, About, Describe
from headworks.cache.index.disk.store import News, VectorFile, Write
from headworks.cache.index.growth import divide_crowded
from headworks.cache.index.memory import Found, Item, VectorIndex
from headworks.cache.index.queue import WriteQueue
from headworks.cache.index.renewal import AT_ONCE, Renewal
from headworks.cache.index.rows import Floats
from headworks.cache.local.held import Held
from headworks.cache.local.rules import Rule
from headworks.cache.upkeep.tiers import Gone, Report, TierRow, Troubles
from headworks.cache.where import Where
from headworks.core.clock import Clock
from headworks.embedding.embedder import Embedder

TURN_S = 0.5
"""A kill loses the vectors of this time; what is purged elsewhere is found here for no longer."""
MEMORY, DISK = "semantic", "semantic-disk"
_ADDED, _SCANNED, _SWEPT = 16, 64, 1024
_T = TypeVar("_T")


class SemanticIndex:
    """Satisfies `cache.meaning.parts.KeptIndex`.

    Args:
        data_dir: `semantic.sqlite` lies here.
        settings: Limits.
        embedder: Its `name` and `dims` say which vectors are searched; it makes old ones anew.
        clock: Source of time.
        describe: Reads payloads.
        worker: Name of this process among its siblings; `0` makes old vectors anew.
    """

    def __init__(
        self,
        data_dir: Path,
        settings: IndexSettings,
        embedder: Embedder,
        clock: Clock,
        describe: Describe,
        *,
        worker: str = "0",
    ) -> None:
        self._data_dir = data_dir
        self._settings = settings
        self._embedder = embedder
        self._clock = clock
        self._describe = describe
        self._worker = worker
        self._memory = VectorIndex(embedder.dims, clock, settings.memory_bytes)
        self._queue = WriteQueue()
        self._renewal = Renewal(embedder, describe, clock)
        self._file: VectorFile | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._turning = asyncio.Lock()
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._found = self._seen = 0

    async def start(self) -> None:
        """Begin to read what was kept, in the background. The embedder has been started before."""
        encoder = (self._embedder.name, self._embedder.dims)
        self._file = VectorFile(self._data_dir, self._settings.disk_bytes, self._clock, self._describe, encoder)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"semantic-{self._worker}")
        self._begin("turns", self._turns)

    async def stop(self) -> None:
        """Write what waits, and let go of everything."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._thread is not None:
            await self._turn()
            await self._in_thread(lambda file: file.close())
            self._thread.shutdown()
        self._thread = self._file = None
        self._memory.clear()

    def add(self, partition: bytes, key: bytes, vector: Floats, expires_s: float, payload: bytes) -> None:
        """Keep a vector under the key of its entry, in place of an older one."""
        item = Item(partition, key, vector, expires_s, payload)
        self._memory.add(item)
        self._queue.put(Write(item, new=True, seen=self._seen))

    def search(self, partition: bytes, vector: Floats, k: int) -> list[Found]:
        """The nearest ones of the partition: (key, cosine, payload), nearest first."""
        found = self._memory.search(partition, vector, k)
        self._found += bool(found)
        return found

    def remove(self, key: bytes) -> None:
        """Let go of one, here and elsewhere."""
        self._memory.remove(key)
        self._queue.remove(key)

    def note(self, key: bytes, payload: bytes) -> None:
        """Put another payload in the place of the one of this key, if it is there."""
        if self._memory.note(key, payload) and (item := self._memory.get(key)) is not None:
            self._queue.put(Write(item, new=False))

    async def purge(self, where: Where) -> Gone:
        """Let go of all that is meant: here and on disk when this returns, in other workers within a turn.

        Raises:
            StoreError: The file could not be purged.
        """
        async with self._turning:
            gone = await self._forget(lambda _, about: where.means(about.facets, about.created_s))
            if self._file is None:
                return Gone(counts={MEMORY: gone})
            keys, erased = await self._in_thread(lambda file: file.purge(where))
            gone += sum(map(self._memory.remove, keys))
            return Gone(counts={MEMORY: gone, DISK: len(keys)}, erased=erased)

    async def count(self, where: Where) -> dict[str, int]:
        """How many are meant, in memory and on disk.

        Raises:
            StoreError: The file cannot be read.
        """
        await self.turn()
        meant = await self._meant(lambda _, about: where.means(about.facets, about.created_s))
        counts = {MEMORY: len(meant)}
        if self._file is not None:
            counts[DISK] = await self._in_thread(lambda file: file.count(where))
        return counts

    def report(self) -> Report:
        """What there is, and what was done."""
        memory = TierRow(
            entries=len(self._memory),
            bytes=self._memory.bytes,
            limit_bytes=self._settings.memory_bytes,
            hits=self._found,
            evicted=self._memory.evicted,
        )
        file = self._file
        if file is None:
            return Report(tiers={MEMORY: memory})
        disk = TierRow(
            entries=file.entries,
            bytes=file.total_bytes,
            limit_bytes=self._settings.disk_bytes,
            evicted=file.evicted,
            common=True,
            up=not file.is_away,
        )
        troubles = Troubles(broken=file.broken, dropped=self._queue.dropped + file.dropped, refused=file.refused)
        return Report(tiers={MEMORY: memory, DISK: disk}, troubles=troubles)

    async def turn(self) -> bool:
        """Write what waits, follow what is new; True when there is more to follow."""
        more = False
        if self._file is not None:
            more = await self._turn()
            if self._memory.crowded() is not None:
                self._begin("divide", lambda: divide_crowded(self._memory))
            if not more and self._worker == "0" and self._renewal.wanted:
                self._begin("renew", self._renew)
        return more

    async def idle(self) -> None:
        """Return when nothing is to be done in the background: all is written, read, divided and made anew."""
        while True:
            more = await self.turn()
            rest = [task for name, task in self._tasks.items() if name != "turns"]
            if rest:
                await asyncio.wait(rest)
            elif not more:
                return

    async def _turns(self) -> None:
        while True:
            if not await self.turn():
                await asyncio.sleep(TURN_S)

    async def _turn(self) -> bool:
        async with self._turning:
            writes, removed = self._queue.take()
            unknown, news = await self._in_thread(partial(_work, writes, removed))
            for key in unknown:
                if key not in self._queue:
                    self._memory.remove(key)
            await self._follow(news)
            self._memory.sweep(_SWEPT)
            return news.more

    async def _follow(self, news: News) -> None:
        """Know what is new. What waits to be written is newer than what was read."""
        if news.cleared:
            self._memory.clear()
            for write in self._queue.writes():
                self._memory.add(write.item)
        self._seen = news.seen if news.cleared else max(self._seen, news.seen)
        for rule in news.rules:
            await self._forget(partial(self._ruled, rule))
        for key in news.gone:
            if key not in self._queue:
                self._memory.remove(key)
        for number, item in enumerate(news.items):
            if item.key not in self._queue and not self._memory.has(item):
                self._memory.add(item)
            if number % _ADDED == _ADDED - 1:
                await asyncio.sleep(0)  # calls go first

    async def _renew(self) -> None:
        older = await self._in_thread(lambda file: file.older(AT_ONCE))
        renewed = await self._renewal.renew(older)
        await self._in_thread(lambda file: file.write(renewed.writes, renewed.lost))

    def _ruled(self, rule: Rule, key: bytes, about: About) -> bool:
        """Whether a rule means a vector that was there before it."""
        return about.created_s <= rule.at_s and rule.means(Held(key, b"", about.facets, about.created_s, 0.0))

    async def _forget(self, test: Callable[[bytes, About], bool]) -> int:
        """Let go of what passes a test, in memory and among what waits; how many were in memory."""
        for write in self._queue.writes():
            if self._passes(test, write.item.key, write.item.payload):
                self._queue.discard(write.item.key)
        return sum(map(self._memory.remove, await self._meant(test)))

    async def _meant(self, test: Callable[[bytes, About], bool]) -> list[bytes]:
        """Keys of what passes a test, in memory."""
        found: list[bytes] = []
        for number, key in enumerate(self._memory.keys()):
            payload = self._memory.payload(key)
            if payload is not None and self._passes(test, key, payload):
                found.append(key)
            if number % _SCANNED == _SCANNED - 1:
                await asyncio.sleep(0)  # calls go first
        return found

    def _passes(self, test: Callable[[bytes, About], bool], key: bytes, payload: bytes) -> bool:
        try:
            about = self._describe(payload)
        except UNREADABLE:  # nobody knows whose it is
            return True
        return test(key, about)

    def _begin(self, name: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Do something in the background, unless it is being done."""
        if name not in self._tasks:
            task = self._tasks[name] = asyncio.get_running_loop().create_task(work())
            task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def _in_thread(self, work: Callable[[VectorFile], _T]) -> _T:
        assert self._file is not None
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._file)


def _work(writes: list[Write], removed: list[bytes], file: VectorFile) -> tuple[list[bytes], News]:
    unknown = file.write(writes, removed)
    file.tidy()
    return unknown, file.follow()
