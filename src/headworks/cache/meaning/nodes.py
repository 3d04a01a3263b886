"""The index of a node that shares its cache: what it adds, every other node finds, and the other way round.

Vectors travel by a feed on the shared server, each with what it belongs to, so that a purge there takes them, too. A
node with another embedding model passes them by.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np
from msgspec import Struct

from headworks.cache.entries import Facets
from headworks.cache.meaning.known import describe
from headworks.cache.meaning.parts import KeptIndex
from headworks.cache.upkeep import Gone, Report
from headworks.cache.where import Where

if TYPE_CHECKING:
    from headworks.cache.meaning.parts import Vector

FEED = "questions"


class Told(Struct, frozen=True, array_like=True):
    """A question as nodes tell each other of it; the vector as float16."""

    model: str
    partition: bytes
    key: bytes
    vector: bytes
    expires_s: float
    payload: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Told).decode


class FeedItem(Protocol):
    """What comes by a feed."""

    @property
    def data(self) -> bytes:
        """As it was added."""

    @property
    def own(self) -> bool:
        """Whether this node added it."""


class Feed(Protocol):
    """What all nodes add to and follow; see `cache.shared.feed.Feed`."""

    async def start(self, on_item: Callable[[Any], None], on_gap: Callable[[], None], since: str | None = None) -> None:
        """Begin to follow and to add."""

    async def stop(self) -> None:
        """End both."""

    def add(self, data: bytes, facets: Facets | None = None, *, created_s: float = 0.0, expires_s: float = 0.0) -> bool:
        """Add an item in the background."""


class SharedIndex:
    """Satisfies `KeptIndex`.

    Args:
        index: This node's own.
        feed: To and from the others.
        model: Names the embedding model in use: called when it has been started.
        dims: Length of its vectors.
    """

    def __init__(self, index: KeptIndex, feed: Feed, model: Callable[[], str], dims: int) -> None:
        self._index = index
        self._feed = feed
        self._model = model
        self._dims = dims

    async def start(self) -> None:
        """Read what was kept, and begin to follow the others."""
        await self._index.start()
        await self._feed.start(self._heard, _all_comes_again)

    async def stop(self) -> None:
        """Follow no more, and keep what is new."""
        await self._feed.stop()
        await self._index.stop()

    def add(self, partition: bytes, key: bytes, vector: "Vector", expires_s: float, payload: bytes) -> None:
        """Keep a vector, here and elsewhere."""
        self._index.add(partition, key, vector, expires_s, payload)
        about = describe(payload)
        told = Told(self._model(), partition, key, vector.astype("<f2").tobytes(), expires_s, payload)
        self._feed.add(_encode(told), about.facets, created_s=about.created_s, expires_s=expires_s)

    def search(self, partition: bytes, vector: "Vector", k: int) -> list[tuple[bytes, float, bytes]]:
        """The nearest ones of the partition, whichever node added them."""
        return self._index.search(partition, vector, k)

    def remove(self, key: bytes) -> None:
        """Let go of one on this node."""
        self._index.remove(key)

    def note(self, key: bytes, payload: bytes) -> None:
        """Put another payload in its place on this node: each learns by itself."""
        self._index.note(key, payload)

    async def purge(self, where: Where) -> Gone:
        """Let go of all that is meant on this node; the shared store's own purge takes what the feed holds."""
        return await self._index.purge(where)

    async def count(self, where: Where) -> dict[str, int]:
        """How many are meant on this node."""
        return await self._index.count(where)

    def report(self) -> Report:
        """What this node's index holds."""
        return self._index.report()

    def _heard(self, item: FeedItem) -> None:
        """Keep what another node added."""
        if item.own:
            return
        try:
            told = _decode(item.data)
            describe(told.payload)
        except (msgspec.MsgspecError, ValueError):  # of another version
            return
        if told.model != self._model() or len(told.vector) != 2 * self._dims:
            return
        vector = np.frombuffer(told.vector, "<f2").astype(np.float32)
        length = float(np.linalg.norm(vector))
        if 0 < length < np.inf:
            self._index.add(told.partition, told.key, vector / np.float32(length), told.expires_s, told.payload)


def _all_comes_again() -> None:
    """Nothing to do: what comes again takes its own place."""
