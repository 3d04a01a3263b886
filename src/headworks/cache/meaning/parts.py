"""What the semantic cache is made of besides the rule: an index, and who asks the model again."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from headworks.cache.upkeep import Tier
from headworks.core.messages import Ask, Caller
from headworks.core.replies import Chunk

if TYPE_CHECKING:
    import numpy as np

    Vector = np.ndarray[Any, np.dtype[np.float32]]


class Index(Protocol):
    """Vectors of questions, each under its partition."""

    def add(self, partition: bytes, key: bytes, vector: "Vector", expires_s: float, payload: bytes) -> None:
        """Keep a vector under the key of its entry, in place of an older one."""

    def search(self, partition: bytes, vector: "Vector", k: int) -> list[tuple[bytes, float, bytes]]:
        """The nearest ones of the partition: (key, cosine, payload), nearest first."""

    def remove(self, key: bytes) -> None:
        """Let go of one."""

    def note(self, key: bytes, payload: bytes) -> None:
        """Put another payload in the place of the one of this key, if it is there."""


class KeptIndex(Index, Tier, Protocol):
    """An index with a life."""

    async def start(self) -> None:
        """Read what was kept."""

    async def stop(self) -> None:
        """Keep what is new."""


Consult = Callable[[str, list[tuple[str, str]], int, str], Awaitable[str]]
"""Asks a model (name of the config, turns of role and words, most tokens, organisation); raises HeadworksError."""
AskModel = Callable[[Ask, Caller], Awaitable[list[Chunk]]]
"""Asks the model in a call of its own, which is on record and paid for; raises HeadworksError."""
