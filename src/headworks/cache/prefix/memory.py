"""What is remembered of the prefixes of calls made before, in bounds.

Names are hashes over the organisation, the feature and (where it matters) the model, so that nothing is shared between
any two of these. The memory is this worker's own: each learns by itself, and forgets when it ends.
"""

from collections.abc import Callable
from hashlib import blake2b

from msgspec import Struct

from headworks.cache.prefix.contents import Contents
from headworks.cache.prefix.naming import Tariff
from headworks.cache.prefix.storage import storage_nano
from headworks.cache.prefix.traffic import Conversation, Habit, Latest, Sights
from headworks.core.clock import Clock
from headworks.core.messages import Prices, Target

MOST_PREFIXES, MOST_CONVERSATIONS, MOST_FEATURES, MOST_MOVED = 10_000, 10_000, 2_000, 10_000
"""How many are remembered, a few hundred bytes each."""
NAME_BYTES = 16


class Moved(Struct, frozen=True):
    """A conversation that another model than the first holds, until its provider forgets (monotonic seconds)."""

    provider: str
    provider_model: str
    until_s: float


class Memory(Struct, frozen=True, kw_only=True):
    """What all calls share.

    Attributes:
        clock: For the time between calls.
        prices: The prices in force for a target; None when nobody knows.
        prefixes: Uses of tools, system prompts and documents.
        conversations: Uses of histories.
        habits: How conversations go on, by feature and model.
        moved: Conversations that live elsewhere than with the first model of their route.
        contents: What accounts keep under names.
    """

    clock: Clock
    prices: Callable[[Target], Prices | None]
    prefixes: Latest[Sights]
    conversations: Latest[Conversation]
    habits: Latest[Habit]
    moved: Latest[Moved]
    contents: Contents

    def tariff(self, target: Target) -> Tariff | None:
        """What a target asks for what it keeps under a name; None when nobody knows all of it."""
        prices = self.prices(target)
        hour_nano = None if prices is None else storage_nano(target, prices, self.clock.now())
        if prices is None or hour_nano is None:
            return None
        return Tariff(prices.input, prices.input if prices.cached is None else prices.cached, hour_nano)


def empty(clock: Clock, prices: Callable[[Target], Prices | None]) -> Memory:
    """A memory of nothing."""
    return Memory(
        clock=clock,
        prices=prices,
        prefixes=Latest(MOST_PREFIXES),
        conversations=Latest(MOST_CONVERSATIONS),
        habits=Latest(MOST_FEATURES),
        moved=Latest(MOST_MOVED),
        contents=Contents(clock),
    )


def name_of(*parts: bytes) -> bytes:
    """The hash of some parts, with their limits."""
    made = blake2b(digest_size=NAME_BYTES)
    for part in parts:
        made.update(len(part).to_bytes(8, "big"))
        made.update(part)
    return made.digest()
