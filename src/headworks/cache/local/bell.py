"""A number that all workers of a machine see at once: eight bytes of a small file, mapped into each of them.

Looking at it takes a tenth of a microsecond, so every lookup does. It is the number of the last purge; whoever finds
it changed goes and reads what was purged. Changes are made by one process at a time, and only after what they tell of
is on disk. Losing the file loses nothing while no worker runs; while they run it must not be cut short.
"""

import fcntl
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headworks.core.errors import StoreError

FILE = "cache.number"
_BYTES = 8
_LIMIT = 1 << 62
_TRIES, _PAUSE_S = 500, 0.01


class Bell:
    """The number, opened for this process.

    Args:
        data_dir: It lies here, in `cache.number`.

    Raises:
        StoreError: The file cannot be made or mapped.
    """

    def __init__(self, data_dir: Path) -> None:
        try:
            self._file = os.open(data_dir / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _away(error) from error
        try:
            if os.fstat(self._file).st_size != _BYTES:
                os.ftruncate(self._file, _BYTES)
            os.posix_fallocate(self._file, 0, _BYTES)  # a full disk says so here, not at the first access
            self._map = mmap.mmap(self._file, _BYTES)
        except OSError as error:
            os.close(self._file)
            raise _away(error) from error
        self._cells = memoryview(self._map).cast("Q")
        if self._cells[0] >= _LIMIT:  # never written by us
            self._cells[0] = 0

    @property
    def number(self) -> int:
        """The number now."""
        return self._cells[0]

    def ring(self, number: int) -> None:
        """Change it; only inside `locked`."""
        self._cells[0] = number

    @contextmanager
    def locked(self) -> Iterator[None]:
        """While no other process changes it. Runs in threads.

        Raises:
            StoreError: Another one holds it for too long.
        """
        for _ in range(_TRIES):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(_PAUSE_S)
        else:
            raise StoreError(f"Another worker holds {FILE} for too long. Is one of them stopped?")
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        self._cells.release()
        self._map.close()
        os.close(self._file)


def _away(error: OSError) -> StoreError:
    return StoreError(f"{FILE} cannot be used: {error.strerror}. Is the data directory writable?")
