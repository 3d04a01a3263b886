"""A database file that is made anew when it is broken: it holds nothing that could not be lost.

A broken file is deleted, not kept for later: what lies in it could not be purged any more. What is deleted in it is
overwritten. Opening and making anew are done by one process at a time; the others see that another file lies in its
place. Used by one thread.
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import apsw
import structlog
from msgspec import Struct

from headworks.core.errors import StoreError
from headworks.storage.faults import is_broken
from headworks.storage.sqlite import BUSY_TIMEOUT_MS, connect, migrate

PAGE_BYTES = 4096
_CHECKPOINT_BUSY_MS = 200
"""A read takes microseconds; whoever holds the log for longer than this does so for much longer."""
Lock = Callable[[], AbstractContextManager[None]]
"""Held by one process at a time; raises `StoreError` when it cannot be had."""


class Layout(Struct, frozen=True, kw_only=True):
    """What is in a file, and how large it may become.

    Attributes:
        name: Of the file.
        room: Whose tables they are.
        steps: Makes them, as for `migrate`.
        log_bytes: Share of the write-ahead log.
        main_bytes: Share of the file itself.
        cache_kib: Memory for its pages.
    """

    name: str
    room: str
    steps: tuple[str, ...]
    log_bytes: int
    main_bytes: int
    cache_kib: int


class RenewableFile:
    """The file of one process.

    Args:
        folder: Where it lies.
        layout: What is in it.
        locked: The lock for opening it and making it anew.
        logger: Where a broken file is told of, as `ROOM_file_broken`.

    Attributes:
        path: Where it lies.
        writer: The connection; None while it is not open.
        made_anew: How often this process made it anew.
    """

    def __init__(self, folder: Path, layout: Layout, locked: Lock, logger: str) -> None:
        self.path = folder / layout.name
        self.writer: apsw.Connection | None = None
        self.made_anew = 0
        self._layout = layout
        self._locked = locked
        self._log = structlog.get_logger(logger)
        self._identity: tuple[int, int] | None = None

    def open(self) -> apsw.Connection:
        """Open it, make it when it is missing or broken; the connection to write.

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
        """Delete it and make it anew; or open the one that another worker has made since it was opened here.

        Raises:
            StoreError: That cannot be done.
        """
        with self._locked():
            if self.is_replaced():
                with suppress(StoreError):
                    return self._opened()
            return self._anew(reason)

    def is_replaced(self) -> bool:
        """Whether another file lies in its place, or none."""
        return self._identity != _identity(self.path)

    def close(self) -> None:
        """Let go of it."""
        if self.writer is not None:
            with suppress(apsw.Error):  # what is wrong with the file is known, or does not matter any more
                self.writer.close()
        self.writer = self._identity = None

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
        if self.log_bytes > self._layout.log_bytes // 2:
            self.checkpoint()

    @property
    def log_bytes(self) -> int:
        """Size of the write-ahead log."""
        return _size(self._beside("-wal"))

    @property
    def total_bytes(self) -> int:
        """What the file takes, with all that belongs to it."""
        return _size(self.path) + self.log_bytes + _size(self._beside("-shm"))

    def _ready(self, writer: apsw.Connection) -> None:
        """Called when it has been opened, before it is used; what it raises says that it is not open."""

    def _anew(self, reason: Exception) -> apsw.Connection:
        self._delete(reason)
        return self._opened()

    def _delete(self, reason: Exception) -> None:
        name = self._layout.name
        self._log.error(
            f"{self._layout.room}_file_broken", file=name, reason=str(reason), effect="it is made anew, and is empty"
        )
        self.made_anew += 1
        self.close()
        try:
            for suffix in ("-wal", "-shm", ""):  # a log that is left behind would be read into the new file
                self._beside(suffix).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"The broken file {name} cannot be deleted: {error.strerror}.") from error

    def _opened(self) -> apsw.Connection:
        self.close()
        try:
            self.writer = writer = connect(self.path)
            self._prepare(writer)
            self._ready(writer)
            self._identity = _identity(self.path)
        except (StoreError, apsw.Error) as error:
            self.close()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"The database {self._layout.name} cannot be used: {error}.") from error
        return writer

    def _prepare(self, db: apsw.Connection) -> None:
        layout = self._layout
        db.pragma("secure_delete", 1)
        db.pragma("cache_size", -layout.cache_kib)
        db.pragma("cell_size_check", 1)
        db.pragma("wal_autocheckpoint", layout.log_bytes // 4 // PAGE_BYTES)
        db.pragma("journal_size_limit", layout.log_bytes // 2)
        db.pragma("max_page_count", layout.main_bytes // PAGE_BYTES)
        migrate(db, layout.room, layout.steps)

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self._layout.name + suffix)


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
