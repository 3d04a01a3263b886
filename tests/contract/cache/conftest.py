"""Every tier behind one face: what they promise alike is asked of all of them. A further tier joins by one more row."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest
from tests.contract.cache.valkey import Valkey

from headworks.cache.entries import Entry, Facets, unpack
from headworks.cache.local import LocalSettings, LocalStore, Memory
from headworks.cache.local.bell import Bell
from headworks.cache.local.disk import Disk
from headworks.cache.local.disk.tables import condition
from headworks.cache.local.held import held
from headworks.cache.local.queue import Waiting
from headworks.cache.local.rules import Meaning, meaning_of
from headworks.cache.shared.settings import SharedSettings
from headworks.cache.shared.store import SharedStore
from headworks.cache.where import Where
from headworks.core.clock import Clock, SystemClock
from headworks.core.replies import Finished, Started, TextDelta, Usage, UsageReported
from headworks.testing import FakeClock


class Tier(Protocol):
    """What the suite asks of a tier. `put` returns when the entry can be found."""

    clock: Clock

    async def get(self, key: bytes) -> Entry | None: ...
    async def put(self, entry: Entry) -> None: ...
    async def remove(self, key: bytes) -> None: ...
    async def purge(self, where: Where) -> int: ...
    async def count(self, where: Where) -> int: ...


class MemoryTier:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.memory = Memory(1 << 24, clock)

    async def get(self, key: bytes) -> Entry | None:
        found = self.memory.get(key)
        return unpack(found.data) if found else None

    async def put(self, entry: Entry) -> None:
        self.memory.put(held(entry))

    async def remove(self, key: bytes) -> None:
        self.memory.remove(key)

    async def purge(self, where: Where) -> int:
        return self.memory.purge(where)

    async def count(self, where: Where) -> int:
        return self.memory.count(where)


class DiskTier:
    def __init__(self, clock: Clock, folder: Path) -> None:
        self.clock = clock
        self.bell = Bell(folder)
        self.disk = Disk(folder, 1 << 26, clock, self.bell)
        self.disk.open()

    async def get(self, key: bytes) -> Entry | None:
        found = self.disk.reading.get(key, self.clock.now())
        return found[0] if found else None

    async def put(self, entry: Entry) -> None:
        assert self.disk.write([Waiting(held(entry), self.bell.number)], [entry.key]) == 0
        self.disk.turn()

    async def remove(self, key: bytes) -> None:
        self.disk.purge(Meaning(key), ("key = ?", [key]), erase=False)

    async def purge(self, where: Where) -> int:
        return self.disk.purge(meaning_of(where), condition(where), erase=True)[0]

    async def count(self, where: Where) -> int:
        return self.disk.count(condition(where))

    async def close(self) -> None:
        self.disk.close()
        self.bell.close()


class LocalTier:
    """Both tiers of a machine; `worker` says which of them answers."""

    def __init__(self, clock: Clock, folder: Path, tier: str) -> None:
        self.clock = clock
        self.tier = tier
        memory, disk = (1 << 24 if tier != "disk" else 0), (1 << 26 if tier != "memory" else 0)
        self.store = LocalStore(folder, LocalSettings(memory_bytes=memory, disk_bytes=disk), clock)

    async def get(self, key: bytes) -> Entry | None:
        return self.store.get(key)

    async def put(self, entry: Entry) -> None:
        self.store.put(entry, self.store.mark())
        await self.store.flush()

    async def remove(self, key: bytes) -> None:
        await self.store.remove(key)

    async def purge(self, where: Where) -> int:
        purged = await self.store.purge(where)
        assert purged.erased
        return purged.memory if self.tier == "memory" else purged.disk

    async def count(self, where: Where) -> int:
        return (await self.store.count(where))["memory" if self.tier == "memory" else "disk"]


class SharedTier:
    def __init__(self, clock: Clock, valkey: Valkey) -> None:
        self.clock = clock
        self.store = SharedStore(valkey.url, SharedSettings(call_s=2.0, work_s=2.0), clock)

    async def get(self, key: bytes) -> Entry | None:
        return await self.store.get(key)

    async def put(self, entry: Entry) -> None:
        self.store.put(entry)
        await self.store.writer.drained()

    async def remove(self, key: bytes) -> None:
        await self.store.remove(key)

    async def purge(self, where: Where) -> int:
        return await self.store.purge(where)

    async def count(self, where: Where) -> int:
        return await self.store.count(where)


async def _shared(stack: AsyncExitStack) -> Tier:
    server = Valkey()
    stack.callback(server.remove)
    server.start()
    tier = SharedTier(SystemClock(), server)
    await tier.store.start()
    stack.push_async_callback(tier.store.stop)
    return tier


async def _local(stack: AsyncExitStack, folder: Path, kind: str) -> Tier:
    tier = LocalTier(FakeClock(), folder, kind)
    await tier.store.start()
    stack.push_async_callback(tier.store.stop)
    return tier


@pytest.fixture(params=["memory", "disk", "both, memory on", "both, disk on", "both", "shared"])
async def tier(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Tier]:
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            yield MemoryTier(FakeClock())
        elif request.param == "disk":
            disk = DiskTier(FakeClock(), tmp_path)
            stack.push_async_callback(disk.close)
            yield disk
        elif request.param == "shared":
            yield await _shared(stack)
        else:
            kind = {"both, memory on": "memory", "both, disk on": "disk"}.get(request.param, "both")
            yield await _local(stack, tmp_path, kind)


@pytest.fixture
def entry(tier: Tier) -> Callable[..., Entry]:
    """Makes entries that are valid for an hour from now by the tier's clock."""

    def make(
        number: int = 0, text: str = "An answer.", *, age_s: float = 0.0, ttl_s: float = 3600, **facets: object
    ) -> Entry:
        created_s = tier.clock.now() - age_s
        return Entry(
            key=number.to_bytes(32, "big"),
            facets=Facets(**{"org": "acme", "feature": "bot", "model": "small"} | facets),  # type: ignore[arg-type]
            created_s=created_s,
            expires_s=created_s + ttl_s,
            model="small",
            provider="lab",
            provider_model="small-1",
            events=[Started("id", "small-1"), TextDelta(text), Finished("stop"), UsageReported(Usage(input_tokens=3))],
            cost_nano=1200,
        )

    return make
