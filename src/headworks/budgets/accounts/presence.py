"""Which processes of this machine are alive: each holds a lock on a file of its own, which the kernel lets go of."""

import fcntl
import os
from pathlib import Path
from uuid import uuid4

FOLDER = "workers"


class Presence:
    """The lock of this process, under a name that no other has had or will have.

    Args:
        data_dir: Where the files lie, in a folder of their own.

    Attributes:
        name: Of this process.
    """

    def __init__(self, data_dir: Path) -> None:
        self.name = uuid4().hex
        self._folder = data_dir / FOLDER
        self._descriptor = -1

    def enter(self) -> None:
        """Be alive from here on; raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(self._folder / self.name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def leave(self) -> None:
        """Be gone; harmless when done twice."""
        if self._descriptor >= 0:
            (self._folder / self.name).unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1

    def is_gone(self, name: str) -> bool:
        """Whether the process of that name has ended."""
        if name == self.name:
            return False
        try:
            descriptor = os.open(self._folder / name, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    def forget(self, name: str) -> None:
        """Tidy up after a process that is gone."""
        (self._folder / name).unlink(missing_ok=True)
