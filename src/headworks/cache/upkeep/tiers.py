"""Every place where answers lie, as one who looks after them sees it; and this machine's and the shared one as such."""

from typing import Protocol

from msgspec import Struct

from headworks.cache.local import LocalStore
from headworks.cache.local.usage import TierUsage
from headworks.cache.where import Where


class Gone(Struct, frozen=True, kw_only=True):
    """What a purge removed.

    Attributes:
        counts: Entries, by tier. An entry that lay in several counts in each.
        erased: True when their bytes are gone, too; False when they are overwritten as soon as a reader lets go.
    """

    counts: dict[str, int]
    erased: bool = True


class TierRow(Struct, frozen=True, kw_only=True):
    """One tier, at the moment.

    Attributes:
        entries: In it; None where counting them takes long.
        bytes: What they take; None where nobody here knows.
        limit_bytes: What they may take; None where it is set elsewhere.
        hits: Found in it by this process.
        evicted: Let go by this process for want of room; None where that happens elsewhere.
        common: Whether other processes keep entries there, too.
        up: Whether it is in use at the moment.
    """

    entries: int | None = None
    bytes: int | None = None
    limit_bytes: int | None = None
    hits: int = 0
    evicted: int | None = None
    common: bool = False
    up: bool = True


class Troubles(Struct, frozen=True, kw_only=True):
    """What did not go well in this process, so far.

    Attributes:
        broken: Entries that did not stand their check, and were dropped.
        dropped: Answers that were not written: no room, too slow, or away.
        refused: Answers not kept because what they belong to was invalidated while they were written.
    """

    broken: int = 0
    dropped: int = 0
    refused: int = 0


class Report(Struct, frozen=True, kw_only=True):
    """What one place says of itself.

    Attributes:
        tiers: By name.
        troubles: Of all of them together.
    """

    tiers: dict[str, TierRow]
    troubles: Troubles = Troubles()


class Tier(Protocol):
    """One place where answers lie; it may be made of several tiers."""

    async def purge(self, where: Where) -> Gone:
        """Let go of all that is meant; when this returns, none of it is served any more, nor comes back.

        Raises:
            StoreError: It could not be done.
        """

    async def count(self, where: Where) -> dict[str, int]:
        """How many entries are meant, by tier.

        Raises:
            StoreError: They could not be counted.
        """

    def report(self) -> Report:
        """What there is, and what was done. At once, without asking anybody."""


class LocalTiers:
    """Memory of this process, and the disk. A tier without room is left out.

    Args:
        store: Both.
    """

    def __init__(self, store: LocalStore) -> None:
        self._store = store

    async def purge(self, where: Where) -> Gone:
        """Let go of all that is meant, in the memory of all workers and on disk; this one's memory is counted."""
        gone = await self._store.purge(where)
        return Gone(counts=self._named({"memory": gone.memory, "disk": gone.disk}), erased=gone.erased)

    async def count(self, where: Where) -> dict[str, int]:
        """How many are meant, in this process's memory and on disk."""
        return self._named(await self._store.count(where))

    def report(self) -> Report:
        """Both tiers."""
        usage = self._store.usage()
        tiers = {
            "memory": _row(usage.memory, common=False, up=True),
            "disk": _row(usage.disk, common=True, up=not usage.disk_away),
        }
        troubles = Troubles(broken=usage.broken, dropped=usage.dropped, refused=usage.refused)
        return Report(tiers={name: row for name, row in tiers.items() if row.limit_bytes}, troubles=troubles)

    def _named(self, counts: dict[str, int]) -> dict[str, int]:
        usage = self._store.usage()
        limits = {"memory": usage.memory.limit_bytes, "disk": usage.disk.limit_bytes}
        return {name: count for name, count in counts.items() if limits[name]}


class _SharedUsage(Protocol):
    """`cache.shared.store.SharedUsage`, whose module needs an extra."""

    @property
    def up(self) -> bool: ...
    @property
    def hits(self) -> int: ...
    @property
    def broken(self) -> int: ...
    @property
    def ruled(self) -> int: ...
    @property
    def dropped(self) -> int: ...
    @property
    def failed(self) -> int: ...


class _SharedStore(Protocol):
    """`cache.shared.store.SharedStore`."""

    async def purge(self, where: Where) -> int: ...
    async def count(self, where: Where) -> int: ...
    def usage(self) -> _SharedUsage: ...


class SharedTier:
    """The server that all nodes share. How much it holds is not known without walking through it.

    Args:
        store: This node's way to it.
    """

    def __init__(self, store: _SharedStore) -> None:
        self._store = store

    async def purge(self, where: Where) -> Gone:
        """Let go of all that is meant, there and in all nodes."""
        return Gone(counts={"shared": await self._store.purge(where)})

    async def count(self, where: Where) -> dict[str, int]:
        """How many are meant there."""
        return {"shared": await self._store.count(where)}

    def report(self) -> Report:
        """What this node saw of it."""
        usage = self._store.usage()
        troubles = Troubles(broken=usage.broken, dropped=usage.dropped + usage.failed, refused=usage.ruled)
        return Report(tiers={"shared": TierRow(hits=usage.hits, common=True, up=usage.up)}, troubles=troubles)


def _row(usage: TierUsage, *, common: bool, up: bool) -> TierRow:
    return TierRow(
        entries=usage.entries,
        bytes=usage.bytes,
        limit_bytes=usage.limit_bytes,
        hits=usage.hits,
        evicted=usage.evicted,
        common=common,
        up=up,
    )
