"""`semantic.sqlite` opened by one process. Used by one thread."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headworks.cache.index.disk.tables import FILE, LOCK, ROOM, STEPS
from headworks.cache.local.disk.space import Space
from headworks.core.errors import StoreError
from headworks.storage.renewable import Layout, RenewableFile

_CACHE_KIB = 2048


class File(RenewableFile):
    """The file of one process.

    Args:
        data_dir: Where it lies.
        space: How large it may become.
    """

    def __init__(self, data_dir: Path, space: Space) -> None:
        layout = Layout(
            name=FILE, room=ROOM, steps=STEPS, log_bytes=space.log, main_bytes=space.main, cache_kib=_CACHE_KIB
        )
        super().__init__(data_dir, layout, lambda: _locked(data_dir / LOCK), "headworks.cache")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """While no other process opens it or makes it anew; that takes milliseconds."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"The file {path.name} cannot be opened: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
