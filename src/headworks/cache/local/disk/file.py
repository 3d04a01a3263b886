"""`cache.sqlite` opened by one process, once to write and once to read; and made anew when it is broken.

A broken file is deleted, not kept for later: what lies in it could not be purged any more. Making it anew is told to
all workers as a purge of everything, so none of them goes on with the deleted file, nor with what they cannot be told
to forget. Opening and making anew are done by one process at a time. Used by one thread.
"""

import os
from contextlib import suppress
from pathlib import Path

import apsw
import structlog

from headworks.cache.local.bell import Bell
from headworks.cache.local.disk.faults import is_broken
from headworks.cache.local.disk.notices import last_number, note
from headworks.cache.local.disk.space import PAGE_BYTES, Space
from headworks.cache.local.disk.tables import FILE, ROOM, STEPS
from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.storage.sqlite import BUSY_TIMEOUT_MS, connect, migrate, transaction

_CHECKPOINT_BUSY_MS = 200
"""A read takes microseconds; whoever holds the log for longer than this does so for much longer."""
READ_BUSY_MS = 5
"""The event loop reads: it rather misses a hit than waits."""
_WRITE_CACHE_KIB, _READ_CACHE_KIB = 4096, 2048
_log = structlog.get_logger("headworks.cache")


class File:
    """The file of one process.

    Args:
        data_dir: Where it lies.
        space: How large it may become.
        bell: Rung when it is made anew.
        clock: For the time of that.

    Attributes:
        path: Where it lies.
        writer: Connection to write; None while it is not open.
        reader: Connection to read, for another thread; None while it is not open.
        made_anew: How often this process made it anew.
    """

    def __init__(self, data_dir: Path, space: Space, bell: Bell, clock: Clock) -> None:
        self.path = data_dir / FILE
        self.writer: apsw.Connection | None = None
        self.reader: apsw.Connection | None = None
        self.made_anew = 0
        self._space = space
        self._bell = bell
        self._clock = clock
        self._identity: tuple[int, int] | None = None

    def open(self) -> apsw.Connection:
        """Open it, make it when it is missing or broken; the connection to write.

        Raises:
            StoreError: It cannot be opened, nor made.
        """
        with self._bell.locked():
            try:
                return self._opened()
            except StoreError as error:
                if not is_broken(error):
                    raise
                return self._anew(error)

    def make_anew(self, reason: Exception) -> apsw.Connection:
        """Delete it and make it anew; or open the one that another worker has made since it was opened here.

        Raises:
            StoreError: That cannot be done.
        """
        with self._bell.locked():
            if self.is_replaced():
                with suppress(StoreError):
                    return self._opened()
            return self._anew(reason)

    def is_replaced(self) -> bool:
        """Whether another file lies in its place, or none."""
        return self._identity != _identity(self.path)

    def close(self) -> None:
        """Let go of it."""
        for connection in (self.reader, self.writer):
            if connection is not None:
                with suppress(apsw.Error):  # what is wrong with the file is known, or does not matter any more
                    connection.close()
        self.reader = self.writer = self._identity = None

    def checkpoint(self) -> bool:
        """Bring the log into the file and empty it; False while another process is reading from it.

        Raises:
            apsw.Error: The file refuses.
        """
        if self.writer is not None:
            self.writer.set_busy_timeout(_CHECKPOINT_BUSY_MS)
            try:
                self.writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            except (apsw.BusyError, apsw.LockedError):
                return False
            finally:
                self.writer.set_busy_timeout(BUSY_TIMEOUT_MS)
        return self.log_bytes == 0

    def keep_log_small(self) -> None:
        """As `checkpoint`, when the log has used up half of its share."""
        if self.log_bytes > self._space.log // 2:
            self.checkpoint()

    @property
    def log_bytes(self) -> int:
        """Size of the write-ahead log."""
        return _size(self.path.with_name(FILE + "-wal"))

    @property
    def total_bytes(self) -> int:
        """What the file takes, with all that belongs to it."""
        return _size(self.path) + self.log_bytes + _size(self.path.with_name(FILE + "-shm"))

    def _anew(self, reason: Exception) -> apsw.Connection:
        _log.error("cache_file_broken", file=FILE, reason=str(reason), effect="it is made anew, and is empty")
        self.made_anew += 1
        self.close()
        try:
            for suffix in ("-wal", "-shm", ""):  # a log that is left behind would be read into the new file
                self.path.with_name(FILE + suffix).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"The broken file {FILE} cannot be deleted: {error.strerror}.") from error
        number = self._bell.number + 1
        self._bell.ring(number)  # what nobody finds an explanation for means everything
        writer = self._opened()
        with transaction(writer):
            note(writer, number, self._clock.now(), None)
        return writer

    def _opened(self) -> apsw.Connection:
        self.close()
        try:
            self.writer = writer = self._writer()
            self.reader = self._reader()
            if (number := last_number(writer)) > self._bell.number:
                self._bell.ring(number)  # the bell was lost, or its ringer was killed
            self._identity = _identity(self.path)
        except (StoreError, apsw.Error) as error:
            self.close()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"The database {FILE} cannot be used: {error}.") from error
        return writer

    def _writer(self) -> apsw.Connection:
        db = connect(self.path)
        db.pragma("secure_delete", 1)
        db.pragma("cache_size", -_WRITE_CACHE_KIB)
        db.pragma("cell_size_check", 1)
        db.pragma("wal_autocheckpoint", self._space.log // 4 // PAGE_BYTES)
        db.pragma("journal_size_limit", self._space.log // 2)
        db.pragma("max_page_count", self._space.main // PAGE_BYTES)
        migrate(db, ROOM, STEPS)
        return db

    def _reader(self) -> apsw.Connection:
        db = connect(self.path)
        db.set_busy_timeout(READ_BUSY_MS)
        db.pragma("cache_size", -_READ_CACHE_KIB)
        db.pragma("cell_size_check", 1)
        db.pragma("query_only", 1)
        return db


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found: os.stat_result = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
