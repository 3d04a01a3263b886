"""A purge: gone from every tier and from the bytes of the files, and nothing that was under way brings it back."""

import random
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.cache.local.conftest import NewStore, entry, raw

from headworks.cache.entries import Facets
from headworks.cache.local import Purged
from headworks.cache.local.disk.tables import STEPS, condition, facet_columns
from headworks.cache.local.held import Held
from headworks.cache.local.rules import MOST_RULES, Rule, Rules, from_json, meaning_of, to_json
from headworks.cache.where import Where
from headworks.core.errors import StoreError
from headworks.testing import FakeClock

WORDS = st.sampled_from(["", "a", "A", "a@1", "a@2", "ab", "b@", "@", "ä", "%", "'"])
FACETS = st.builds(
    Facets,
    org=WORDS,
    user=WORDS,
    feature=WORDS,
    model=WORDS,
    prompt=WORDS,
    corpus=WORDS,
    tags=st.dictionaries(WORDS, WORDS),
)
MAYBE = st.none() | WORDS
WHERES = st.builds(
    Where,
    org=MAYBE,
    user=MAYBE,
    feature=MAYBE,
    model=MAYBE,
    prompt=MAYBE,
    corpus=MAYBE,
    tag=st.none() | st.tuples(WORDS, WORDS),
    created_before_s=st.none() | st.integers(0, 3).map(float),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(FACETS, st.integers(0, 3).map(float)), max_size=5), WHERES)
def test_sql_and_rules_mean_the_same_as_where(rows: list[tuple[Facets, float]], where: Where) -> None:
    db = apsw.Connection(":memory:")
    db.execute(STEPS[0])
    for number, (facets, created_s) in enumerate(rows):
        bound = (number, bytes([number]), *facet_columns(facets), created_s)
        db.execute(f"INSERT INTO entries VALUES (?{', ?' * 9}, 9, 0, 0)", bound)
    meant = [number for number, (facets, created_s) in enumerate(rows) if where.means(facets, created_s)]
    test, bound = condition(where)
    assert [row[0] for row in db.execute(f"SELECT id FROM entries WHERE {test} ORDER BY id", bound)] == meant
    meaning = from_json(to_json(meaning_of(where)))
    assert meaning is not None
    held = [Held(b"", b"", facets, created_s, 9.0) for facets, created_s in rows]
    assert [number for number, one in enumerate(held) if meaning.means(one)] == meant


async def test_a_purge_leaves_no_byte_of_it_in_any_file(stores: NewStore, tmp_path: Path) -> None:
    store, second = await stores(), await stores()
    dice = random.Random(7)
    for number in range(3000):
        who = f"resident-{number % 7}-of-the-house"
        text = f"secret of {who} " * dice.choice([1, 20, 150, 600])
        store.put(entry(number, text, user=who, tags={"person": who}), store.mark())
        if number % 100 == 0:
            await store.flush()
            await second.flush()
        if number % 3 == 0:
            second.put(
                entry(dice.randrange(number + 1), "changed", user=f"resident-{dice.randrange(7)}-of-the-house"),
                second.mark(),
            )
    await store.flush()
    for number in range(6):
        who = f"resident-{number}-of-the-house"
        assert who.encode() in raw(tmp_path)
        purged = await store.purge(Where(user=who))
        assert purged.erased
        assert purged.disk > 100
        assert who.encode() not in raw(tmp_path)
        for other in range(300):  # pages that held it are written again
            text = "words " * dice.choice([1, 20, 150])
            worker = (store, second)[other % 2]
            worker.put(entry(3000 + 300 * number + other, text, user=f"other {other}"), worker.mark())
        for worker in (second, store):
            await worker.flush()
        assert who.encode() not in raw(tmp_path)
    assert b"resident-6-of-the-house" in raw(tmp_path)
    assert (await store.count(Where(user="resident-6-of-the-house")))["disk"] > 100


async def test_a_write_that_waits_is_purged_too(stores: NewStore, tmp_path: Path) -> None:
    store = await stores()
    store.put(entry(1, user="ann"), store.mark())
    store.put(entry(2, user="bob"), store.mark())
    purged = await store.purge(Where(user="ann"))
    await store.flush()
    assert (purged.memory, purged.disk) == (1, 0)
    assert store.get(entry(1).key) is None
    assert await store.count(Where()) == {"memory": 1, "disk": 1}


async def test_an_answer_that_was_being_written_is_refused(stores: NewStore, clock: FakeClock) -> None:
    store, other = await stores(), await stores()
    for worker in (store, other):
        seen = worker.mark()
        clock.jump(-30)  # whatever the clock does: numbers tell what came first
        await store.purge(Where(user="ann"))
        worker.put(entry(1, user="ann"), seen)
        worker.put(entry(2, user="bob"), seen)
        assert worker.get(entry(1).key) is None
        assert worker.get(entry(2).key) is not None
        worker.put(entry(1, user="ann"), worker.mark())
        assert worker.get(entry(1).key) is not None
    assert (store.usage().refused, other.usage().refused) == (1, 1)


