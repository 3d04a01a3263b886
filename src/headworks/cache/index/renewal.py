"""Make vectors anew that another embedding model has made: a few at a time, so that calls do not wait for them."""

import math

from msgspec import Struct

from headworks.cache.index.disk.row import UNREADABLE, Describe
from headworks.cache.index.disk.store import Write
from headworks.cache.index.memory import Item
from headworks.core.clock import Clock
from headworks.embedding.embedder import Embedder, EmbedderError, PartlyReadError

AT_ONCE = 8
PAUSE_S = 10.0
"""How long the embedder is left alone when it fails."""
LOOK_AGAIN_S = 60.0
"""Until it is looked again whether there are old vectors, when there were none."""


class Renewed(Struct, frozen=True):
    """What came of some old vectors.

    Attributes:
        writes: Made anew.
        lost: Keys of those that cannot be made anew.
    """

    writes: list[Write]
    lost: list[bytes]


class Renewal:
    """Makes vectors anew.

    Args:
        embedder: By it.
        describe: Reads the question from a payload.
        clock: Measures pauses.
    """

    def __init__(self, embedder: Embedder, describe: Describe, clock: Clock) -> None:
        self._embedder = embedder
        self._describe = describe
        self._clock = clock
        self._again_s = -math.inf

    @property
    def wanted(self) -> bool:
        """Whether it is time for some more."""
        return self._clock.monotonic() >= self._again_s

    async def renew(self, items: list[Item]) -> Renewed:
        """Make some anew, one after the other."""
        renewed = Renewed([], [])
        if not items:
            self._again_s = self._clock.monotonic() + LOOK_AGAIN_S
        for item in items:
            try:
                vector = (await self._embedder.embed([self._describe(item.payload).text]))[0]
            except (PartlyReadError, *UNREADABLE):
                renewed.lost.append(item.key)
                continue
            except EmbedderError:
                self._again_s = self._clock.monotonic() + PAUSE_S
                break
            renewed.writes.append(
                Write(Item(item.partition, item.key, vector, item.expires_s, item.payload), new=False)
            )
        return renewed
