"""What nodes add to a feed, all nodes get, in one order; after a break they go on, or are told that some are missed."""

from collections.abc import Callable
from typing import Any

from tests.contract.cache.shared.conftest import CLOCK, Nodes, until
from tests.contract.cache.valkey import Valkey

from headworks.cache.entries import Facets
from headworks.cache.where import Where

Start = Callable[..., Valkey]


class Reader:
    """Notes what came."""

    def __init__(self, feed: Any) -> None:
        self.feed = feed
        self.got: list[bytes] = []
        self.own: list[bool] = []
        self.gaps = 0

    async def start(self, since: str | None = None) -> None:
        await self.feed.start(self.take, self.missed, since)

    def take(self, item: Any) -> None:
        self.got.append(item.data)
        self.own.append(item.own)

    def missed(self) -> None:
        self.gaps += 1
        self.got.clear()


async def follow(node: Any, since: str | None = None, **options: Any) -> Reader:
    reader = Reader(node.feed("f", **options))
    await reader.start(since)
    return reader


async def test_two_nodes_get_what_both_add_in_one_order(valkey: Valkey, nodes: Nodes) -> None:
    one = await follow(await nodes.add(valkey.url))
    two = await follow(await nodes.add(valkey.url))
    for number in range(250):
        (one, two)[number % 2].feed.add(b"%d" % number)
    await until(lambda: len(one.got) == len(two.got) == 250)
    assert one.got == two.got
    assert sorted(one.got, key=int) == [b"%d" % number for number in range(250)]
    assert [a != b for a, b in zip(one.own, two.own, strict=True)] == [True] * 250
    assert one.gaps == two.gaps == 0
    for reader in (one, two):
        await reader.feed.stop()


async def test_a_reader_goes_on_from_where_it_was(valkey: Valkey, nodes: Nodes) -> None:
    node = await nodes.add(valkey.url)
    one = await follow(node)
    one.feed.add(b"a")
    await until(lambda: one.got == [b"a"])
    seen = one.feed.seen
    one.feed.add(b"b")
    await until(lambda: one.got == [b"a", b"b"])
    await one.feed.stop()
    for since, expected in ((seen, [b"b"]), (None, [b"a", b"b"])):
        again = await follow(node, since)
        await until(lambda: again.got == expected)  # noqa: B023
        assert again.gaps == 0
        await again.feed.stop()


async def test_a_killed_server_that_lost_the_feed_is_a_gap_and_what_waits_is_added(start: Start, nodes: Nodes) -> None:
    own = start()
    one, two = await follow(await nodes.add(own.url)), await follow(await nodes.add(own.url))
    one.feed.add(b"before")
    await until(lambda: one.got == two.got == [b"before"])
    own.kill()
    one.feed.add(b"while it was away")
    own.start()
    await until(lambda: one.got == two.got == [b"while it was away"])
    assert (one.gaps, two.gaps) == (1, 1)
    two.feed.add(b"after")
    await until(lambda: one.got == two.got == [b"while it was away", b"after"])
    assert (one.gaps, two.gaps, one.feed.dropped) == (1, 1, 0)
    for reader in (one, two):
        await reader.feed.stop()


async def test_a_frozen_server_is_no_gap(start: Start, nodes: Nodes) -> None:
    own = start()
    node = await nodes.add(own.url)
    one = await follow(node)
    one.feed.add(b"before")
    await until(lambda: one.got == [b"before"])
    own.freeze()
    one.feed.add(b"after")
    await until(lambda: not node.work.up)
    own.thaw()
    await until(lambda: one.got[-1] == b"after")
    assert (set(one.got), one.gaps) == ({b"before", b"after"}, 0)
    await one.feed.stop()


async def test_a_reader_that_comes_after_trimming_is_told(valkey: Valkey, nodes: Nodes) -> None:
    node = await nodes.add(valkey.url)
    one = await follow(node, most_items=100)
    for number in range(1000):
        one.feed.add(b"%d" % number)
    await until(lambda: len(one.got) == 1000)
    assert valkey.ask("XLEN", "hw1:f:f") < 300
    late = await follow(node)
    await until(lambda: late.got and late.got[-1] == b"999")
    assert (late.gaps, one.gaps) == (1, 0)
    for reader in (one, late):
        await reader.feed.stop()


async def test_a_feed_that_was_emptied_under_its_readers_is_a_gap(valkey: Valkey, nodes: Nodes) -> None:
    one = await follow(await nodes.add(valkey.url))
    one.feed.add(b"before")
    await until(lambda: one.got == [b"before"])
    valkey.ask("DEL", "hw1:f:f")
    one.feed.add(b"after")
    await until(lambda: one.got == [b"after"])
    assert one.gaps == 1
    await one.feed.stop()


async def test_what_belongs_to_a_user_is_purged_and_later_readers_skip_it(valkey: Valkey, nodes: Nodes) -> None:
    node = await nodes.add(valkey.url)
    one = await follow(node)
    life = {"created_s": CLOCK.now(), "expires_s": CLOCK.now() + 60}
    alice, bob = Facets(org="acme", user="alice"), Facets(org="acme", user="bob")
    one.feed.add(b"of alice", alice, **life)
    one.feed.add(b"of bob", bob, **life)
    one.feed.add(b"of nobody")
    await until(lambda: one.got == [b"of alice", b"of bob", b"of nobody"])
    assert await node.purge(Where(user="alice")) == 1
    one.feed.add(b"of alice, late", alice, **life)
    one.feed.add(b"of bob, expired", bob, created_s=CLOCK.now(), expires_s=CLOCK.now() - 1)
    await until(lambda: not one.feed.waiting)
    late = await follow(await nodes.add(valkey.url))
    await until(lambda: late.got == [b"of bob", b"of nobody"])
    assert (one.feed.dropped, late.gaps) == (2, 0)
    assert b"alice" not in valkey.everything()
    for reader in (one, late):
        await reader.feed.stop()


async def test_too_much_to_add_is_dropped_and_counted(start: Start, nodes: Nodes) -> None:
    own = start()
    node = await nodes.add(own.url)
    own.kill()
    await until(lambda: not node.work.up)
    feed = node.feed("f")
    assert [feed.add(bytes(1024 * 1024)) for _ in range(10)] == [True] * 8 + [False] * 2
    assert feed.dropped == 2
