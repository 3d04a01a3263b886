"""What one worker adds, changes, removes or purges, the others know a turn later; and a restart forgets nothing."""

import asyncio
from pathlib import Path

import apsw
import pytest
from tests.unit.cache.index.conftest import DIMS, NewWorker, Worker, key

from headworks.cache.index.kept import DISK, MEMORY
from headworks.cache.meaning.filed import FiledQuestions
from headworks.cache.where import Where
from headworks.core.errors import StoreError
from headworks.testing import FakeClock


def files_of(folder: Path) -> list[Path]:
    return list(folder.glob("semantic.sqlite*"))


async def test_what_is_added_is_found_at_once_here_and_a_turn_later_elsewhere(new_worker: NewWorker) -> None:
    first, second = await new_worker("0"), await new_worker("1")
    first.add(1, "hello")
    assert first.finds("hello")
    assert not second.finds("hello")
    await first.index.turn()
    await second.index.turn()
    assert second.finds("hello")
    assert second.payload("hello") == first.payload("hello")


async def test_a_restart_forgets_nothing(new_worker: NewWorker) -> None:
    first = await new_worker()
    for number in range(1000):
        first.add(number, f"text {number}")
    first.add(1000, "brief", ttl_s=5)
    await first.index.stop()
    first.clock.advance(6)
    again = await new_worker()
    assert all(again.finds(f"text {number}") for number in range(1000))
    assert not again.finds("brief")
    assert again.index.report().tiers[MEMORY].entries == 1000


async def test_changes_and_removals_reach_the_others(new_worker: NewWorker) -> None:
    first, second = await new_worker("0"), await new_worker("1")
    first.add(1, "hello")
    first.add(2, "there")
    await first.index.turn()
    await second.index.turn()
    changed = first.add(1, "hello", more="changed")
    first.index.note(key(1), changed)
    first.index.note(key(99), b"nobody")
    first.index.remove(key(2))
    assert not first.finds("there")
    await first.index.turn()
    await second.index.turn()
    assert second.payload("hello") == changed
    assert not second.finds("there")


async def test_a_note_on_what_was_not_written_yet_is_written_with_it(new_worker: NewWorker) -> None:
    first, second = await new_worker("0"), await new_worker("1")
    first.add(1, "hello")
    noted = first.payload("hello").replace(b"\xa0", b"\xa1x")
    first.index.note(key(1), noted)
    await first.index.turn()
    await second.index.turn()
    assert second.payload("hello") == noted


async def test_a_purge_reaches_memory_disk_and_queues_of_all_workers(new_worker: NewWorker, tmp_path: Path) -> None:
    first, second = await new_worker("0"), await new_worker("1")
    first.add(1, "of ann, long known", user="ann")
    first.add(2, "of bob, long known", user="bob")
    await first.index.turn()
    await second.index.turn()
    first.add(3, "of ann, not written", user="ann")
    second.add(4, "of ann, not written either", user="ann")
    second.add(5, "of bob, not written either", user="bob")
    assert await first.index.count(Where(user="ann")) == {MEMORY: 2, DISK: 2}  # counting writes first
    first.add(6, "of ann, just now", user="ann")
    gone = await first.index.purge(Where(user="ann"))
    assert gone.counts == {MEMORY: 3, DISK: 2}
    await second.index.turn()
    await first.index.turn()
    for worker in (first, second):
        assert not any(worker.finds(text) for text in ("of ann, long known", "of ann, not written"))
        assert not worker.finds("of ann, not written either")
        assert worker.finds("of bob, long known")
        assert worker.finds("of bob, not written either")
        assert await worker.index.count(Where(user="ann")) == {MEMORY: 0, DISK: 0}
    assert second.index.report().troubles.refused == 1

    # What was asked before the purge and is answered after it is not kept either.
    first.clock.advance(5)
    first.add(7, "asked before", user="ann", age_s=60)
    first.add(8, "asked after", user="ann", age_s=1)
    await first.index.turn()
    assert not first.finds("asked before")
    assert first.finds("asked after")
    assert (await first.index.purge(Where(user="ann"))).erased
    files = [path.read_bytes() for path in files_of(tmp_path)]
    assert not any(b"of ann" in data or b"asked after" in data for data in files)
    assert any(b"of bob" in data for data in files)


async def test_a_large_purge_is_followed_to_its_end(new_worker: NewWorker) -> None:
    first, second = await new_worker("0"), await new_worker("1")
    for number in range(6000):
        first.add(number, f"{number}", user="ann" if number % 6 else "bob")
    await first.index.idle()
    await second.index.idle()
    assert second.index.report().tiers[MEMORY].entries == 6000
    gone = await first.index.purge(Where(user="ann"))
    assert gone.counts == {MEMORY: 5000, DISK: 5000}
    await second.index.idle()
    assert second.index.report().tiers[MEMORY].entries == 1000


async def test_a_worker_that_slept_through_all_notices_reads_everything_anew(
    new_worker: NewWorker, clock: FakeClock
) -> None:
    first, second = await new_worker("0"), await new_worker("1")
    first.add(1, "one", ttl_s=1e6)
    first.add(2, "two", ttl_s=1e6)
    await first.index.turn()
    await second.index._turn()
    first.index.remove(key(1))
    await first.index.turn()
    clock.advance(7200)
    first.index.remove(key(77))
    await first.index.turn()
    first.add(3, "three")
    first.index.remove(key(2))
    await first.index.turn()
    clock.advance(20)
    await first.index.turn()
    assert second.finds("one")
    await second.index.idle()
    assert not second.finds("one")
    assert not second.finds("two")
    assert second.finds("three")


