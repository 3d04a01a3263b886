"""The disk tier: its files never exceed their limit, the least recently used leave, and a call never waits for it."""

import os
import random
from pathlib import Path

import apsw
import pytest
from pydantic import ValidationError
from tests.unit.cache.local.conftest import NewStore, entry

from headworks.cache.local import LocalSettings, LocalStore
from headworks.cache.local.bell import Bell
from headworks.cache.local.disk import Disk
from headworks.cache.local.queue import QUEUE_BYTES
from headworks.cache.where import Where
from headworks.testing import FakeClock

MIB = 1 << 20


def files_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


@pytest.mark.parametrize(
    ("limit", "count", "size"), [(4 * MIB, 8_000, 300), (4 * MIB, 600, 30_000), (16 * MIB, 5000, 8000)]
)
async def test_distinct_entries_without_end_never_exceed_the_limit(
    stores: NewStore, tmp_path: Path, limit: int, count: int, size: int
) -> None:
    store = await stores(memory=0, disk=limit)
    dice = random.Random(1)
    for number in range(count):
        store.put(
            entry(number, dice.randbytes(size // 2).hex(), user=f"user {number}", tags={"n": str(number)}), store.mark()
        )
        if number % 50 == 0:
            await store.flush()
            assert files_bytes(tmp_path) <= limit
            assert store.usage().disk.bytes <= limit
    await store.flush()
    usage = store.usage()
    assert (usage.dropped, usage.broken, usage.made_anew) == (0, 0, 0)
    assert usage.disk.evicted > 0
    kept = (await store.count(Where()))["disk"]
    assert kept + usage.disk.evicted == count
    assert kept * (size + 500) > limit * 0.4  # the room is used, too
    assert store.get(entry(count - 1).key) is not None


async def test_what_is_used_stays(stores: NewStore) -> None:
    store = await stores(memory=0, disk=4 * MIB)
    store.put(entry(0), store.mark())
    for number in range(1, 5000):
        store.put(entry(number, os.urandom(400).hex()), store.mark())
        if number % 100 == 0:
            await store.flush()
            assert store.get(entry(0).key) is not None
            for _ in range(120):  # what was used is written down every 120 turns
                await store.flush()
    assert store.get(entry(1).key) is None
    assert store.get(entry(0).key) is not None


async def test_what_is_served_from_memory_counts_as_used_on_disk(stores: NewStore) -> None:
    store = await stores(disk=4 * MIB)
    store.put(entry(0), store.mark())
    for number in range(1, 5000):
        store.put(entry(number, os.urandom(400).hex()), store.mark())
        if number % 500 == 0:
            assert store.get(entry(0).key) is not None
            for _ in range(120):
                await store.flush()
    other = await stores(disk=4 * MIB)
    assert other.get(entry(0).key) is not None
    assert other.get(entry(1).key) is None


async def test_an_entry_that_is_too_large_is_kept_in_memory_only(stores: NewStore) -> None:
    store = await stores(disk=4 * MIB)
    store.put(entry(1, os.urandom(200_000).hex()), store.mark())
    await store.flush()
    assert await store.count(Where()) == {"memory": 1, "disk": 0}
    assert store.get(entry(1).key) is not None


async def test_writes_beyond_what_may_wait_are_dropped_and_counted(stores: NewStore) -> None:
    store = await stores(memory=0)
    for number in range(200):
        store.put(entry(number, "x" * 100_000), store.mark())
    usage = store.usage()
    assert usage.waiting_bytes <= QUEUE_BYTES
    assert usage.dropped == 200 - 83
    await store.flush()
    assert store.usage().waiting_bytes == 0
    assert (await store.count(Where()))["disk"] == 83


async def test_a_log_that_a_reader_holds_stays_within_its_share(stores: NewStore, tmp_path: Path) -> None:
    store = await stores(memory=0, disk=4 * MIB)
    store.put(entry(0), store.mark())
    await store.flush()
    reader = apsw.Connection(str(tmp_path / "cache.sqlite"))
    reader.execute("BEGIN; SELECT * FROM entries").fetchall()
    for number in range(1, 200):
        store.put(entry(number, os.urandom(1500).hex()), store.mark())
    await store.flush()
    assert store.usage().dropped > 0
    assert store.usage().disk.bytes <= 4 * MIB
    reader.execute("COMMIT")
    reader.close()
    store.put(entry(500), store.mark())
    await store.flush()
    assert store.get(entry(500).key) is not None


async def test_what_has_expired_leaves_the_disk(stores: NewStore, clock: FakeClock) -> None:
    store = await stores()
    for number in range(500):
        store.put(entry(number, ttl_s=100 if number % 2 else 1000), store.mark())
    await store.flush()
    clock.advance(100)
    for _ in range(3):
        await store.flush()
    assert await store.count(Where()) == {"memory": 250, "disk": 250}


async def test_a_purge_gives_the_disk_back(stores: NewStore, tmp_path: Path) -> None:
    store = await stores(memory=0)
    for number in range(4000):
        store.put(entry(number, os.urandom(2000).hex()), store.mark())
        if number % 500 == 0:
            await store.flush()
    await store.flush()
    assert store.usage().disk.bytes > 16 * MIB
    await store.purge(Where())
    await store.flush()
    assert store.usage().disk.bytes < 9 * MIB


async def test_a_lower_limit_holds_after_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    store = LocalStore(tmp_path, LocalSettings(memory_bytes=0), clock)
    await store.start()
    for number in range(3000):
        store.put(entry(number, os.urandom(2000).hex()), store.mark())
    await store.stop()
    bell = Bell(tmp_path)
    disk = Disk(tmp_path, 4 * MIB, clock, bell)
    for _ in range(3):
        disk.turn()
    assert disk.total_bytes <= 4 * MIB
    assert disk.count(("1", [])) > 100
    disk.close()
    off = Disk(tmp_path, 0, clock, bell)
    off.turn()
    assert off.count(("1", [])) == 0
    off.close()
    bell.close()


def test_a_limit_below_what_the_file_itself_needs_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 4194304"):
        LocalSettings(disk_bytes=1000)
    assert LocalSettings(disk_bytes=0).disk_bytes == 0
