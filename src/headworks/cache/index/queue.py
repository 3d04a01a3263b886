"""Vectors that wait for the disk: bounded, the newest of a key only. What does not fit is dropped and counted."""

from headworks.cache.index.disk.store import Write

QUEUE_BYTES = 8 * 1024**2
_ITEM_BYTES = 300
_MOST_REMOVED = 100_000


class WriteQueue:
    """Used by one thread.

    Attributes:
        dropped: Vectors that came when there was no room. They are in memory only.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._bytes = 0
        self._waiting: dict[bytes, Write] = {}
        self._removed: dict[bytes, None] = {}

    def __contains__(self, key: bytes) -> bool:
        return key in self._waiting or key in self._removed

    def put(self, write: Write) -> None:
        """Wait, or be dropped. A change of what is new itself is new, too."""
        key = write.item.key
        older = self._take_out(key)
        if older is not None and older.new and not write.new:
            write = Write(write.item, new=True, seen=older.seen)
        size = _size(write)
        if self._bytes + size > QUEUE_BYTES:
            self.dropped += 1
            return
        self._removed.pop(key, None)
        self._waiting[key] = write
        self._bytes += size

    def remove(self, key: bytes) -> None:
        """Let a key be deleted."""
        self._take_out(key)
        if len(self._removed) < _MOST_REMOVED:
            self._removed[key] = None

    def writes(self) -> list[Write]:
        """What waits."""
        return list(self._waiting.values())

    def discard(self, key: bytes) -> None:
        """Forget what waits under a key."""
        self._take_out(key)

    def take(self) -> tuple[list[Write], list[bytes]]:
        """All that waits: to be written, and to be deleted."""
        taken = list(self._waiting.values()), list(self._removed)
        self._waiting, self._removed = {}, {}
        self._bytes = 0
        return taken

    def _take_out(self, key: bytes) -> Write | None:
        older = self._waiting.pop(key, None)
        if older is not None:
            self._bytes -= _size(older)
        return older


def _size(write: Write) -> int:
    return _ITEM_BYTES + write.item.vector.nbytes + len(write.item.payload)
