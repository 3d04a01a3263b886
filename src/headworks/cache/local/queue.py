"""Writes that wait for the disk: bounded, the newest of a key only. What does not fit is dropped and counted."""

from collections.abc import Callable

from msgspec import Struct

from headworks.cache.local.held import Held
from headworks.cache.local.memory import size_of

QUEUE_BYTES = 8 * 1024**2


class Waiting(Struct, frozen=True, gc=False):
    """A write, with the number of the last rule that it was held against."""

    entry: Held
    seen: int


class WriteQueue:
    """Used by one thread.

    Args:
        limit_bytes: What may wait.

    Attributes:
        bytes: What waits.
        dropped: Writes that came when there was no room.
    """

    def __init__(self, limit_bytes: int = QUEUE_BYTES) -> None:
        self.bytes = 0
        self.dropped = 0
        self._limit = limit_bytes
        self._waiting: dict[bytes, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, entry: Held, seen: int) -> None:
        """Wait, or be dropped."""
        self._remove(entry.key)
        size = size_of(entry)
        if self.bytes + size > self._limit:
            self.dropped += 1
            return
        self._waiting[entry.key] = Waiting(entry, seen)
        self.bytes += size

    def take(self) -> list[Waiting]:
        """All that waits, in order."""
        batch = list(self._waiting.values())
        self._waiting = {}
        self.bytes = 0
        return batch

    def discard(self, meant: Callable[[Held], bool]) -> None:
        """Forget what is meant."""
        for key in [key for key, waiting in self._waiting.items() if meant(waiting.entry)]:
            self._remove(key)

    def _remove(self, key: bytes) -> None:
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            self.bytes -= size_of(waiting.entry)
