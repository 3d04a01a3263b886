"""What has been written of kept answers: one that is given again is copied, and only each call's own words are put in.

Invariants: a copy belongs to one entry as it was read, and goes when that does; `bytes` counts all copies and never
exceeds the limit; a copy holds nothing of the call that it was written for.
"""

import re
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping

from headworks.cache.entries import Entry

COPIES_BYTES = 8 * 1024**2
MOST_FORMS = 8
"""Of one answer: both dialects, streamed or not, under another model name or two."""
_LONGEST = 1024**2
_OVERHEAD = 1000
"""Bytes that Python spends on an answer's shelf, and on a copy; rounded up."""


class Copy:
    """A written answer with gaps.

    Args:
        written: The answer, with marks in it.
        marks: The names of the gaps by their marks.
        events: How many events it has, where it is a stream.

    Attributes:
        size: Bytes it takes.
    """

    __slots__ = ("_gaps", "_parts", "events", "size")

    def __init__(self, written: bytes, marks: Mapping[bytes, str], events: int = 0) -> None:
        pattern = b"(" + b"|".join(re.escape(mark) for mark in marks) + b")"
        self._parts = re.split(pattern, written)
        self._gaps = [(place, marks[self._parts[place]]) for place in range(1, len(self._parts), 2)]
        self.events = events
        self.size = _OVERHEAD + len(written) + 100 * len(self._parts)

    def filled(self, words: Mapping[str, bytes]) -> bytes:
        """The answer with these words in its gaps."""
        parts = self._parts.copy()
        for place, name in self._gaps:
            parts[place] = words[name]
        return b"".join(parts)


class Shelf:
    """The copies of one answer.

    Args:
        entry: The answer.
        store: Where its bytes are counted.
    """

    __slots__ = ("_copies", "_store", "entry", "size")

    def __init__(self, entry: Entry, store: "Copies") -> None:
        self.entry = entry
        self.size = _OVERHEAD
        self._store = store
        self._copies: dict[Hashable, Copy] = {}

    def get(self, form: Hashable) -> Copy | None:
        """The copy in this form."""
        return self._copies.get(form)

    def put(self, form: Hashable, copy: Copy, form_bytes: int) -> None:
        """Keep a copy, unless it is long or there are many forms already."""
        size = copy.size + form_bytes
        if len(self._copies) < MOST_FORMS and size <= _LONGEST:
            self._copies[form] = copy
            self._store.grown(self, size)


class Copies:
    """The copies of all answers that were given again lately.

    Args:
        limit_bytes: What they may take.

    Attributes:
        bytes: What they take.
    """

    def __init__(self, limit_bytes: int = COPIES_BYTES) -> None:
        self.bytes = 0
        self._limit = limit_bytes
        self._shelves: OrderedDict[bytes, Shelf] = OrderedDict()

    def __contains__(self, key: object) -> bool:
        """Whether the answer under this key was given again lately."""
        return key in self._shelves

    def of(self, entry: Entry) -> Shelf:
        """The shelf of an answer. One that was kept anew under the same key has nothing on it."""
        key = entry.key
        shelf = self._shelves.get(key)
        if shelf is not None and shelf.entry is entry:
            self._shelves.move_to_end(key)
            return shelf
        self._drop([key] if shelf is not None else [])
        shelf = self._shelves[key] = Shelf(entry, self)
        self.bytes += shelf.size
        self._shrink()
        return shelf

    def grown(self, shelf: Shelf, size: int) -> None:
        """A shelf has taken a copy of `size` bytes."""
        if self._shelves.get(shelf.entry.key) is shelf:
            shelf.size += size
            self.bytes += size
            self._shrink()

    def forget(self) -> None:
        """Keep nothing."""
        self._shelves.clear()
        self.bytes = 0

    def _shrink(self) -> None:
        while self.bytes > self._limit:
            self._drop([next(iter(self._shelves))])

    def _drop(self, keys: Iterable[bytes]) -> None:
        for key in keys:
            self.bytes -= self._shelves.pop(key).size