async def test_what_another_worker_has_queued_does_not_come_back(stores: NewStore) -> None:
    store, other = await stores(), await stores(memory=0)
    other.put(entry(1, user="ann"), other.mark())  # held against no rule, and waits
    await store.purge(Where(user="ann"))
    await other.flush()
    assert await store.count(Where()) == {"memory": 0, "disk": 0}


async def test_a_write_in_the_thread_is_held_against_rules_that_were_just_made(stores: NewStore) -> None:
    store, other = await stores(), await stores(memory=0)
    other.put(entry(1, user="ann"), other.mark())
    batch = other._queue.take()
    await store.purge(Where(user="ann"))
    await other._in_thread(lambda: other._disk.write(batch, []))
    assert other.usage().refused == 1
    assert await store.count(Where()) == {"memory": 0, "disk": 0}


async def test_workers_forget_at_their_next_lookup(stores: NewStore) -> None:
    store, other = await stores(), await stores()
    for number in range(3):
        store.put(entry(number, user=f"user {number}"), store.mark())
    await store.flush()
    assert all(other.get(entry(number).key) for number in range(3))
    await store.purge(Where(user="user 1"))
    await store.remove(entry(2).key)
    assert [other.get(entry(number).key) is not None for number in range(3)] == [True, False, False]
    assert other.usage().memory.entries == 1


async def test_a_worker_that_slept_through_old_purges_forgets_everything(stores: NewStore, clock: FakeClock) -> None:
    store, awake, asleep = await stores(), await stores(disk=0), await stores(disk=0)
    for worker in (awake, asleep):
        worker.put(entry(1, ttl_s=1e6), worker.mark())
    await store.purge(Where(user="ann"))
    assert awake.get(entry(1).key) is not None
    clock.advance(2 * 3600)
    await store.purge(Where(user="bob"))
    assert awake.get(entry(1).key) is not None
    assert asleep.get(entry(1).key) is None


async def test_bytes_that_another_process_still_reads_are_erased_when_it_is_done(
    stores: NewStore, tmp_path: Path
) -> None:
    store = await stores()
    store.put(entry(1, "a word about somebody"), store.mark())
    await store.flush()
    reader = apsw.Connection(str(tmp_path / "cache.sqlite"))
    reader.execute("BEGIN; SELECT * FROM entries").fetchall()
    assert await store.purge(Where()) == Purged(memory=1, disk=1, erased=False)
    assert store.get(entry(1).key) is None
    assert b"a word about somebody" in raw(tmp_path)
    reader.execute("COMMIT")
    await store.flush()
    assert b"a word about somebody" not in raw(tmp_path)
    reader.close()


async def test_names_do_not_stand_in_rules(stores: NewStore, tmp_path: Path) -> None:
    store = await stores()
    await store.purge(Where(user="somebody-known", tag=("somebody-known", "somebody-known")))
    assert b"somebody-known" not in raw(tmp_path)
    assert "somebody-known" not in repr(store._rules._rules)


async def test_a_purge_reaches_memories_when_there_is_no_disk_tier(stores: NewStore) -> None:
    store, other = await stores(disk=0), await stores(disk=0)
    for worker in (store, other):
        worker.put(entry(1, user="ann"), worker.mark())
        worker.put(entry(2), worker.mark())
    purged = await store.purge(Where(user="ann"))
    assert (purged.memory, purged.disk) == (1, 0)
    assert [other.get(entry(number).key) is not None for number in (1, 2)] == [False, True]


def test_of_too_many_rules_the_oldest_refuse_everything_from_their_time() -> None:
    rules = Rules()
    for number in range(1, MOST_RULES + 11):
        rules.add(Rule(number, 1000.0 + number, meaning_of(Where(user=f"user {number}"))))
    other = Held(b"", b"", Facets(user="other"), 1005.0, 1e9)
    assert rules.refuse(other, 9)
    assert not rules.refuse(other, 10)
    assert rules.refuse(replace(other, facets=Facets(user="user 11")), 10)
    assert rules.refuse(other, None)
    assert not rules.refuse(replace(other, created_s=1011.0), None)


async def test_a_purge_that_cannot_be_done_is_an_error(stores: NewStore, tmp_path: Path) -> None:
    store = await stores()
    store.put(entry(1), store.mark())
    (tmp_path / "cache.sqlite").unlink()
    (tmp_path / "cache.sqlite").mkdir()
    for purge in (store.purge(Where()), store.remove(entry(1).key)):
        with pytest.raises(StoreError, match="cannot be deleted"):
            await purge
    assert store.get(entry(1).key) is None
    store.put(entry(2), store.mark())
    assert store.get(entry(2).key) is not None
    (tmp_path / "cache.sqlite").rmdir()
    assert await store.purge(Where()) == Purged(memory=1, disk=0, erased=True)