async def test_disk_and_memory_stay_within_their_bytes(new_worker: NewWorker, tmp_path: Path) -> None:
    limit = 4 << 20
    first = await new_worker(memory=1 << 20, disk=limit)
    for number in range(12_000):
        first.add(number, f"text {number}", more="x" * 500)
        if number % 500 == 499:
            await first.index.turn()
            assert sum(path.stat().st_size for path in files_of(tmp_path)) <= limit
    report = first.index.report()
    assert report.tiers[MEMORY].bytes <= 1 << 20
    assert report.tiers[MEMORY].evicted > 0
    assert report.tiers[DISK].evicted > 0
    assert first.finds("text 11999")
    await first.index.stop()
    again = await new_worker(disk=limit)
    assert again.finds("text 11999")
    assert not again.finds("text 0")


async def test_what_nobody_could_purge_is_counted_and_not_kept(new_worker: NewWorker) -> None:
    first = await new_worker()
    first.index.add(key(5), key(1), first.embedder.vector("junk"), first.clock.now() + 60, b"\xc1")
    first.add(2, "whole")
    await first.index.turn()
    assert first.finds("whole")
    assert first.index.report().troubles.dropped == 1
    assert first.index.report().tiers[MEMORY].entries == 1


@pytest.mark.parametrize("damage", ["noise", "cut", "gone", "not a database"])
async def test_a_broken_file_is_made_anew_and_calls_go_on(new_worker: NewWorker, tmp_path: Path, damage: str) -> None:
    first = await new_worker()
    for number in range(500):
        first.add(number, f"text {number}")
    await first.index.stop()
    path = tmp_path / "semantic.sqlite"
    data = bytearray(path.read_bytes())
    if damage == "noise":
        data[20_000:60_000] = bytes(range(256)) * 157
    elif damage == "cut":
        data = data[: len(data) // 3]
    elif damage == "not a database":
        data[:100] = b"x" * 100
    path.write_bytes(data)
    if damage == "gone":
        path.unlink()
    again: Worker = await new_worker()
    again.add(1000, "new")
    await again.index.idle()
    assert again.finds("new")
    other: Worker = await new_worker("1")
    assert other.finds("new")
    found = sum(other.finds(f"text {number}") for number in range(500))
    assert found < 500
    assert found == 0 or damage == "noise"


async def test_flipped_rows_are_dropped_and_counted(new_worker: NewWorker, tmp_path: Path) -> None:
    first = await new_worker()
    for number in range(50):
        first.add(number, f"text {number}")
    await first.index.stop()
    db = apsw.Connection(str(tmp_path / "semantic.sqlite"))
    db.execute("UPDATE vectors SET data = zeroblob(length(data)) WHERE id % 5 = 0")
    db.execute("UPDATE vectors SET partition = zeroblob(32) WHERE id % 5 = 1")
    db.execute("UPDATE vectors SET user = 'eve' WHERE id % 5 = 2")
    db.close()
    again = await new_worker()
    assert sum(again.finds(f"text {number}") for number in range(50)) == 20
    assert again.index.report().troubles.broken == 30
    assert (await again.index.count(Where()))[DISK] == 20


async def test_a_file_that_is_replaced_under_a_worker_is_followed(new_worker: NewWorker, tmp_path: Path) -> None:
    first, second = await new_worker("0"), await new_worker("1")
    first.add(1, "old")
    await first.index.turn()
    await second.index.turn()
    for path in files_of(tmp_path):
        path.unlink()
    await first.index.idle()
    first.add(2, "new")
    await first.index.idle()
    await second.index.idle()
    assert second.finds("new")
    assert not second.finds("old")


async def test_a_purge_that_cannot_be_done_is_an_error(new_worker: NewWorker, tmp_path: Path) -> None:
    first = await new_worker()
    first.add(1, "of ann", user="ann")
    await first.index.turn()
    blocker = apsw.Connection(str(tmp_path / "semantic.sqlite"))
    blocker.execute("BEGIN IMMEDIATE")
    first.index._file._file.writer.set_busy_timeout(1)
    with pytest.raises(StoreError, match="could not be purged"):
        await first.index.purge(Where(user="ann"))
    assert not first.finds("of ann")
    blocker.execute("ROLLBACK")
    blocker.close()
    assert (await first.index.purge(Where(user="ann"))).counts[DISK] == 1


async def test_one_who_has_no_model_counts_and_purges_and_leaves_the_models_as_they_are(
    new_worker: NewWorker, tmp_path: Path
) -> None:
    first = await new_worker()
    first.add(1, "of ann", user="ann")
    first.add(2, "of bob", user="bob")
    await first.index.turn()
    filed = FiledQuestions(tmp_path, 1 << 26, first.clock)
    assert await filed.count(Where()) == {DISK: 2}
    assert (await filed.purge(Where(user="ann"))).counts == {DISK: 1}
    assert filed.report().tiers[DISK].bytes > 0
    filed.close()
    await first.index.turn()
    assert (first.finds("of ann"), first.finds("of bob")) == (False, True)
    db = apsw.Connection(str(tmp_path / "semantic.sqlite"))
    assert db.execute("SELECT name, dims FROM encoders").fetchall() == [("hash", DIMS)]
    db.close()


async def test_searches_go_on_while_everything_else_does(new_worker: NewWorker) -> None:
    """A thousand vectors are read in small steps: other tasks get their turn between."""
    first = await new_worker("0")
    for number in range(3000):
        first.add(number, f"text {number}")
    await first.index.idle()
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    second = await new_worker("1")
    task.cancel()
    assert second.finds("text 2999")
    assert turns > 3000 / 16
