"""The tier on disk: one file for all workers of a machine, read at once, written in batches by a thread.

Nothing here ever stops a call: what the file refuses is dropped and counted, a file that is away is tried again after a
while, a broken one is made anew. Only a purge says so when it cannot be done.

`reading` and `doomed` keys are the event loop's; every other method is called by one thread.
"""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import apsw
import structlog

from headworks.cache.local.bell import Bell
from headworks.cache.local.disk import rows
from headworks.cache.local.disk.file import File
from headworks.cache.local.disk.notices import rules_after
from headworks.cache.local.disk.purging import Purging, Test
from headworks.cache.local.disk.reading import Reading
from headworks.cache.local.disk.scrubbing import Scrubbing
from headworks.cache.local.disk.space import ROW_BYTES, space
from headworks.cache.local.queue import Waiting
from headworks.cache.local.rules import Meaning
from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.storage.faults import FILE_ERRORS, is_broken
from headworks.storage.renewable import PAGE_BYTES
from headworks.storage.sqlite import transaction

AGAIN_S = 5.0
"""How long a file that cannot be used is left alone."""
COUNT_EVERY_S = 10.0
_TURN_S = 0.05
_SPARE_PAGES = 1024
_log = structlog.get_logger("headworks.cache")


class Disk:
    """Answers on disk.

    Args:
        data_dir: Where `cache.sqlite` lies.
        limit_bytes: What it may take, with its log; 0 keeps no answers, and only passes purges on.
        clock: Says what has expired.
        bell: The number of the last purge.

    Attributes:
        reading: Its reading side.
        evicted: How many entries left for want of room.
        refused: Writes refused because a purge meant them.
        entries: How many entries there are, as last counted.
        is_away: Whether the file cannot be used just now.
    """

    def __init__(self, data_dir: Path, limit_bytes: int, clock: Clock, bell: Bell) -> None:
        self.reading = Reading()
        self.evicted = 0
        self.refused = 0
        self.entries = 0
        self.is_away = False
        self._space = space(limit_bytes)
        self._clock = clock
        self._file = File(data_dir, self._space, bell, clock)
        self._scrubbing = Scrubbing(self._file)
        self._purging = Purging(self._file, self._space, bell, clock)
        self._again_s = self._count_s = -math.inf
        self._log_due = self._erase_due = False

    @property
    def total_bytes(self) -> int:
        """What its files take."""
        return self._file.total_bytes

    @property
    def made_anew(self) -> int:
        """How often the file was broken and was made anew here."""
        return self._file.made_anew

    def open(self) -> None:
        """Open the file now rather than at the first use."""
        self._tried(lambda _: None)

    def close(self) -> None:
        """Let go of the file."""
        self.reading.db = None
        self._file.close()

    def write(self, batch: list[Waiting], used: list[bytes]) -> int:
        """Store answers, note which were used; how many had to be dropped."""
        dropped = 0
        for part in self._parts(batch):
            dropped += 0 if self._tried(partial(self._store, part)) else len(part)
        if used:
            self._tried(partial(self._touch, used))
        return dropped

    def turn(self) -> None:
        """A little housekeeping: delete what has expired, is broken or too much, give free space back."""
        if self._file.writer is not None and self._file.is_replaced():
            self.close()
        if self.reading.trouble is not None:
            trouble, self.reading.trouble = self.reading.trouble, None
            self._failed(trouble)
        self._tried(self._tidy)

    def purge(self, meaning: Meaning, test: Test, *, erase: bool) -> tuple[int, bool]:
        """Delete what is meant and tell all workers; how many entries it was, and whether their bytes are gone.

        A file that refuses is made anew without any entry.

        Raises:
            StoreError: It can neither be purged nor be made anew, or other workers hold it for too long.
        """
        try:
            return self._purged(meaning, test, erase=erase)
        except (StoreError, *FILE_ERRORS) as error:
            if _is(error, apsw.BusyError) or (isinstance(error, StoreError) and error.__cause__ is None):
                raise StoreError(f"The cached answers on disk could not be purged: {error}. Try again.") from error
            made_anew, entries = self.made_anew, self.entries
            self._make_anew(error)
        try:  # also in a new file: others may have written to it already
            count, erased = self._purged(meaning, test, erase=erase)
        except FILE_ERRORS as error:
            raise StoreError(f"The cached answers on disk could not be purged: {error}.") from error
        return count + (entries if self.made_anew > made_anew else 0), erased

    def count(self, test: Test) -> int:
        """How many entries are meant.

        Raises:
            StoreError: The file cannot be read.
        """
        try:
            return rows.count(self._reach(now=True), test)
        except FILE_ERRORS as error:
            self._failed(error)
            raise StoreError(f"The cached answers on disk cannot be counted: {error}.") from error

    def _store(self, part: list[Waiting], db: apsw.Connection) -> None:
        entries = [rows.compressed(waiting.entry) for waiting in part]
        entries = [stored for stored in entries if len(stored[2]) <= self._space.entry]
        self._make_room(db, sum(len(data) + ROW_BYTES for _, _, data in entries))
        self._file.keep_log_small()
        if self._file.log_bytes > self._space.log // 2:
            raise apsw.BusyError("a reader holds the log, and it is full")
        seen = {waiting.entry.key: waiting.seen for waiting in part}
        with transaction(db):
            rules = rules_after(db, min(seen.values()))
            kept = [
                stored
                for stored in entries
                if not any(rule.number > seen[stored[0].key] and rule.means(stored[0]) for rule in rules)
            ]
            if kept:
                rows.insert(db, kept)
        self.refused += len(entries) - len(kept)

    def _touch(self, keys: list[bytes], db: apsw.Connection) -> None:
        for first in range(0, len(keys), self._space.rows):
            with transaction(db):
                rows.touch(db, keys[first : first + self._space.rows])
            self._file.keep_log_small()

    def _purged(self, meaning: Meaning, test: Test, *, erase: bool) -> tuple[int, bool]:
        db = self._reach(now=True)
        self._make_room(db, self._space.step)
        count = self._purging.purge(db, meaning, test)
        if erase:
            self._erase_due = not self._scrub(db)
        self._count_s = -math.inf
        return count, not self._erase_due

    def _scrub(self, db: apsw.Connection) -> bool:
        """Overwrite what is left of deleted entries, and forget the pages in memory that still have it."""
        try:
            if not self._scrubbing.scrub(db):
                return False
        except (StoreError, apsw.BusyError) as error:
            if _is(error, apsw.BusyError):
                return False
            raise
        db.release_memory()
        return True

    def _parts(self, batch: list[Waiting]) -> list[list[Waiting]]:
        """The batch in portions for one transaction each."""
        parts: list[list[Waiting]] = []
        size = self._space.step
        for waiting in batch:
            size += len(waiting.entry.data)
            if size > self._space.step or len(parts[-1]) >= self._space.rows:
                parts.append([])
                size = len(waiting.entry.data)
            parts[-1].append(waiting)
        return parts

    def _make_room(self, db: apsw.Connection, need: int) -> None:
        while rows.used_pages(db) * PAGE_BYTES + need > self._space.main and self._evict(db):
            pass

    def _evict(self, db: apsw.Connection) -> int:
        count = self._delete(db, rows.least_used(db, self._space))
        self.evicted += count
        return count

    def _delete(self, db: apsw.Connection, ids: list[int]) -> int:
        if ids:
            with transaction(db):
                rows.delete(db, ids)
            self._file.keep_log_small()
        return len(ids)

    def _tidy(self, db: apsw.Connection) -> None:
        begun_s = self._clock.monotonic()
        doomed, self.reading.doomed = self.reading.doomed, []
        if doomed:
            with transaction(db):
                rows.delete_keys(db, doomed)
        while self._clean(db) and self._clock.monotonic() - begun_s < _TURN_S:
            pass
        if self._erase_due:
            self._erase_due = not self._scrub(db)
        if self._log_due:
            self._log_due = not self._file.checkpoint()
        if begun_s >= self._count_s:
            self._count_s = begun_s + COUNT_EVERY_S
            self.entries = rows.count(db, ("1", []))

    def _clean(self, db: apsw.Connection) -> bool:
        """One step; False when there is nothing to do."""
        if self._delete(db, rows.expired(db, self._clock.now(), self._space)):
            return True
        over = rows.used_pages(db) * PAGE_BYTES > self._space.main
        if (over or not self._space.total) and self._evict(db):
            return True
        return self._vacuum(db)

    def _vacuum(self, db: apsw.Connection) -> bool:
        free = rows.pragma(db, "freelist_count")
        most = self._space.main // PAGE_BYTES
        too_large = rows.pragma(db, "page_count") > most
        if free < _SPARE_PAGES and not (free and too_large):
            return False  # new entries will fill them
        db.execute(f"PRAGMA incremental_vacuum({self._space.step // PAGE_BYTES})").fetchall()
        self._file.keep_log_small()
        self._log_due = True  # only then does the file become shorter
        if too_large:
            db.pragma("max_page_count", most)
        return True

    def _tried(self, work: Callable[[apsw.Connection], None]) -> bool:
        """Do it, if the file can be used; False when it was not done."""
        if self._file.writer is None and self._clock.monotonic() < self._again_s:
            return False
        try:
            work(self._reach())
        except (StoreError, *FILE_ERRORS) as error:
            self._failed(error)
            return False
        return True

    def _reach(self, *, now: bool = False) -> apsw.Connection:
        """The connection to write.

        Raises:
            StoreError: The file cannot be opened.
        """
        if self._file.writer is None:
            return self._opened(self._file.open())
        if now and self._file.is_replaced():
            self.close()
            return self._opened(self._file.open())
        return self._file.writer

    def _opened(self, db: apsw.Connection) -> apsw.Connection:
        if self.is_away:
            self.is_away = False
            _log.info("cache_file_back", file=self._file.path.name)
        self.reading.trouble = None
        self.reading.db = self._file.reader
        self._count_s = -math.inf
        return db

    def _make_anew(self, error: Exception) -> None:
        self.reading.db = None
        self._opened(self._file.make_anew(error))
        self._log_due = self._erase_due = False

    def _failed(self, error: Exception) -> None:
        """What was tried was not done: see to it that the next try has a chance."""
        try:
            if is_broken(error):
                self._make_anew(error)
                return
            if _is(error, apsw.FullError) and self._file.writer is not None and self._evict(self._file.writer):
                return
        except (StoreError, *FILE_ERRORS) as worse:
            error = worse
        if not _is(error, apsw.BusyError):
            self._leave(error)

    def _leave(self, error: Exception) -> None:
        self.close()
        self._again_s = self._clock.monotonic() + AGAIN_S
        if not self.is_away:
            self.is_away = True
            _log.error(
                "cache_file_away", file=self._file.path.name, reason=str(error), effect="answers are not kept on disk"
            )


def _is(error: BaseException, kind: type[apsw.Error]) -> bool:
    return isinstance(error.__cause__ if isinstance(error, StoreError) else error, kind)
