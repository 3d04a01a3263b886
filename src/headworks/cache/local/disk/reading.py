"""Read one answer from the disk, at once, on the event loop's thread.

What is found is checked: by its own checksum, against the key it was asked by, and against the columns that a purge
would find it by. What does not fit is never served; the thread that writes deletes it, or makes a broken file anew.
"""

from typing import Any

import apsw
import zstandard

from headworks.cache.entries import BrokenEntryError, Entry, unpack
from headworks.cache.local.disk.notices import rules_after
from headworks.cache.local.disk.tables import FACETS, facet_columns
from headworks.cache.local.held import Held, held, is_valid
from headworks.cache.local.rules import Rule
from headworks.storage.faults import FILE_ERRORS

MOST_BYTES = 64 * 1024**2
_FIND = f"SELECT raw_size, data, {FACETS} FROM entries JOIN answers USING (id) WHERE key = ?"  # noqa: S608  constants


class Reading:
    """The reading side of the disk tier.

    Attributes:
        db: The connection, put here and taken away by the thread that writes; None while the file is away.
        trouble: What went wrong with the file, for that thread.
        doomed: Keys of broken entries, for that thread.
        broken: How many broken entries were found.
    """

    def __init__(self) -> None:
        self.db: apsw.Connection | None = None
        self.trouble: Exception | None = None
        self.doomed: list[bytes] = []
        self.broken = 0
        self._expand = zstandard.ZstdDecompressor()

    def get(self, key: bytes, now_s: float) -> tuple[Entry, Held] | None:
        """The entry of this key, if there is one that is whole and valid now."""
        try:
            row = self._row(key)
            if row is None:
                return None
            data = self._data(row[0], row[1])
            entry = unpack(data)
            if entry.key != key or facet_columns(entry.facets) != tuple(row[2:]):
                raise BrokenEntryError("A cached answer lies in another's place.")
        except (BrokenEntryError, UnicodeDecodeError):
            self.broken += 1
            self.doomed.append(key)
            return None
        return (entry, held(entry, data)) if is_valid(entry.created_s, entry.expires_s, now_s) else None

    def rules(self, after: int, last: int) -> list[Rule]:
        """The rules after a number, up to another; empty when they cannot be read."""
        db = self.db
        if db is None:
            return []
        try:
            return rules_after(db, after, last)
        except FILE_ERRORS as error:
            self._failed(db, error)
            return []

    def _row(self, key: bytes) -> Any:
        db = self.db
        if db is None:
            return None
        try:
            rows: list[Any] = db.execute(_FIND, (key,)).fetchall()  # to the end: an open read holds up checkpoints
        except apsw.BusyError:
            return None
        except apsw.Error as error:
            self._failed(db, error)
            return None
        return rows[0] if rows else None

    def _data(self, raw_size: Any, data: Any) -> bytes:
        if type(data) is not bytes or type(raw_size) is not int:
            raise BrokenEntryError("A cached answer is no text of bytes.")
        if not raw_size:
            return data
        try:
            if raw_size > MOST_BYTES or zstandard.frame_content_size(data) != raw_size:
                raise BrokenEntryError("A cached answer has another size.")
            return self._expand.decompress(data)
        except zstandard.ZstdError as error:
            raise BrokenEntryError("A cached answer cannot be expanded.") from error

    def _failed(self, db: apsw.Connection, error: Exception) -> None:
        if self.db is db:  # else the other thread has just closed it
            self.db = None
            self.trouble = error
