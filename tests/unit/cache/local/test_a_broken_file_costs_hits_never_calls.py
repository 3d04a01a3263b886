"""Whatever is done to the file: an entry that is not whole is never served, no call fails, and the tier recovers."""

import asyncio
import json
import random
import shutil
import tempfile
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.cache.local.conftest import NewStore, child, entry

from headworks.cache.entries import Entry
from headworks.cache.local import LocalSettings, LocalStore
from headworks.cache.local.disk.disk import AGAIN_S
from headworks.cache.where import Where
from headworks.testing import FakeClock

COUNT = 60


def kept(number: int) -> Entry:
    noise = random.Random(number).randbytes(3000).hex()
    text = ("short", "one page of text " * 60, noise * 2)[number % 3] + str(number)
    return entry(number, text, user=f"user {number % 5}", prompt="p@1", tags={"n": str(number)})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with entries in its file."""
    folder = tmp_path_factory.mktemp("whole")

    async def fill() -> None:
        store = LocalStore(folder, LocalSettings(memory_bytes=0), FakeClock())
        await store.start()
        for number in range(COUNT):
            store.put(kept(number), store.mark())
        await store.flush()
        await store.purge(Where(user="user 4"), erase=False)
        await store.stop()

    asyncio.run(fill())
    return folder


async def survives(folder: Path) -> int:
    """Use a store on the folder: how many entries it still has. None of them is another than was put."""
    clock = FakeClock()
    store = LocalStore(folder, LocalSettings(memory_bytes=0), clock)
    await store.start()
    found = 0
    for number in range(COUNT):
        got = store.get(kept(number).key)
        assert got is None or (got == kept(number) and number % 5 != 4)
        found += got is not None
    for number in range(100, 110):
        store.put(kept(number), store.mark())
    for _ in range(3):
        clock.advance(AGAIN_S)
        await store.flush()
    assert (await store.purge(Where(tag=("n", "1")))).erased
    for _ in range(3):  # a write that finds the file broken is lost with it
        store.put(kept(200), store.mark())
        await store.flush()
    assert store.get(kept(200).key) == kept(200)
    assert (await store.count(Where(tag=("n", "200"))))["disk"] == 1
    assert not store.usage().disk_away
    await store.stop()
    return found


def copied(whole: Path, folder: Path) -> Path:
    for path in whole.iterdir():
        shutil.copy(path, folder)
    return folder / "cache.sqlite"


async def test_a_whole_file_has_all(whole: Path, tmp_path: Path) -> None:
    copied(whole, tmp_path)
    assert await survives(tmp_path) == 48


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_flipped_bits_anywhere(whole: Path, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = copied(whole, Path(name))
        content = bytearray(path.read_bytes())
        for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=60)):
            content[place] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(content)
        asyncio.run(survives(Path(name)))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1 << 30), share=st.sampled_from([0.0005, 0.01, 0.2]))
def test_noise_over_whole_stretches(whole: Path, seed: int, share: float) -> None:
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        path = copied(whole, Path(name))
        content = bytearray(path.read_bytes())
        length = int(len(content) * share)
        start = dice.randrange(len(content) - length)
        content[start : start + length] = dice.randbytes(length)
        path.write_bytes(content)
        asyncio.run(survives(Path(name)))


@settings(max_examples=20, deadline=None)
@given(share=st.floats(0, 1))
def test_cut_anywhere(whole: Path, share: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = copied(whole, Path(name))
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        asyncio.run(survives(Path(name)))


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0", bytes(8192)])
async def test_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cache.sqlite").write_bytes(content)
    (tmp_path / "cache.sqlite-wal").write_bytes(b"rubbish" * 1000)
    (tmp_path / "cache.number").write_bytes(b"\xff" * 8)
    assert await survives(tmp_path) == 0


async def test_tables_of_another_kind(tmp_path: Path, whole: Path) -> None:
    path = copied(whole, tmp_path)
    db = apsw.Connection(str(path))
    db.execute("DROP TABLE answers; CREATE TABLE answers (id, raw_size, data); ALTER TABLE entries DROP COLUMN tags")
    db.close()
    assert await survives(tmp_path) == 0


async def test_rows_of_another_kind(tmp_path: Path, whole: Path) -> None:
    path = copied(whole, tmp_path)
    db = apsw.Connection(str(path))
    db.execute("PRAGMA ignore_check_constraints = 1")
    db.execute("UPDATE answers SET raw_size = 1 << 60 WHERE id % 4 = 0")
    db.execute("UPDATE answers SET data = x'' WHERE id % 4 = 1")
    db.execute("UPDATE answers SET data = (SELECT data FROM answers WHERE id = 8) WHERE id % 4 = 2")
    db.execute("UPDATE entries SET user = 'another' WHERE id % 4 = 3")
    db.close()
    clock = FakeClock()
    store = LocalStore(tmp_path, LocalSettings(memory_bytes=0), clock)
    await store.start()
    assert [store.get(kept(number).key) for number in range(COUNT)] == [None] * COUNT
    await store.flush()
    assert store.usage().broken == 48
    assert await store.count(Where()) == {"memory": 0, "disk": 0}
    assert store.usage().made_anew == 0
    await store.stop()


async def test_a_file_that_breaks_under_running_workers_is_made_anew_for_all(stores: NewStore, tmp_path: Path) -> None:
    one, two = await stores(memory=0), await stores(memory=0)
    for number in range(COUNT):
        one.put(kept(number), one.mark())
    await one.flush()
    await one.purge(Where(user="user 3"))  # what is in the log would be written over the harm
    harm = "import sys; f = open(sys.argv[1], 'r+b'); f.write(b'x' * 400_000); f.close()"
    child(harm, str(tmp_path / "cache.sqlite")).communicate()
    assert (await one.purge(Where(user="user 1"))).erased
    for store in (one, two):
        for _ in range(3):
            for number in range(COUNT):
                got = store.get(kept(number).key)
                assert got is None or (got == kept(number) and number % 5 not in (1, 3))
            await store.flush()
    assert one.usage().made_anew + two.usage().made_anew >= 1
    one.put(kept(1), one.mark())
    await one.flush()
    assert two.get(kept(1).key) == kept(1)
    two.put(kept(2), two.mark())
    await two.flush()
    assert one.get(kept(2).key) == kept(2)


async def test_a_file_that_is_deleted_under_running_workers_comes_back(stores: NewStore, tmp_path: Path) -> None:
    one, two = await stores(memory=0), await stores(memory=0)
    one.put(kept(1), one.mark())
    await one.flush()
    for name in ("cache.sqlite", "cache.sqlite-wal", "cache.sqlite-shm"):
        (tmp_path / name).unlink()
    for store in (one, two):
        await store.flush()
        await store.flush()
    two.put(kept(2), two.mark())
    await two.flush()
    assert one.get(kept(2).key) == kept(2)
    assert one.get(kept(1).key) is None


FULL = """
import asyncio, json, os, resource, sys
from pathlib import Path
from headworks.cache.entries import Entry, Facets
from headworks.cache.local import LocalSettings, LocalStore
from headworks.cache.where import Where
from headworks.core.replies import Finished, TextDelta
from headworks.testing import FakeClock

