"""The index in memory: many partitions, most of them tiny, bounded in bytes. Used by one thread.

Invariants: a search finds what is in its partition and has not expired, nothing else; `bytes` counts what everything
takes, Python's own share included, and does not exceed the limit; what was not found for longest leaves first.
"""

from collections import OrderedDict
from collections.abc import Callable
from heapq import heapify, heappop, heappush

import numpy as np
from msgspec import Struct

from headworks.cache.index.partition import FLAT_ROWS, Partition
from headworks.cache.index.rows import Floats, Record
from headworks.core.clock import Clock

RECORD_BYTES = 450
"""What an entry takes beside its vector and payload (measured on CPython 3.11)."""
PARTITION_BYTES = 620
"""What a partition takes beside its vectors: one of one entry."""
_STALE_ENDS = 1024

Found = tuple[bytes, float, bytes]
"""Key, cosine, payload."""


class Item(Struct, frozen=True, gc=False):
    """One vector with what belongs to it.

    Attributes:
        partition: 32 bytes. Only questions of the same one find it.
        key: 32 bytes.
        vector: Of length one.
        expires_s: Unix seconds.
        payload: Whatever its user keeps with it.
    """

    partition: bytes
    key: bytes
    vector: Floats
    expires_s: float
    payload: bytes


class VectorIndex:
    """Vectors in memory.

    Args:
        dims: Length of the vectors.
        clock: Says what has expired.
        limit_bytes: What all may take.
        flat_rows: A partition of so many is divided into cells.

    Attributes:
        bytes: What they take.
        evicted: How many have left for want of room.
    """

    def __init__(self, dims: int, clock: Clock, limit_bytes: int, *, flat_rows: int = FLAT_ROWS) -> None:
        self.bytes = 0
        self.evicted = 0
        self._dims = dims
        self._clock = clock
        self._limit = limit_bytes
        self._flat_rows = flat_rows
        self._records: OrderedDict[bytes, Record] = OrderedDict()
        self._partitions: dict[bytes, Partition] = {}
        self._ends: list[tuple[float, bytes]] = []
        self._crowded: dict[bytes, None] = {}

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, key: bytes) -> bool:
        return key in self._records

    @property
    def partitions(self) -> int:
        """How many there are."""
        return len(self._partitions)

    def add(self, item: Item) -> None:
        """Keep a vector in place of an older one of its key. One that has expired is not kept."""
        self.remove(item.key)
        if item.expires_s <= self._clock.now() or len(item.vector) != self._dims:
            return
        record = Record(item.key, item.partition, item.payload, item.expires_s)
        partition = self._partitions.get(item.partition)
        if partition is None:
            partition = self._partitions[item.partition] = Partition(self._dims, self._flat_rows)
            self.bytes += PARTITION_BYTES
        before = partition.bytes
        partition.add(record, item.vector)
        if partition.crowded:
            self._crowded[item.partition] = None
        self._records[item.key] = record
        self.bytes += partition.bytes - before + RECORD_BYTES + len(item.payload)
        heappush(self._ends, (item.expires_s, item.key))
        if len(self._ends) > 2 * len(self._records) + _STALE_ENDS:
            self._ends = [(kept.expires_s, key) for key, kept in self._records.items()]
            heapify(self._ends)
        while self.bytes > self._limit and self._records:
            self.remove(next(iter(self._records)))
            self.evicted += 1

    def search(self, partition: bytes, vector: Floats, k: int) -> list[Found]:
        """The nearest of a partition, nearest first. The first of them counts as used."""
        inside = self._partitions.get(partition)
        if inside is None or k <= 0 or len(vector) != self._dims:
            return []
        found = inside.search(np.ascontiguousarray(vector, np.float32), k, self._clock.now())
        if found:
            self._records.move_to_end(found[0][0].key)
        return [(record.key, cosine, record.payload) for record, cosine in found]

    def get(self, key: bytes) -> Item | None:
        """The vector of this key with what belongs to it; None when it is not there."""
        record = self._records.get(key)
        if record is None:
            return None
        vector = self._partitions[record.partition].vector(record).copy()
        return Item(record.partition, key, vector, record.expires_s, record.payload)

    def keys(self) -> list[bytes]:
        """All keys."""
        return list(self._records)

    def payload(self, key: bytes) -> bytes | None:
        """The payload of this key; None when it is not there."""
        record = self._records.get(key)
        return None if record is None else record.payload

    def has(self, item: Item) -> bool:
        """Whether the same is there already, but perhaps for its vector."""
        record = self._records.get(item.key)
        return (
            record is not None
            and record.payload == item.payload
            and record.expires_s == item.expires_s
            and record.partition == item.partition
        )

    def note(self, key: bytes, payload: bytes) -> bool:
        """Put another payload in the place of the one of this key; False when it is not there."""
        record = self._records.get(key)
        if record is None:
            return False
        self.bytes += len(payload) - len(record.payload)
        record.payload = payload
        return True

    def remove(self, key: bytes) -> bool:
        """Let go of one; False when it is not there."""
        record = self._records.pop(key, None)
        if record is None:
            return False
        partition = self._partitions[record.partition]
        before = partition.bytes
        partition.remove(record)
        self.bytes += partition.bytes - before - RECORD_BYTES - len(record.payload)
        if not len(partition):
            del self._partitions[record.partition]
            self.bytes -= PARTITION_BYTES + partition.bytes
        return True

    def forget(self, meant: Callable[[bytes, bytes], bool]) -> int:
        """Let go of all whose key and payload are meant; how many they were."""
        doomed = [key for key, record in self._records.items() if meant(key, record.payload)]
        for key in doomed:
            self.remove(key)
        return len(doomed)

    def count(self, meant: Callable[[bytes, bytes], bool]) -> int:
        """How many have a key and a payload that are meant."""
        return sum(meant(key, record.payload) for key, record in self._records.items())

    def clear(self) -> None:
        """Let go of all."""
        self._records.clear()
        self._partitions.clear()
        self._ends.clear()
        self._crowded.clear()
        self.bytes = 0

    def sweep(self, most: int) -> int:
        """Let go of some that have expired; how many they were."""
        now_s = self._clock.now()
        count = 0
        while self._ends and self._ends[0][0] <= now_s and count < most:
            expires_s, key = heappop(self._ends)
            record = self._records.get(key)
            if record is not None and record.expires_s == expires_s:
                self.remove(key)
            count += 1
        return count

    def crowded(self) -> bytes | None:
        """A partition that wants to be divided into cells."""
        while self._crowded:
            key = next(iter(self._crowded))
            partition = self._partitions.get(key)
            if partition is not None and partition.crowded:
                return key
            del self._crowded[key]
        return None

    def views(self, key: bytes) -> list[Floats]:
        """All vectors of a partition as they lie, for reading in another thread; none when it is gone."""
        partition = self._partitions.get(key)
        return [] if partition is None else partition.views()

    def divide(self, key: bytes, centres: Floats) -> None:
        """Divide a partition into cells with these centres. Afterwards `move` until there is nothing to move."""
        partition = self._partitions.get(key)
        if partition is not None and not partition.moving:
            before = partition.bytes
            partition.divide(centres)
            self.bytes += partition.bytes - before

    def move(self, key: bytes, most: int) -> bool:
        """Move some vectors into their cells; False when all are there."""
        partition = self._partitions.get(key)
        if partition is None or not partition.moving:
            return False
        before = partition.bytes
        partition.move(most)
        self.bytes += partition.bytes - before
        return True
