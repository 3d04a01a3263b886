"""Vectors on disk, of all workers of a machine: written in batches, followed by id, purged for good.

Nothing here ever stops a call: what the file refuses is dropped and counted, a file that is away is tried again after a
while, a broken one is made anew. Only a purge says so when it cannot be done. Used by one thread.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import apsw
import structlog
from msgspec import Struct

from headworks.cache.index.disk import statements as sql
from headworks.cache.index.disk.file import File
from headworks.cache.index.disk.row import UNREADABLE, BrokenRowError, Describe, columns, item_of
from headworks.cache.index.memory import Item
from headworks.cache.local.disk.notices import last_number, note, rules_after
from headworks.cache.local.disk.rows import pragma, used_pages
from headworks.cache.local.disk.scrubbing import Scrubbing
from headworks.cache.local.disk.space import space
from headworks.cache.local.disk.tables import condition
from headworks.cache.local.held import Held
from headworks.cache.local.rules import Rule, Rules, meaning_of
from headworks.cache.where import Where
from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.storage.faults import FILE_ERRORS, is_broken
from headworks.storage.renewable import PAGE_BYTES
from headworks.storage.sqlite import transaction

AGAIN_S = 5.0
"""How long a file that cannot be used is left alone."""
TIDY_EVERY_S = 10.0
ROW_BYTES = 700
"""What a row takes beside its data: its columns, and its places in five trees (measured)."""
READ_ROWS, READ_GONE = 64, 1024
"""Read at once: the event loop waits while a thread of Python works."""
_SPARE_PAGES, _VACUUM_PAGES = 1024, 256
_T = TypeVar("_T")
_log = structlog.get_logger("headworks.cache")


class Write(Struct, frozen=True):
    """A vector to be written.

    Attributes:
        item: The vector.
        new: False where only its payload or its vector has changed: then it is only written if it is still there.
        seen: Number of the last purge that was known when it came.
    """

    item: Item
    new: bool
    seen: int = 0


class News(Struct, frozen=True, kw_only=True):
    """What the other workers, and this one, have done since the last look.

    Attributes:
        cleared: Whether all that was known before must be forgotten first.
        gone: Keys that are gone.
        items: Vectors that are new or have changed.
        rules: What was purged: a vector may be in a memory without lying on disk.
        seen: Number of the last purge.
        more: Whether there is more to read.
    """

    cleared: bool = False
    gone: list[bytes] = []
    rules: list[Rule] = []
    seen: int = 0
    items: list[Item] = []
    more: bool = False


class VectorFile:
    """Vectors on disk.

    Args:
        data_dir: Where `semantic.sqlite` lies.
        limit_bytes: What it may take, with its log.
        clock: Says what has expired.
        describe: Reads payloads.
        encoder: Name of the embedding model in use, and length of its vectors; None where none is in use: then nothing
            is found, and nothing may be written.

    Attributes:
        entries: How many rows there are, as last counted.
        evicted: How many left for want of room.
        broken: Broken rows that were found.
        dropped: Vectors that were not written.
        refused: Vectors not written because a purge meant them.
        is_away: Whether the file cannot be used just now.
    """

    def __init__(
        self, data_dir: Path, limit_bytes: int, clock: Clock, describe: Describe, encoder: tuple[str, int] | None
    ) -> None:
        self.entries = self.evicted = self.broken = self.dropped = self.refused = 0
        self.is_away = False
        self._space = space(limit_bytes)
        self._clock = clock
        self._describe = describe
        self._encoder = encoder
        self._dims = encoder[1] if encoder else 0
        self._file = File(data_dir, self._space)
        self._scrubbing = Scrubbing(self._file)
        self._rules = Rules()
        self._new_rules: list[Rule] = []
        self._id = self._last_id = self._last_gone = 0
        self._cleared = False
        self._erase = False
        self._again_s = self._tidy_s = -math.inf

    @property
    def total_bytes(self) -> int:
        """What its files take."""
        return self._file.total_bytes

    @property
    def made_anew(self) -> int:
        """How often the file was broken and was made anew here."""
        return self._file.made_anew

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def write(self, writes: list[Write], removed: list[bytes]) -> list[bytes]:
        """Write and delete; keys of those that must not be known any more."""
        unknown: list[bytes] = []
        for first in range(0, len(writes), self._space.rows):
            part = writes[first : first + self._space.rows]
            done = self._tried(lambda db, part=part: self._store(db, part))  # type: ignore[misc]
            if done is None:
                self.dropped += len(part)
            else:
                unknown += done
        for first in range(0, len(removed), self._space.rows):
            keys = removed[first : first + self._space.rows]
            self._tried(lambda db, keys=keys: self._delete_keys(db, keys))  # type: ignore[misc]
        return unknown

    def follow(self) -> News:
        """What is new."""
        if self._file.writer is not None and self._file.is_replaced():
            self._file.close()
        return self._tried(self._news) or News(cleared=self._take_cleared())

    def older(self, most: int) -> list[Item]:
        """Some vectors that models have made which were in use before, to be written anew."""
        return self._tried(lambda db: self._older(db, most)) or []

    def purge(self, where: Where) -> tuple[list[bytes], bool]:
        """Delete what is meant; the keys, and whether their bytes are gone.

        A file that refuses is made anew without any row.

        Raises:
            StoreError: It can neither be purged nor be made anew, or other workers hold it for too long.
        """
        try:
            keys = self._purge(self._reach(), where)
            self._erase = not self._scrubbing.scrub(self._reach()) if keys else self._erase
        except (StoreError, *FILE_ERRORS) as error:
            if not is_broken(error):
                raise StoreError(f"The vectors on disk could not be purged: {error}. Try again.") from error
            self._opened(self._file.make_anew(error))
            self._cleared, self._erase = True, False
            return [], True
        return keys, not self._erase

    def count(self, where: Where) -> int:
        """How many rows are meant.

        Raises:
            StoreError: The file cannot be read.
        """
        try:
            return sql.count(self._reach(), condition(where))
        except FILE_ERRORS as error:
            self._failed(error)
            raise StoreError(f"The vectors on disk cannot be counted: {error}.") from error

    def tidy(self) -> None:
        """A little housekeeping, now and then: delete what has expired or is too much, give free space back."""
        if self._clock.monotonic() >= self._tidy_s:
            self._tidy_s = self._clock.monotonic() + TIDY_EVERY_S
            self._tried(self._tidy)

    def _store(self, db: apsw.Connection, writes: list[Write]) -> list[bytes]:
        self._make_room(db, sum(len(write.item.payload) + 2 * len(write.item.vector) + ROW_BYTES for write in writes))
        self._file.keep_log_small()
        with transaction(db):
            self._learn(db)
            return [write.item.key for write in writes if not self._store_one(db, write)]

    def _learn(self, db: apsw.Connection) -> None:
        """Know what was purged by now."""
        for rule in rules_after(db, self._rules.number):
            self._rules.add(rule)
            self._new_rules.append(rule)

    def _store_one(self, db: apsw.Connection, write: Write) -> bool:
        """Write one, unless it was purged; then False."""
        item = write.item
        if not write.new and not sql.exists(db, item.key):
            return False
        try:
            about = self._describe(item.payload)
            values = columns(item, about, self._id)
        except UNREADABLE:  # or a facet has half a character, which no table holds
            self.dropped += 1
            return False
        entry = Held(item.key, b"", about.facets, about.created_s, item.expires_s)
        if write.new and (self._rules.refuse(entry, write.seen) or self._rules.refuse(entry, None)):
            self.refused += 1
            return False
        if len(values[-1]) > self._space.entry:
            self.dropped += 1
            return True
        sql.insert(db, values)
        return True

    def _delete_keys(self, db: apsw.Connection, keys: list[bytes]) -> bool:
        with transaction(db):
            for key in keys:
                sql.delete(db, ("key = ?", [key]), 1, self._clock.now())
        return True

    def _news(self, db: apsw.Connection) -> News:
        if sql.first_gone(db) > self._last_gone + 1:  # too long ago
            self._begin_again(db)
        self._learn(db)
        cleared, rules = self._take_cleared(), self._new_rules
        self._new_rules = []
        gone = sql.gone_after(db, self._last_gone, READ_GONE)
        rows = sql.rows_after(db, self._last_id, READ_ROWS)
        items = self._items(db, rows)
        self._last_gone = gone[-1][0] if gone else self._last_gone
        self._last_id = rows[-1][0] if rows else self._last_id
        more = len(gone) == READ_GONE or len(rows) == READ_ROWS
        return News(
            cleared=cleared,
            gone=[key for _, key in gone],
            rules=rules,
            seen=self._rules.number,
            items=items,
            more=more,
        )

    def _items(self, db: apsw.Connection, rows: list[Any]) -> list[Item]:
        """What can be used of some rows. Broken ones are deleted."""
        items: list[Item] = []
        broken: list[int] = []
        now_s, dims = self._clock.now(), self._dims
        for number, *row in rows:
            if row[2] != self._id:
                continue
            try:
                item = item_of(tuple(row), dims)
            except BrokenRowError:
                broken.append(number)
                continue
            if item.expires_s > now_s:
                items.append(item)
        self._delete_broken(db, broken)
        return items

    def _older(self, db: apsw.Connection, most: int) -> list[Item]:
        found: list[Item] = []
        broken: list[int] = []
        for number, dims, *row in sql.rows_of_older(db, self._id, self._clock.now(), most):
            try:
                found.append(item_of(tuple(row), dims))
            except BrokenRowError:
                broken.append(number)
        self._delete_broken(db, broken)
        return found

    def _delete_broken(self, db: apsw.Connection, numbers: list[int]) -> None:
        if numbers:
            self.broken += len(numbers)
            with transaction(db):
                for number in numbers:
                    sql.delete(db, ("id = ?", [number]), 1, self._clock.now())

    def _purge(self, db: apsw.Connection, where: Where) -> list[bytes]:
        with transaction(db):
            note(db, last_number(db) + 1, self._clock.now(), meaning_of(where))
        keys: list[bytes] = []
        while part := self._delete_some(db, condition(where)):
            keys += part
        return keys

    def _delete_some(self, db: apsw.Connection, test: sql.Test) -> list[bytes]:
        with transaction(db):
            keys = sql.delete(db, test, self._space.rows, self._clock.now())
        self._file.keep_log_small()
        return keys

    def _make_room(self, db: apsw.Connection, need: int) -> None:
        while used_pages(db) * PAGE_BYTES + need > self._space.main:
            evicted = len(self._delete_some(db, ("1", [])))
            self.evicted += evicted
            if not evicted:
                break

    def _tidy(self, db: apsw.Connection) -> None:
        with transaction(db):
            sql.delete_expired(db, self._clock.now(), 4 * self._space.rows)
            sql.forget_gone(db, self._clock.now())
        self._make_room(db, 0)
        if pragma(db, "freelist_count") > _SPARE_PAGES:
            db.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
        self._file.keep_log_small()
        if self._erase:
            self._erase = not self._scrubbing.scrub(db)
        self.entries = sql.count(db, ("1", []))

    def _tried(self, work: Callable[[apsw.Connection], _T]) -> _T | None:
        """Do it, if the file can be used; None when it was not done."""
        if self._file.writer is None and self._clock.monotonic() < self._again_s:
            return None
        try:
            return work(self._reach())
        except (StoreError, *FILE_ERRORS) as error:
            self._failed(error)
            return None

    def _reach(self) -> apsw.Connection:
        """The connection.

        Raises:
            StoreError: The file cannot be opened.
        """
        return self._file.writer if self._file.writer is not None else self._opened(self._file.open())

    def _opened(self, db: apsw.Connection) -> apsw.Connection:
        if self._encoder is not None:
            with transaction(db):
                self._id = sql.encoder_of(db, *self._encoder)
        self._rules = Rules()
        self._learn(db)
        self._new_rules = []
        if self.is_away:
            self.is_away = False
            _log.info("semantic_file_back", file=self._file.path.name)
        self._begin_again(db)
        return db

    def _begin_again(self, db: apsw.Connection) -> None:
        """Read everything anew, and let what is known be forgotten first."""
        self._cleared = True
        self._last_id = 0
        self._last_gone = sql.last_gone(db)

    def _take_cleared(self) -> bool:
        cleared, self._cleared = self._cleared, False
        return cleared

    def _failed(self, error: Exception) -> None:
        """What was tried was not done: see to it that the next try has a chance."""
        try:
            if is_broken(error):
                self._opened(self._file.make_anew(error))
                return
        except (StoreError, *FILE_ERRORS) as worse:
            error = worse
        cause = error.__cause__ if isinstance(error, StoreError) else error
        if isinstance(cause, apsw.BusyError):
            return
        self._file.close()
        self._again_s = self._clock.monotonic() + AGAIN_S
        if not self.is_away:
            self.is_away = True
            _log.error("semantic_file_away", file=self._file.path.name, reason=str(error), effect="kept in memory only")
