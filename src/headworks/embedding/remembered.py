"""Vectors of texts that were asked lately: the same question comes again, and again while it is being embedded.

Texts are known by their hashes only: nothing here can be read back.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from headworks.embedding.embedder import Embedder

OVERHEAD_BYTES = 330
"""What a vector takes beside its numbers: the array, its hash, its place in the table (measured on CPython 3.11)."""
_HASH_BYTES = 32
_Array = np.ndarray[Any, np.dtype[np.float32]]


class RememberedEmbedder:
    """Satisfies `Embedder`, in front of another. Vectors it returns for one text may be shared: do not change them.

    Args:
        inner: Makes vectors.
        limit_bytes: What remembered ones may take.

    Attributes:
        bytes: What they take.
        hits: Texts that were known.
        misses: Texts that had to be embedded.
    """

    def __init__(self, inner: Embedder, limit_bytes: int) -> None:
        self.bytes = 0
        self.hits = 0
        self.misses = 0
        self._inner = inner
        self._limit = limit_bytes
        self._known: OrderedDict[bytes, _Array] = OrderedDict()
        self._coming: dict[bytes, asyncio.Task[_Array]] = {}

    @property
    def name(self) -> str:
        """Of the model."""
        return self._inner.name

    @property
    def dims(self) -> int:
        """Length of its vectors."""
        return self._inner.dims

    async def start(self) -> None:
        """See `Embedder`."""
        await self._inner.start()

    async def stop(self) -> None:
        """See `Embedder`."""
        await self._inner.stop()
        self.forget()

    async def embed(self, texts: Sequence[str]) -> _Array:
        """See `Embedder`."""
        if len(texts) != 1:
            return await self._many(texts)
        key = _hash(texts[0])
        found = self._recall(key)
        if found is not None:
            return found.reshape(1, -1)
        return (await self._joined(key, texts[0])).reshape(1, -1)

    def forget(self, text: str | None = None) -> None:
        """Forget the vector of a text; of all when none is named. One that is being made is not remembered either."""
        if text is None:
            self._known.clear()
            self._coming.clear()
            self.bytes = 0
            return
        key = _hash(text)
        self._coming.pop(key, None)
        if self._known.pop(key, None) is not None:
            self.bytes -= self._size

    @property
    def _size(self) -> int:
        return 4 * self.dims + OVERHEAD_BYTES

    async def _many(self, texts: Sequence[str]) -> _Array:
        rows = np.empty((len(texts), self.dims), np.float32)
        keys = [_hash(text) for text in texts]
        missing: list[int] = []
        for at, key in enumerate(keys):
            found = self._recall(key)
            if found is None:
                missing.append(at)
            else:
                rows[at] = found
        if missing:
            self.misses += len(missing)
            rows[missing] = await self._inner.embed([texts[at] for at in missing])
        return rows

    async def _joined(self, key: bytes, text: str) -> _Array:
        """The vector, made once for all who ask for it now; it is made to the end when some of them leave."""
        task = self._coming.get(key)
        if task is None:
            self.misses += 1
            task = self._coming[key] = asyncio.get_running_loop().create_task(self._made(text))
            task.add_done_callback(lambda done: self._arrived(key, done))
        return await asyncio.shield(task)

    async def _made(self, text: str) -> _Array:
        vector: _Array = (await self._inner.embed([text]))[0].copy()
        return vector

    def _arrived(self, key: bytes, done: "asyncio.Task[_Array]") -> None:
        failed = done.cancelled() or done.exception() is not None
        if self._coming.get(key) is not done:
            return
        del self._coming[key]
        if not failed:
            self._remember(key, done.result())

    def _recall(self, key: bytes) -> _Array | None:
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
            self.hits += 1
        return found

    def _remember(self, key: bytes, vector: _Array) -> None:
        vector.flags.writeable = False
        if key not in self._known:
            self.bytes += self._size
        self._known[key] = vector
        while self.bytes > self._limit and self._known:
            self._known.popitem(last=False)
            self.bytes -= self._size


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=_HASH_BYTES).digest()
