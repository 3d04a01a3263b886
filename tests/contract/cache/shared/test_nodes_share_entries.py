"""What one node puts, another gets: whole, of that key, in time; or nothing."""

import asyncio

from msgspec.structs import replace
from tests.contract.cache.shared.conftest import CLOCK, SETTINGS, Nodes, entry
from tests.contract.cache.valkey import Valkey

from headworks.cache.where import Where

PREFIX = b"hw1:c:"


async def test_what_one_node_puts_another_gets(valkey: Valkey, nodes: Nodes) -> None:
    one, two = await nodes.add(valkey.url), await nodes.add(valkey.url)
    kept = entry(1, text="Ünïcode and a long answer. " * 100)
    one.put(kept)
    await one.writer.drained()
    assert await two.get(kept.key) == kept
    assert await two.get(bytes(32)) is None
    assert (two.usage().hits, two.usage().misses, one.usage().written) == (1, 1, 1)


async def test_many_get_at_once_and_each_gets_its_own(valkey: Valkey, nodes: Nodes) -> None:
    node = await nodes.add(valkey.url)
    for number in range(200):
        node.put(entry(number, text=f"Answer {number}."))
    await node.writer.drained()
    got = await asyncio.gather(*[node.get(number.to_bytes(32, "big")) for number in range(250)])
    assert [found.events[1].text if found else None for found in got[:200]] == [f"Answer {n}." for n in range(200)]
    assert got[200:] == [None] * 50


async def test_an_entry_leaves_when_its_time_is_over(valkey: Valkey, nodes: Nodes) -> None:
    node = await nodes.add(valkey.url)
    node.put(replace(entry(1), expires_s=CLOCK.now() + 3600))
    node.put(replace(entry(2), expires_s=CLOCK.now() - 1))
    await node.writer.drained()
    assert 3_590_000 < valkey.ask("PTTL", PREFIX + entry(1).key) <= 3_600_000
    assert valkey.ask("EXISTS", PREFIX + entry(2).key) == 0


async def test_a_broken_entry_is_deleted_counted_and_missed(valkey: Valkey, nodes: Nodes) -> None:
    node = await nodes.add(valkey.url)
    for number in range(4):
        node.put(entry(number))
    await node.writer.drained()
    whole = valkey.ask("GET", PREFIX + entry(0).key)
    flipped = whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]
    valkey.ask("SET", PREFIX + entry(0).key, flipped)
    valkey.ask("SET", PREFIX + entry(1).key, whole[:40])
    valkey.ask("SET", PREFIX + entry(2).key, b"")
    valkey.ask("SET", PREFIX + entry(3).key, whole)  # another key's entry
    for number in range(4):
        assert await node.get(entry(number).key) is None
    await node.writer.drained()
    assert node.usage().broken == 4
    assert valkey.ask("KEYS", "hw1:c:*") == []


async def test_an_entry_is_removed_even_while_it_waits_to_be_written(valkey: Valkey, nodes: Nodes) -> None:
    node = await nodes.add(valkey.url)
    node.put(entry(1))
    await node.writer.drained()
    node.put(entry(2))
    await node.remove(entry(1).key)
    await node.remove(entry(2).key)
    await node.writer.drained()
    assert valkey.ask("KEYS", "hw1:c:*") == []


async def test_what_is_too_large_or_too_much_is_dropped_and_counted(valkey: Valkey, nodes: Nodes) -> None:
    node = await nodes.add(valkey.url, replace(SETTINGS, most_entry_bytes=2000, most_queued_bytes=5000))
    node.put(entry(1, text="x" * 2000))
    assert node.usage().dropped == 1
    for number in range(10):
        node.put(entry(number, text="x" * 1500))
    assert node.usage().queued_bytes <= 5000
    await node.writer.drained()
    assert (node.usage().written, node.usage().dropped, node.usage().queued_bytes) == (2, 9, 0)


async def test_entries_are_counted_by_every_facet_and_by_age(valkey: Valkey, nodes: Nodes) -> None:
    node = await nodes.add(valkey.url)
    entries = [
        entry(1),
        entry(2, org="other"),
        entry(3, user="bob", tags={"team": "x"}),
        entry(4, feature="search", model="fast", prompt="p@1", corpus="c1"),
        entry(5, prompt="p@2", tags={f"t{n}": "v" for n in range(60)}),
        replace(entry(6, user=""), created_s=CLOCK.now() - 1000),
    ]
    for one in entries:
        node.put(one)
    await node.writer.drained()
    for where in (
        Where(),
        Where(org="acme"),
        Where(org="acme", user="alice"),
        Where(user=""),
        Where(feature="search"),
        Where(model="fast"),
        Where(prompt="p@1"),
        Where(prompt="p"),
        Where(prompt=""),
        Where(corpus="c1"),
        Where(tag=("team", "x")),
        Where(tag=("t59", "v")),
        Where(tag=("team", "y")),
        Where(created_before_s=CLOCK.now() - 500),
        Where(org="acme", created_before_s=CLOCK.now() - 500),
        Where(org="other", created_before_s=CLOCK.now() - 500),
    ):
        assert await node.count(where) == sum(where.means(one.facets, one.created_s) for one in entries), where
    assert await node.purge(Where(prompt="p")) == 2
    assert await node.count(Where()) == 4