def entry(number, user):
    return Entry(key=number.to_bytes(32, "big"), facets=Facets(user=user), created_s=1767225600.0, expires_s=1e10,
        model="m", provider="p", provider_model="pm", events=[TextDelta(os.urandom(1000).hex()), Finished("stop")])

async def main():
    clock = FakeClock()
    store = LocalStore(Path(sys.argv[1]), LocalSettings(disk_bytes=1 << 26), clock)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    await store.start()
    for number in range(4000):
        store.put(entry(number, f"user{number % 3}"), store.mark())
        assert store.get(number.to_bytes(32, "big")) is not None
        if number % 50 == 0:
            clock.advance(3)
            await store.flush()
    full = store.usage()
    purged = await store.purge(Where(user="user1"))
    gone = all(store.get(number.to_bytes(32, "big")) is None for number in range(1, 4000, 3))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    clock.advance(10)
    await store.flush()
    store.put(entry(5000, "late"), store.mark())
    await store.flush()
    late = (await store.count(Where(user="late")))["disk"]
    print(json.dumps([full.dropped > 0, purged.erased, gone, late, store.usage().disk_away]))
    await store.stop()

asyncio.run(main())
"""


@pytest.mark.parametrize("most", [1_000_000, 3_000_000])
def test_a_full_disk_drops_writes_and_can_still_be_purged(tmp_path: Path, most: int) -> None:
    out, _ = child(FULL, str(tmp_path), str(most)).communicate(timeout=120)
    assert json.loads(out.splitlines()[-1]) == [True, True, True, 1, False]


async def test_a_file_that_cannot_be_opened_is_tried_again(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "cache.sqlite").mkdir()
    store = LocalStore(tmp_path, LocalSettings(memory_bytes=0), clock)
    await store.start()
    assert store.usage().disk_away
    store.put(kept(1), store.mark())
    assert store.get(kept(1).key) is None
    assert store.usage().dropped == 1
    (tmp_path / "cache.sqlite").rmdir()
    await store.flush()
    assert store.usage().disk_away
    clock.advance(AGAIN_S)
    await store.flush()
    assert not store.usage().disk_away
    store.put(kept(1), store.mark())
    await store.flush()
    assert store.get(kept(1).key) == kept(1)
    await store.stop()


async def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path, whole: Path) -> None:
    path = copied(whole, tmp_path)
    db = apsw.Connection(str(path))
    db.execute("UPDATE schema_versions SET version = 99")
    db.close()
    store = LocalStore(tmp_path, LocalSettings(), FakeClock())
    await store.start()
    store.put(kept(1), store.mark())
    assert store.get(kept(1).key) == kept(1)
    assert store.usage().disk_away
    await store.stop()
    db = apsw.Connection(str(path))
    assert db.execute("SELECT count(*) FROM entries").fetchall() == [(48,)]
    db.close()
