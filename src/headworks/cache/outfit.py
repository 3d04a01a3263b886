"""The cache room of one process with all that belongs to it: made from settings, started, looked after and stopped."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import structlog
from msgspec import Struct

from headworks.cache.config import RoomSettings
from headworks.cache.local import LocalStore
from headworks.cache.looking import Kit
from headworks.cache.protocols import Outside, Place
from headworks.cache.room import CacheRoom
from headworks.cache.upkeep import CacheMetrics, LocalTiers, SemanticRow, SharedTier, Tier, Upkeep
from headworks.cache.where import Where
from headworks.core.clock import Clock
from headworks.core.messages import Ask

if TYPE_CHECKING:
    from headworks.cache.meaning.room import Meaning
    from headworks.cache.shared.relay import Relay
    from headworks.cache.shared.store import SharedStore

_log = structlog.get_logger("headworks.cache")


class Near(Protocol):
    """What keeps to the rules of the shared server: this node's own tiers."""

    async def purge(self, where: Where) -> object:
        """Let go of all entries that are meant; raises StoreError."""


class Extras(Struct, frozen=True):
    """Makes what needs libraries that may not be installed; `app.py` imports those only when they are wanted.

    Attributes:
        relay: What connects this node to the others; None where the place names no shared server. Raises StoreError
            when the library is missing.
        meaning: The semantic cache. Raises ImportError when a library is missing.
    """

    relay: "Callable[[Place, Near, Clock], Relay | None]"
    meaning: "Callable[[Place, RoomSettings, LocalStore, SharedStore | None, Outside, Clock], Meaning]"


class Outfit:
    """The room and what belongs to it.

    Args:
        place: Where it lies.
        settings: Limits, and the embedding model.
        plain: For each client dialect, whether an ask's neutral prompt says all that its body says.
        outside: The rest of the gateway.
        extras: Makes what is not always there.
        clock: Source of time.

    Attributes:
        room: The room itself.
        upkeep: For its operator.
    """

    def __init__(
        self,
        place: Place,
        settings: RoomSettings,
        plain: Mapping[str, Callable[[Ask], bool]],
        outside: Outside,
        extras: Extras,
        clock: Clock,
    ) -> None:
        self._place = place
        self._settings = settings
        self._outside = outside
        self._clock = clock
        self._store = LocalStore(place.data_dir, settings, clock, worker=place.worker)
        self._extras = extras
        self._relay = extras.relay(place, self, clock)
        self._meaning: Meaning | None = None
        self._lacks_meaning = False
        kit = Kit(store=self._store, clock=clock, cost_nano=outside.cost_nano)
        kit.shared = None if self._relay is None else self._relay.shared
        self.room = CacheRoom(kit, plain)
        self._tiers: dict[str, Tier] = tiers(self._store, None if self._relay is None else self._relay.shared)
        self.upkeep = Upkeep(self._tiers, clock, kit.counts, semantic=self._rows)
        self._metrics = CacheMetrics(self.upkeep.stats, first=place.worker == "0")

    async def start(self) -> None:
        """Open files and connections.

        Raises:
            StoreError: The data directory cannot be used.
        """
        await self._store.start()
        if self._meaning is not None:
            self._meaning.start()
        if self._relay is not None:
            await self._relay.start()
        self._metrics.start()

    async def stop(self) -> None:
        """Keep what is to be kept, and let go of everything."""
        self._metrics.stop()
        if self._meaning is not None:
            await self._meaning.stop()
        if self._relay is not None:
            await self._relay.stop()
        await self._store.stop()

    async def purge(self, where: Where) -> None:
        """Let go of all that is meant on this node, as the server that nodes share says.

        Raises:
            StoreError: It could not be done.
        """
        await self._store.purge(where)
        if await self.meaning_ready() and self._meaning is not None:
            await self._meaning.tier.purge(where)

    def metrics(self) -> bytes:
        """What Prometheus sees of it."""
        return self._metrics.text()

    def want_meaning(self, *, running: bool) -> None:
        """A feature wants answers by meaning: have that ready, if its libraries are installed.

        Args:
            running: Whether the room has been started: then this is, too.
        """
        if self._meaning is not None or self._lacks_meaning:
            return
        try:
            shared = None if self._relay is None else self._relay.shared
            self._meaning = self._extras.meaning(
                self._place, self._settings, self._store, shared, self._outside, self._clock
            )
        except ImportError as error:
            self._lacks_meaning = True
            reason = f"{error.name or error} is not installed: install headworks[embed]"
            _log.warning("semantic_cache_off", reason=reason, effect="exact answers only")
            return
        self.room.kit.similar = self._meaning
        self._tiers["semantic"] = self._meaning.tier
        if running:
            self._meaning.start()

    async def meaning_ready(self) -> bool:
        """Return once answering by meaning works, or cannot: whether it does."""
        return self._meaning is not None and await self._meaning.ready()

    async def learned(self) -> None:
        """Return when nothing is being learned."""
        if self._meaning is not None:
            await self._meaning.idle()

    def _rows(self) -> list[SemanticRow]:
        return [] if self._meaning is None else self._meaning.rows()


def tiers(store: LocalStore, shared: "SharedStore | None") -> dict[str, Tier]:
    """Where cached answers lie, the nearest first."""
    found: dict[str, Tier] = {"local": LocalTiers(store)}
    return found if shared is None else found | {"shared": SharedTier(shared)}
