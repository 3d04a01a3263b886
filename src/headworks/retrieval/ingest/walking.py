"""Find the files that a path, a folder or a pattern means. Symbolic links are followed, but nothing is visited twice.

Hidden files and folders are left out, unless they are named themselves.
"""

import glob
import os
import stat

from msgspec import Struct, field

from headworks.retrieval.ingest.report import Trouble
from headworks.retrieval.reading.kinds import kind_of


class Candidate(Struct, frozen=True):
    """A file to read.

    Attributes:
        name: Under which it is known: its path, unless it was uploaded.
        path: Absolute.
        kind: Name of its reader.
        bytes: Its size.
        stamp: Time of its last change, nanoseconds.
    """

    name: str
    path: str
    kind: str
    bytes: int
    stamp: int = 0


class Walked(Struct):
    """What was found under a root.

    Attributes:
        files: To read, in order of their names.
        troubles: What could not be looked at. Files below are not gone.
        others: Files of kinds that nobody reads.
    """

    files: list[Candidate] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    others: int = 0


def root_of(path: str) -> str:
    """A path or pattern as it is remembered: absolute."""
    return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111  a pattern is no Path


def walk(root: str, max_bytes: int) -> Walked:
    """The files that a root means."""
    walk = _Walk(max_bytes)
    if os.path.lexists(root):
        walk.visit(root, named=True)
    elif glob.has_magic(root):
        for path in sorted(glob.iglob(root, recursive=True)):  # noqa: PTH207  a pattern may be absolute
            if not os.path.isdir(path):  # noqa: PTH112
                walk.visit(path, named=True)
    else:
        walk.found.troubles.append(Trouble(root, "There is no such file or folder."))
    return walk.found


class _Walk:
    def __init__(self, max_bytes: int) -> None:
        self.found = Walked()
        self._max_bytes = max_bytes
        self._seen: set[tuple[int, int]] = set()

    def visit(self, path: str, *, named: bool) -> None:
        """A file, or a folder with all below it."""
        try:
            status = os.stat(path)  # noqa: PTH116  here and below: text, for names that are no UTF-8
        except OSError as error:
            self._trouble(path, f"It cannot be looked at: {error.strerror}.")
            return
        if (status.st_dev, status.st_ino) in self._seen:
            if os.path.islink(path) and stat.S_ISDIR(status.st_mode):  # noqa: PTH114
                self._trouble(path, "It is a link to a folder that was visited already.")
            return
        self._seen.add((status.st_dev, status.st_ino))
        if stat.S_ISDIR(status.st_mode):
            self._folder(path)
        elif stat.S_ISREG(status.st_mode):
            self._file(path, status, named=named)
        elif named:
            self._trouble(path, "It is neither a file nor a folder.")

    def _folder(self, path: str) -> None:
        try:
            names = sorted(os.listdir(path))  # noqa: PTH208
        except OSError as error:
            self._trouble(path, f"The folder cannot be read: {error.strerror}.")
            return
        for name in names:
            if not name.startswith("."):
                self.visit(os.path.join(path, name), named=False)  # noqa: PTH118

    def _file(self, path: str, status: os.stat_result, *, named: bool) -> None:
        kind = kind_of(path)
        if kind is None and not named:
            self.found.others += 1
        elif not _storable(path):
            self._trouble(os.fsencode(path).decode("utf-8", "replace"), "Its name is no UTF-8. Rename it.")
        elif kind is None:
            self._trouble(path, "Files of this kind are not read.")
        elif status.st_size > self._max_bytes:
            size = f"{status.st_size / 1024**2:,.1f} MiB"
            self._trouble(path, f"It has {size}, more than {self._max_bytes / 1024**2:,.1f} MiB (`max_file_bytes`).")
        elif status.st_size == 0:
            self._trouble(path, "It is empty.")
        else:
            self.found.files.append(Candidate(path, path, kind, status.st_size, status.st_mtime_ns))

    def _trouble(self, path: str, reason: str) -> None:
        self.found.troubles.append(Trouble(path, reason))


def _storable(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
