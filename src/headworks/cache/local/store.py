"""Both tiers of this machine behind one face: memory first, then the disk, for lookups that never wait.

Every lookup and every write first looks at the bell: what another worker has purged leaves this one's memory before
anything is found in it. Fails open; only a purge that cannot be done is an error.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from headworks.cache.entries import BrokenEntryError, Entry, unpack
from headworks.cache.local.bell import Bell
from headworks.cache.local.config import LocalSettings
from headworks.cache.local.disk import Disk
from headworks.cache.local.disk.tables import condition
from headworks.cache.local.held import Held, held
from headworks.cache.local.memory import Memory
from headworks.cache.local.queue import Waiting, WriteQueue
from headworks.cache.local.rules import Meaning, Rule, Rules, meaning_of
from headworks.cache.local.usage import Purged, TierUsage, Usage
from headworks.cache.where import Where
from headworks.core.clock import Clock

TURN_S = 0.25
"""A kill loses the answers of this time, and what the thread had not written yet."""
_MOST_USED = 4096
_USED_TURNS = 120
"""So many turns pass until it is written down what was used: once in 30 s for an answer that is used all the time."""
_T = TypeVar("_T")


class LocalStore:
    """Answers kept by this process and by the workers beside it.

    Args:
        data_dir: The disk tier lies here.
        settings: Limits.
        clock: Source of time.
        worker: Name of this process among its siblings.
    """

    def __init__(self, data_dir: Path, settings: LocalSettings, clock: Clock, *, worker: str = "0") -> None:
        self._settings = settings
        self._clock = clock
        self._bell = Bell(data_dir)
        self._rules = Rules(self._bell.number)
        self._memory = Memory(settings.memory_bytes, clock)
        self._disk = Disk(data_dir, settings.disk_bytes, clock, self._bell)
        self._queue = WriteQueue()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"cache-{worker}")
        self._working: asyncio.Future[int] | None = None
        self._next: asyncio.TimerHandle | None = None
        self._used: set[bytes] = set()
        self._turns = 0
        self._hits = [0, 0]
        self._broken = self._dropped = self._refused = 0

    async def start(self) -> None:
        """Open the file, and begin to write. A file that cannot be opened is tried again later."""
        await self._in_thread(self._disk.open)
        self._learn()
        self._recall()
        self._arm()

    async def stop(self) -> None:
        """Write what waits, and let go of the files."""
        if self._next is not None:
            self._next.cancel()
        self._turns = -1
        await self.flush()
        await self._in_thread(self._disk.close)
        self._thread.shutdown()
        self._bell.close()

    def get(self, key: bytes) -> Entry | None:
        """The entry of this key; None when there is none, it has expired, or it is broken."""
        if self._bell.number != self._rules.number:
            self._learn()
        found = self._memory.get(key)
        if found is None:
            return self._from_disk(key)
        try:
            entry = unpack(found.data)
        except BrokenEntryError:
            self._broken += 1
            self._memory.remove(key)
            return None
        self._hits[0] += 1
        if len(self._used) < _MOST_USED:
            self._used.add(key)
        return entry

    def mark(self) -> int:
        """To be taken when a question is asked, for `put`: what is purged from now on means its answer, too."""
        if self._bell.number != self._rules.number:
            self._learn()
        return self._rules.number

    def put(self, entry: Entry, seen: int) -> bool:
        """Keep an entry: in memory now, on disk soon. False when it is not kept: a purge means it.

        Args:
            entry: The entry.
            seen: The mark of its question. An entry that was purged since then is not kept.
        """
        if self._bell.number != self._rules.number:
            self._learn()
        try:
            kept = held(entry)
        except UnicodeEncodeError:  # half a character, which no tier can hold
            self._dropped += 1
            return False
        if self._rules.refuse(kept, seen):
            self._refused += 1
            return False
        self._memory.put(kept)
        if self._settings.disk_bytes:
            self._write_soon(kept)
        return True

    async def remove(self, key: bytes) -> None:
        """Let go of one entry, in all workers.

        Raises:
            StoreError: The other workers cannot be told.
        """
        self._forget(lambda entry: entry.key == key)
        await self._in_thread(partial(self._disk.purge, Meaning(key), ("key = ?", [key]), erase=False))
        self._learn()

    async def purge(self, where: Where, *, erase: bool = True) -> Purged:
        """Let go of all entries that are meant, in all workers; when this returns, none of them is served any more.

        Args:
            where: What is meant.
            erase: Also overwrite what the file holds of deleted rows: about 2 s for a file of 1 GiB.

        Raises:
            StoreError: The file can neither be purged nor be made anew: other workers may still hold such entries.
        """
        before = len(self._memory)
        self._forget(lambda entry: where.means(entry.facets, entry.created_s))
        count = before - len(self._memory)
        work = partial(self._disk.purge, meaning_of(where), condition(where), erase=erase)
        disk, erased = await self._in_thread(work)
        return Purged(memory=count + self._learn(), disk=disk, erased=erased)

    async def count(self, where: Where) -> dict[str, int]:
        """How many entries each tier holds that are meant; an entry may be in both.

        Raises:
            StoreError: The disk tier cannot be read.
        """
        await self.flush()
        disk = await self._in_thread(partial(self._disk.count, condition(where)))
        return {"memory": self._memory.count(where), "disk": disk}

    async def flush(self) -> None:
        """Return when what waits now is on disk, or was dropped."""
        await self._idle()
        self.turn()
        await self._idle()

    def usage(self) -> Usage:
        """What there is, and what was done."""
        memory = TierUsage(
            entries=len(self._memory),
            bytes=self._memory.bytes,
            limit_bytes=self._settings.memory_bytes,
            hits=self._hits[0],
            evicted=self._memory.evicted,
        )
        disk = TierUsage(
            entries=self._disk.entries,
            bytes=self._disk.total_bytes,
            limit_bytes=self._settings.disk_bytes,
            hits=self._hits[1],
            evicted=self._disk.evicted,
        )
        return Usage(
            memory=memory,
            disk=disk,
            broken=self._broken + self._disk.reading.broken,
            dropped=self._dropped + self._queue.dropped,
            refused=self._refused + self._disk.refused,
            made_anew=self._disk.made_anew,
            waiting_bytes=self._queue.bytes,
            disk_away=self._disk.is_away,
        )

    def turn(self) -> None:
        """One turn: forget what was purged elsewhere or has expired, hand over to the thread unless it is busy."""
        if self._bell.number != self._rules.number:
            self._learn()
        self._memory.sweep()
        if self._working is None:
            self._turns += 1
            used: list[bytes] = []
            if self._turns % _USED_TURNS == 0:
                used, self._used = list(self._used), set()
            self._hand_over(self._queue.take(), used)

    def _from_disk(self, key: bytes) -> Entry | None:
        if not self._settings.disk_bytes:
            return None
        found = self._disk.reading.get(key, self._clock.now())
        if found is None:
            return None
        entry, kept = found
        self._hits[1] += 1
        if len(self._used) < _MOST_USED:
            self._used.add(key)
        self._memory.put(kept)
        return entry

    def _write_soon(self, kept: Held) -> None:
        if self._disk.is_away:
            self._dropped += 1
        else:
            self._queue.put(kept, self._rules.number)

    def _learn(self) -> int:
        """Forget what was purged since the last look; how many entries of memory that was."""
        number, before = self._bell.number, len(self._memory)
        if number == self._rules.number:
            return 0
        rules = self._disk.reading.rules(self._rules.number, number)
        if not rules or rules[-1].number != number:  # they lie in a file that is gone or away
            rules = [Rule(number, self._clock.now(), None)]
        for rule in rules:
            self._rules.add(rule)
            self._forget(rule.test())
        return before - len(self._memory)

    def _recall(self) -> None:
        """Know the rules that were made before this process came."""
        rules = Rules()
        for rule in self._disk.reading.rules(0, self._rules.number):
            rules.add(rule)
        rules.number = self._rules.number
        self._rules = rules

    def _forget(self, meant: Callable[[Held], bool]) -> None:
        self._memory.discard(meant)
        self._queue.discard(meant)

    async def _idle(self) -> None:
        while self._working is not None:
            await asyncio.wait([self._working])

    def _arm(self) -> None:
        self._next = asyncio.get_running_loop().call_later(TURN_S, self._tick)

    def _tick(self) -> None:
        self._arm()
        self.turn()

    def _hand_over(self, batch: list[Waiting], used: list[bytes]) -> None:
        self._working = asyncio.get_running_loop().run_in_executor(self._thread, self._work, batch, used)
        self._working.add_done_callback(self._handed_over)

    def _work(self, batch: list[Waiting], used: list[bytes]) -> int:
        dropped = self._disk.write(batch, used)
        self._disk.turn()
        return dropped

    def _handed_over(self, done: "asyncio.Future[int]") -> None:
        self._working = None
        self._dropped += done.result()

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
