"""The tier in this process: packed answers by key, the least recently used ones leave first. Used by one thread.

Invariant: `bytes` counts what the answers really take, Python's own share included, and never exceeds the limit.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable

from headworks.cache.entries import Facets
from headworks.cache.local.held import Held, is_valid
from headworks.cache.where import Where
from headworks.core.clock import Clock

OVERHEAD_BYTES = 560
"""What an entry takes beside its data and its texts: objects, and its place in the table (measured on CPython 3.11)."""
_TEXT_BYTES, _TAGS_BYTES = 50, 240
_SWEPT = 500

Meant = Callable[[Held], bool]


class Memory:
    """Answers in memory.

    Args:
        limit_bytes: What they may take; 0 keeps none.
        clock: Says what has expired.

    Attributes:
        bytes: What they take.
        evicted: How many have left for want of room.
    """

    def __init__(self, limit_bytes: int, clock: Clock) -> None:
        self.bytes = 0
        self.evicted = 0
        self._limit = limit_bytes
        self._clock = clock
        self._held: OrderedDict[bytes, Held] = OrderedDict()
        self._unseen: list[bytes] = []

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: bytes) -> Held | None:
        """The answer of this key, unless it has expired; it counts as used."""
        found = self._held.get(key)
        if found is None:
            return None
        now_s = self._clock.now()
        if is_valid(found.created_s, found.expires_s, now_s):
            self._held.move_to_end(key)
            return found
        if now_s >= found.expires_s:
            self.remove(key)
        return None

    def put(self, entry: Held) -> None:
        """Keep an answer in place of an older one. One that is too large for the tier is not kept."""
        self.remove(entry.key)
        size = size_of(entry)
        if size > self._limit:
            return
        self.bytes += size
        self._held[entry.key] = entry
        while self.bytes > self._limit:
            self.bytes -= size_of(self._held.popitem(last=False)[1])
            self.evicted += 1

    def remove(self, key: bytes) -> bool:
        """Let go of one; False when it is not there."""
        found = self._held.pop(key, None)
        if found is None:
            return False
        self.bytes -= size_of(found)
        return True

    def clear(self) -> int:
        """Let go of all; how many they were."""
        count = len(self._held)
        self._held.clear()
        self.bytes = 0
        return count

    def purge(self, where: Where) -> int:
        """Let go of those that are meant; how many they were."""
        return self.discard(lambda entry: where.means(entry.facets, entry.created_s))

    def discard(self, meant: Meant) -> int:
        """As `purge`, by any test."""
        doomed = [key for key, entry in self._held.items() if meant(entry)]
        for key in doomed:
            self.remove(key)
        return len(doomed)

    def count(self, where: Where) -> int:
        """How many are meant."""
        return sum(where.means(entry.facets, entry.created_s) for entry in self._held.values())

    def sweep(self) -> None:
        """Look at some, and let go of those that have expired; called again and again, it looks at all of them."""
        if not self._unseen:
            self._unseen = list(self._held)
        now_s = self._clock.now()
        for key in self._unseen[-_SWEPT:]:
            found = self._held.get(key)
            if found is not None and now_s >= found.expires_s:
                self.remove(key)
        del self._unseen[-_SWEPT:]


def size_of(entry: Held) -> int:
    """Bytes that an entry takes in memory."""
    return OVERHEAD_BYTES + len(entry.data) + _facet_bytes(entry.facets)


def _facet_bytes(facets: Facets) -> int:
    texts = (facets.org, facets.user, facets.feature, facets.model, facets.prompt, facets.corpus)
    size = sum(_TEXT_BYTES + len(text) if text.isascii() else sys.getsizeof(text) for text in texts if text)
    if not facets.tags:
        return size
    pairs = sum(sys.getsizeof(name) + sys.getsizeof(value) for name, value in facets.tags.items())
    return size + _TAGS_BYTES + pairs + sys.getsizeof(facets.tags)
