"""What every tier promises: the entry that was put, whole, until it expires, is removed or is purged."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from tests.contract.cache.conftest import Tier

from headworks.cache.entries import Entry
from headworks.cache.where import Where
from headworks.testing import FakeClock

NewEntry = Callable[..., Entry]
EVERYTHING = Where()


async def test_what_is_put_is_got_to_the_last_field(tier: Tier, entry: NewEntry) -> None:
    small = entry(1, user="ann", prompt="p@2", corpus="c1", tags={"team": "x", "größe": "groß"})
    large = entry(2, "Ünïcode and words. " * 20_000)
    for kept in (small, large):
        await tier.put(kept)
    assert await tier.get(small.key) == small
    assert await tier.get(large.key) == large
    assert await tier.get(bytes(32)) is None
    assert await tier.count(EVERYTHING) == 2


async def test_a_later_entry_of_a_key_takes_the_place_of_the_first(tier: Tier, entry: NewEntry) -> None:
    await tier.put(entry(1, "one", user="ann"))
    await tier.put(entry(1, "two", user="bob"))
    assert await tier.count(Where(user="ann")) == 0
    assert await tier.count(Where(user="bob")) == 1
    found = await tier.get(entry(1).key)
    assert found is not None
    assert found.facets.user == "bob"


async def test_what_is_removed_is_gone_and_may_come_again(tier: Tier, entry: NewEntry) -> None:
    for number in (1, 2):
        await tier.put(entry(number))
    await tier.remove(entry(1).key)
    await tier.remove(entry(7).key)
    assert await tier.get(entry(1).key) is None
    assert await tier.get(entry(2).key) is not None
    await tier.put(entry(1))
    assert await tier.get(entry(1).key) is not None


async def test_what_has_expired_is_not_found(tier: Tier, entry: NewEntry) -> None:
    await tier.put(entry(1, age_s=10, ttl_s=9.9))
    assert await tier.get(entry(1).key) is None


WHERES = [
    (Where(), {0, 1, 2, 3, 4, 5}),
    (Where(org="acme"), {0, 1, 2, 3, 4}),
    (Where(user="ann"), {1, 5}),
    (Where(user=""), {0, 2, 3, 4}),
    (Where(org="acme", user="ann"), {1}),
    (Where(feature="bot"), {0, 1, 3, 4, 5}),
    (Where(model="large"), {3}),
    (Where(prompt="greet"), {3, 4}),
    (Where(prompt="greet@2"), {4}),
    (Where(prompt="gree"), set()),
    (Where(corpus="c1"), {3}),
    (Where(tag=("team", "x")), {2, 5}),
    (Where(tag=("team", "X")), set()),
    (Where(tag=("x", "team")), set()),
    (Where(user="' OR 1=1 --"), set()),
]


@pytest.mark.parametrize(("where", "meant"), WHERES, ids=[str(number) for number in range(len(WHERES))])
async def test_a_purge_counts_and_removes_what_is_meant_and_nothing_else(
    tier: Tier, entry: NewEntry, where: Where, meant: set[int]
) -> None:
    entries = [
        entry(0),
        entry(1, user="ann"),
        entry(2, feature="search", tags={"team": "x", "b": "c"}),
        entry(3, model="large", prompt="greet@1", corpus="c1"),
        entry(4, prompt="greet@2", tags={"team": "xy", "other": "x"}),
        entry(5, org="rival", user="ann", tags={"team": "x"}),
    ]
    for kept in entries:
        await tier.put(kept)
    assert await tier.count(where) == len(meant)
    assert await tier.purge(where) == len(meant)
    left = {number for number, kept in enumerate(entries) if await tier.get(kept.key) is not None}
    assert left == {0, 1, 2, 3, 4, 5} - meant
    assert await tier.count(EVERYTHING) == len(left)


async def test_a_purge_by_age_spares_what_is_as_old_as_that(tier: Tier, entry: NewEntry) -> None:
    then_s = tier.clock.now() - 100
    for number, created_s in enumerate((then_s - 1, then_s, then_s + 1)):
        await tier.put(replace(entry(number), created_s=created_s))
    assert await tier.purge(Where(created_before_s=then_s)) == 1
    assert [await tier.get(entry(number).key) is not None for number in range(3)] == [False, True, True]


async def test_after_a_purge_new_entries_are_kept(tier: Tier, entry: NewEntry) -> None:
    await tier.put(entry(1, user="ann"))
    assert await tier.purge(Where(user="ann")) == 1
    fresh = entry(1, "anew", user="ann")
    await tier.put(fresh)
    assert await tier.get(fresh.key) == fresh


async def test_a_clock_that_jumps_never_brings_an_expired_entry_back(tier: Tier, entry: NewEntry) -> None:
    if not isinstance(tier.clock, FakeClock):
        pytest.skip("its server has a clock of its own")
    kept = entry(1, ttl_s=100)
    await tier.put(kept)
    tier.clock.jump(-50)
    assert await tier.get(kept.key) == kept  # a little back: NTP does that
    tier.clock.jump(-1000)
    assert await tier.get(kept.key) is None  # from the future: nobody can say how old it is
    tier.clock.jump(1050)
    assert await tier.get(kept.key) == kept
    tier.clock.jump(100)
    assert await tier.get(kept.key) is None
