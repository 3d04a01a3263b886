"""The vectors of one partition: side by side while they are few, in cells when they are many.

Cells are made anew when the partition has doubled. Vectors then move a few at a time, and a search looks at both what
has moved and what has not.
"""

import numpy as np

from headworks.cache.index.cells import Cells
from headworks.cache.index.rows import Floats, Record, Rows

FLAT_ROWS = 8192
"""From so many on there are cells."""
_MARGIN = 16


class Partition:
    """One partition.

    Args:
        dims: Length of the vectors.
        flat_rows: From so many on there are cells.

    Attributes:
        bytes: What the vectors take.
    """

    __slots__ = ("_cells", "_dims", "_flat", "_flat_rows", "_leaving", "bytes")

    def __init__(self, dims: int, flat_rows: int = FLAT_ROWS) -> None:
        self._dims = dims
        self._flat_rows = flat_rows
        self._flat = Rows(dims)
        self._cells: Cells | None = None
        self._leaving: Cells | None = None
        self.bytes = 0

    def __len__(self) -> int:
        return sum(map(len, self._parts()))

    @property
    def crowded(self) -> bool:
        """Whether new cells are wanted."""
        count = len(self)
        return count >= self._flat_rows and (self._cells is None or count >= 2 * self._cells.count)

    @property
    def moving(self) -> bool:
        """Whether there is something to move into the cells."""
        return self._leaving is not None or (self._cells is not None and len(self._flat) > 0)

    def add(self, record: Record, vector: Floats) -> None:
        """Add a vector."""
        (self._flat if self._cells is None else self._cells).add(record, vector)
        self._count()

    def remove(self, record: Record) -> None:
        """Remove one."""
        rows = record.rows
        assert rows is not None
        (rows.owner or rows).remove(record)
        self._count()

    def vector(self, record: Record) -> Floats:
        """The vector of a record; a view, valid until the next change."""
        assert record.rows is not None
        return record.rows.vector(record)

    def search(self, vector: Floats, k: int, now_s: float) -> list[tuple[Record, float]]:
        """The nearest that have not expired, nearest first."""
        places = [self._flat] if self._flat.records else []
        for cells in (self._leaving, self._cells):
            if cells is not None:
                places += cells.near(vector)
        if not places:
            return []
        scores = [place.scores(vector) for place in places]
        every = scores[0] if len(scores) == 1 else np.concatenate(scores)
        for most in (k + _MARGIN, len(every)):
            found = [
                (record, score)
                for record, score in _best(places, every, min(most, len(every)))
                if record.expires_s > now_s
            ]
            if len(found) >= k:
                break
        return [(record, min(score, 1.0)) for record, score in found[:k]]

    def views(self) -> list[Floats]:
        """All vectors as they lie, for reading in another thread."""
        return [view for part in self._parts() for rows in _rows(part) for view in rows.views()]

    def divide(self, centres: Floats) -> None:
        """Take new centres. Afterwards `move` until nothing is `moving`."""
        assert self._leaving is None
        self._leaving = self._cells
        self._cells = Cells(centres, len(self))
        self._count()

    def move(self, most: int) -> None:
        """Move some vectors into their new cells."""
        if self._cells is None:
            return
        for _ in range(most):
            record = self._next()
            if record is None:
                self._leaving = None
                break
            vector = self.vector(record).copy()
            self.remove(record)
            self._cells.add(record, vector)
        self._count()

    def _next(self) -> Record | None:
        if self._flat.records:
            return self._flat.records[-1]
        return None if self._leaving is None else self._leaving.last()

    def _parts(self) -> list[Rows | Cells]:
        return [part for part in (self._flat, self._cells, self._leaving) if part is not None]

    def _count(self) -> None:
        self.bytes = sum(part.bytes for part in self._parts())


def _rows(part: Rows | Cells) -> list[Rows]:
    return [part] if isinstance(part, Rows) else part.all()


def _best(places: list[Rows], scores: Floats, count: int) -> list[tuple[Record, float]]:
    """The best of all places, best first."""
    if count < len(scores):
        chosen = np.argpartition(scores, len(scores) - count)[len(scores) - count :]
        chosen = chosen[np.argsort(scores[chosen])[::-1]]
    else:
        chosen = np.argsort(scores)[::-1]
    ends = np.cumsum([len(place.records) for place in places])
    which = np.searchsorted(ends, chosen, side="right")
    found: list[tuple[Record, float]] = []
    for at, place, score in zip(chosen.tolist(), which.tolist(), scores[chosen].tolist(), strict=True):
        records = places[place].records
        found.append((records[at - int(ends[place]) + len(records)], score))
    return found
