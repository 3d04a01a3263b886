"""`cache.sqlite` opened by one process, once to write and once to read.

That a broken file is made anew is told to all workers as a purge of everything, so none of them goes on with the
deleted file, nor with what they cannot be told to forget. Used by one thread.
"""

from contextlib import suppress
from pathlib import Path

import apsw

from headworks.cache.local.bell import Bell
from headworks.cache.local.disk.notices import last_number, note
from headworks.cache.local.disk.space import Space
from headworks.cache.local.disk.tables import FILE, ROOM, STEPS
from headworks.core.clock import Clock
from headworks.storage.renewable import Layout, RenewableFile
from headworks.storage.sqlite import connect, transaction

READ_BUSY_MS = 5
"""The event loop reads: it rather misses a hit than waits."""
_WRITE_CACHE_KIB, _READ_CACHE_KIB = 4096, 2048


class File(RenewableFile):
    """The file of one process.

    Args:
        data_dir: Where it lies.
        space: How large it may become.
        bell: Rung when it is made anew.
        clock: For the time of that.

    Attributes:
        reader: Connection to read, for another thread; None while it is not open.
    """

    def __init__(self, data_dir: Path, space: Space, bell: Bell, clock: Clock) -> None:
        layout = Layout(
            name=FILE,
            room=ROOM,
            steps=STEPS,
            log_bytes=space.log,
            main_bytes=space.main,
            cache_kib=_WRITE_CACHE_KIB,
        )
        super().__init__(data_dir, layout, bell.locked, "headworks.cache")
        self.reader: apsw.Connection | None = None
        self._bell = bell
        self._clock = clock

    def close(self) -> None:
        """Let go of it."""
        if self.reader is not None:
            with suppress(apsw.Error):  # as for the writer
                self.reader.close()
        self.reader = None
        super().close()

    def _anew(self, reason: Exception) -> apsw.Connection:
        self._delete(reason)
        number = self._bell.number + 1
        self._bell.ring(number)  # what nobody finds an explanation for means everything
        writer = self._opened()
        with transaction(writer):
            note(writer, number, self._clock.now(), None)
        return writer

    def _ready(self, writer: apsw.Connection) -> None:
        self.reader = _reader(self.path)
        if (number := last_number(writer)) > self._bell.number:
            self._bell.ring(number)  # the bell was lost, or its ringer was killed


def _reader(path: Path) -> apsw.Connection:
    db = connect(path)
    db.set_busy_timeout(READ_BUSY_MS)
    db.pragma("cache_size", -_READ_CACHE_KIB)
    db.pragma("cell_size_check", 1)
    db.pragma("query_only", 1)
    return db
