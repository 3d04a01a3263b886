"""The answers that questions of the index belong to: of this node, else of the server that nodes share."""

from headworks.cache.entries import Entry
from headworks.cache.meaning.parts import Index
from headworks.cache.protocols import Shared, Store


class Answers:
    """Finds them.

    Args:
        store: This node's.
        shared: All nodes'; None where there are none.
        index: A question whose answer is gone has no place in it.
    """

    def __init__(self, store: Store, shared: Shared | None, index: Index) -> None:
        self._store = store
        self._shared = shared
        self._index = index

    async def get(self, key: bytes) -> Entry | None:
        """The entry; None when it is gone."""
        entry = self._store.get(key)
        if entry is not None:
            return entry
        if self._shared is not None:
            seen = self._store.mark()
            entry = await self._shared.get(key)
            if entry is not None and self._store.put(entry, seen):
                return entry
        self._index.remove(key)
        return None
