"""`semantic.sqlite` opened by one process, and made anew when it is broken.

A broken file is deleted, not kept for later: it holds questions, and they could not be purged any more. Opening and
making anew are done by one process at a time; the others see that another file lies in its place. Used by one thread.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw
import structlog

from headworks.cache.index.disk.tables import FILE, LOCK, ROOM, STEPS
from headworks.cache.local.disk.faults import is_broken
from headworks.cache.local.disk.space import PAGE_BYTES, Space
from headworks.core.errors import StoreError
from headworks.storage.sqlite import connect, migrate

_CACHE_KIB = 2048
_log = structlog.get_logger("headworks.cache")


class File:
    """The file of one process.

    Args:
        data_dir: Where it lies.
        space: How large it may become.

    Attributes:
        path: Where it lies.
        db: The connection; None while it is not open.
        made_anew: How often this process made it anew.
    """

    def __init__(self, data_dir: Path, space: Space) -> None:
        self.path = data_dir / FILE
        self.db: apsw.Connection | None = None
        self.made_anew = 0
        self._space = space
        self._identity: tuple[int, int] | None = None

    def open(self) -> apsw.Connection:
        """Open it, make it when it is missing or broken.

        Raises:
            StoreError: It cannot be opened, nor made.
        """
        with self._locked():
            try:
                return self._opened()
            except StoreError as error:
                if not is_broken(error):
                    raise
                return self._anew(error)

    def make_anew(self, reason: Exception) -> apsw.Connection:
        """Delete it and make it anew, unless another worker has done so since it was opened here.

        Raises:
            StoreError: That cannot be done.
        """
        with self._locked():
            if self._identity is not None and self.is_replaced():
                return self._opened()
            return self._anew(reason)

    def is_replaced(self) -> bool:
        """Whether another file lies in its place, or none."""
        return self._identity != _identity(self.path)

    def close(self) -> None:
        """Let go of it."""
        if self.db is not None:
            with suppress(apsw.Error):  # what is wrong with the file is known, or does not matter any more
                self.db.close()
        self.db = self._identity = None

    def checkpoint(self) -> bool:
        """Bring the log into the file and empty it; False while another process is reading from it.

        Raises:
            apsw.Error: The file refuses.
        """
        if self.db is not None:
            with suppress(apsw.BusyError, apsw.LockedError):
                self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
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
        _log.error("semantic_file_broken", file=FILE, reason=str(reason), effect="it is made anew, and is empty")
        self.made_anew += 1
        self.close()
        try:
            for suffix in ("-wal", "-shm", ""):  # a log that is left behind would be read into the new file
                self.path.with_name(FILE + suffix).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"The broken file {FILE} cannot be deleted: {error.strerror}.") from error
        return self._opened()

    def _opened(self) -> apsw.Connection:
        self.close()
        db = connect(self.path)
        try:
            db.pragma("secure_delete", 1)
            db.pragma("cache_size", -_CACHE_KIB)
            db.pragma("cell_size_check", 1)
            db.pragma("wal_autocheckpoint", self._space.log // 4 // PAGE_BYTES)
            db.pragma("journal_size_limit", self._space.log // 2)
            db.pragma("max_page_count", self._space.main // PAGE_BYTES)
            migrate(db, ROOM, STEPS)
        except (StoreError, apsw.Error) as error:
            with suppress(apsw.Error):
                db.close()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"The database {FILE} cannot be used: {error}.") from error
        self.db = db
        self._identity = _identity(self.path)
        return db

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """While no other process opens it or makes it anew; that takes milliseconds."""
        try:
            lock = os.open(self.path.with_name(LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"The file {LOCK} cannot be opened: {error.strerror}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


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
