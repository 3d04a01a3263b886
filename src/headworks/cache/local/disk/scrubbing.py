"""Overwrite what SQLite leaves of moved rows in pages of the file.

`secure_delete` zeroes rows where they are deleted. But when SQLite spreads rows over neighbouring pages anew, old
copies of them may stay in the unallocated middle of a page, between the array of cell pointers and the first cell
(seen with SQLite 3.54.1; sqlite.org/fileformat2.html, "B-tree Pages"). A purge zeroes these bytes in the file itself.

That is safe while the write lock is held and the log is empty: nobody writes to the file then, and readers ignore these
bytes. It ends with a commit, so that no other process writes a page from its cache that still has them, and with a
checkpoint, which syncs the file. The file is opened through SQLite's own file layer: closing it in any other way would
drop the locks of this process.
"""

from pathlib import Path
from typing import Protocol

import apsw

from headworks.cache.local.disk.rows import pragma
from headworks.storage.sqlite import transaction

_CHUNK_PAGES = 1024
_TRIES = 20
_INNER, _LEAF = (2, 5), (10, 13)
_FIRST_HEADER = 100


class Scrubbed(Protocol):
    """A database file in WAL mode."""

    path: Path

    @property
    def log_bytes(self) -> int:
        """Size of the write-ahead log."""

    def checkpoint(self) -> bool:
        """Bring the log into the file and empty it; False while another process is reading from it."""


class Scrubbing:
    """Scrubs one file; used by one thread."""

    def __init__(self, file: Scrubbed) -> None:
        self._file = file

    def scrub(self, db: apsw.Connection) -> bool:
        """Overwrite all that is left of deleted rows, in file and log; False when other processes did not let us.

        Raises:
            StoreError: The file refuses.
            apsw.Error: The same.
        """
        first = 1
        while first <= pragma(db, "page_count"):
            if not self._chunk(db, first):
                return False
            first += _CHUNK_PAGES
        return self._file.checkpoint()

    def _chunk(self, db: apsw.Connection, first: int) -> bool:
        for _ in range(_TRIES):
            if not self._file.checkpoint():
                return False
            with transaction(db):
                if self._file.log_bytes:  # somebody was faster
                    continue
                self._overwrite(first, pragma(db, "page_size"), maps=pragma(db, "auto_vacuum") != 0)
                db.pragma("user_version", pragma(db, "user_version") + 1 & 0x7FFFFFFF)
            return True
        return False

    def _overwrite(self, first: int, page_size: int, *, maps: bool) -> None:
        flags = [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READWRITE, 0]
        file = apsw.VFSFile("", str(self._file.path), flags)
        try:
            start = (first - 1) * page_size
            size = min(_CHUNK_PAGES * page_size, file.xFileSize() - start)
            data = file.xRead(size, start) if size > 0 else b""
            for offset in range(0, len(data), page_size):
                number = first + offset // page_size
                if maps and (number - 2) % (page_size // 5 + 1) == 0:
                    continue  # a pointer map, which may look like a tree's page
                begin, end = _unallocated(data[offset : offset + page_size], _FIRST_HEADER if number == 1 else 0)
                if data.count(0, offset + begin, offset + end) != end - begin:
                    file.xWrite(bytes(end - begin), start + offset + begin)
        finally:
            file.xClose()


def _unallocated(page: bytes, header: int) -> tuple[int, int]:
    """Where the unallocated bytes of a page begin and end; nowhere in a page that is not a tree's."""
    kind = page[header]
    if kind not in _INNER and kind not in _LEAF:
        return 0, 0
    cells = int.from_bytes(page[header + 3 : header + 5])
    end = int.from_bytes(page[header + 5 : header + 7])
    begin = header + (12 if kind in _INNER else 8) + 2 * cells
    return (begin, end) if begin < end <= len(page) else (0, 0)
