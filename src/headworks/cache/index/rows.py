"""Vectors one below the other, so that one product compares them all with a question.

They lie in blocks, so that growing never copies much at once. The last row takes the place of one that goes.
"""

from typing import Any, Protocol

import numpy as np
from msgspec import Struct

BLOCK_ROWS = 512
Floats = np.ndarray[Any, np.dtype[np.float32]]


class Record(Struct, gc=False):
    """What belongs to a vector, and where the vector lies.

    Attributes:
        key: 32 bytes.
        partition: 32 bytes.
        payload: Whatever its user keeps with it.
        expires_s: Unix seconds.
        rows: Where it lies; None before it lies anywhere, and after it was removed.
        at: Its row there.
    """

    key: bytes
    partition: bytes
    payload: bytes
    expires_s: float
    rows: "Rows | None" = None
    at: int = -1


class Part(Protocol):
    """What rows are a part of."""

    def remove(self, record: Record) -> None:
        """Remove a row from it."""


class Rows:
    """Some vectors with their records.

    Args:
        dims: Length of the vectors.
        owner: What these rows are a part of.

    Attributes:
        owner: The same.
        records: Those of the rows, in order.
        bytes: What the vectors take, room for more included.
    """

    __slots__ = ("_blocks", "_dims", "bytes", "owner", "records")

    def __init__(self, dims: int, owner: "Part | None" = None) -> None:
        self.owner = owner
        self.records: list[Record] = []
        self.bytes = 0
        self._dims = dims
        self._blocks: list[Floats] = []

    def __len__(self) -> int:
        return len(self.records)

    def add(self, record: Record, vector: Floats) -> None:
        """Add a row."""
        at = len(self.records)
        block, row = divmod(at, BLOCK_ROWS)
        if block == len(self._blocks):
            self._blocks.append(np.empty((BLOCK_ROWS if block else 1, self._dims), np.float32))
            self.bytes += self._blocks[-1].nbytes
        elif row == len(self._blocks[block]):
            self._resize(min(BLOCK_ROWS, max(row + 1, row * 5 // 4)), row)
        self._blocks[block][row] = vector
        self.records.append(record)
        record.rows, record.at = self, at

    def remove(self, record: Record) -> None:
        """Remove a row."""
        last = self.records[-1]
        if last is not record:
            self._row(record.at)[:] = self._row(last.at)
            self.records[record.at] = last
            last.at = record.at
        self.records.pop()
        record.rows, record.at = None, -1
        self._shrink()

    def vector(self, record: Record) -> Floats:
        """The vector of a record: a view, valid until the next change."""
        return self._row(record.at)

    def scores(self, vector: Floats) -> Floats:
        """Products of all rows with a vector."""
        count = len(self.records)
        if count <= BLOCK_ROWS:
            found: Floats = self._blocks[0][:count] @ vector if count else np.empty(0, np.float32)
            return found
        out: Floats = np.empty(count, np.float32)
        for number, block in enumerate(self._blocks):
            first = number * BLOCK_ROWS
            end = min(first + BLOCK_ROWS, count)
            np.dot(block[: end - first], vector, out=out[first:end])
        return out

    def views(self) -> list[Floats]:
        """The rows as they lie, for reading in another thread: a row that changes meanwhile may be read half."""
        count = len(self.records)
        return [block[: count - number * BLOCK_ROWS] for number, block in enumerate(self._blocks)]

    def _row(self, at: int) -> Floats:
        block, row = divmod(at, BLOCK_ROWS)
        found: Floats = self._blocks[block][row]
        return found

    def _shrink(self) -> None:
        full, rest = divmod(len(self.records), BLOCK_ROWS)
        while len(self._blocks) > full + (rest > 0):
            self.bytes -= self._blocks.pop().nbytes
        if not full and rest and len(self._blocks[0]) > 2 * rest + 2:
            self._resize(rest + rest // 4, rest)

    def _resize(self, capacity: int, used: int) -> None:
        """Give the last block another size."""
        old = self._blocks[-1]
        new = np.empty((capacity, self._dims), np.float32)
        new[:used] = old[:used]
        self._blocks[-1] = new
        self.bytes += new.nbytes - old.nbytes
