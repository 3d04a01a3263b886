"""After a change of the embedding model no old vector is searched; each is made anew from its question."""

from tests.unit.cache.index.conftest import NewWorker

from headworks.cache.index.kept import DISK, MEMORY
from headworks.cache.index.renewal import PAUSE_S
from headworks.cache.where import Where
from headworks.testing import FakeClock


async def test_old_vectors_are_not_searched_and_come_back_made_anew(new_worker: NewWorker, clock: FakeClock) -> None:
    old = await new_worker(model="old")
    payloads = [old.add(number, f"text {number}", more="learned") for number in range(30)]
    old.add(30, "bad")
    old.add(31, "brief", ttl_s=5)
    await old.index.stop()
    clock.advance(6)

    other = await new_worker("1", model="new", dims=24)  # only worker 0 makes vectors anew
    assert other.index.report().tiers[MEMORY].entries == 0
    assert other.embedder.asked == []
    new = await new_worker("0", model="new", dims=24)
    assert sorted(new.embedder.asked) == sorted([f"text {number}" for number in range(30)] + ["bad"])
    await other.index.idle()
    for worker in (new, other):
        assert all(worker.finds(f"text {number}") for number in range(30))
        assert worker.payload("text 7") == payloads[7]
        assert not worker.finds("bad")
    assert (await new.index.count(Where()))[DISK] == 30


async def test_a_failing_embedder_is_left_alone_for_a_while(new_worker: NewWorker, clock: FakeClock) -> None:
    old = await new_worker(model="old")
    old.add(1, "text")
    await old.index.stop()
    new = await new_worker("1", model="new")
    new.index._worker = "0"
    new.embedder.away = True
    await new.index.idle()
    new.embedder.away = False
    await new.index.idle()
    assert new.embedder.asked == []
    clock.advance(PAUSE_S)
    await new.index.idle()
    assert new.finds("text")


async def test_two_models_at_once_do_not_take_vectors_from_each_other(new_worker: NewWorker) -> None:
    old = await new_worker("0", model="old")
    old.add(1, "text")
    await old.index.turn()
    new = await new_worker("0", model="new")
    await old.index.idle()
    assert new.finds("text")
    assert old.embedder.asked == []
    back = await new_worker("0", model="old")  # and a change back is a change, too
    assert back.finds("text")


async def test_what_was_purged_meanwhile_is_not_made_anew(new_worker: NewWorker) -> None:
    old = await new_worker(model="old")
    old.add(1, "text", user="ann")
    await old.index.stop()
    new = await new_worker("1", model="new")
    items = await new.index._in_thread(lambda file: file.older(8))
    renewed = await new.index._renewal.renew(items)
    await new.index.purge(Where(user="ann"))
    unknown = await new.index._in_thread(lambda file: file.write(renewed.writes, renewed.lost))
    assert len(unknown) == 1
    assert (await new.index.count(Where()))[DISK] == 0
