"""Upkeep over the real tiers: memory and disk of two workers, and a shared server with two nodes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.contract.cache.valkey import Valkey

from headworks.cache.entries import Entry, Facets
from headworks.cache.local import LocalSettings, LocalStore
from headworks.cache.shared.relay import Relay
from headworks.cache.shared.settings import SharedSettings
from headworks.cache.shared.store import SharedStore
from headworks.cache.upkeep import LocalTiers, SharedTier, Upkeep
from headworks.cache.where import Where
from headworks.core.clock import SystemClock
from headworks.core.errors import StoreError
from headworks.core.replies import Finished, TextDelta

CLOCK = SystemClock()
SETTINGS = SharedSettings(call_s=2.0, work_s=2.0, first_pause_s=0.02)
ANN = Where(user="ann", org="acme")


def entry(number: int, text: str = "An answer.", *, age_s: float = 0.0, **facets: Any) -> Entry:
    created_s = CLOCK.now() - age_s
    return Entry(
        key=number.to_bytes(32, "big"),
        facets=Facets(**{"org": "acme", "feature": "bot", "model": "small"} | facets),
        created_s=created_s,
        expires_s=created_s + 9999,
        model="small",
        provider="lab",
        provider_model="small-1",
        events=[TextDelta(text), Finished("stop")],
    )


ENTRIES = [
    entry(0),
    entry(1, user="ann"),
    entry(2, user="ann", org="rival"),
    entry(3, user="bob", feature="search", tags={"team": "x"}),
    entry(4, model="large", prompt="greet@1", corpus="c1"),
    entry(5, prompt="greet@2", age_s=7200),
]


class Node:
    """One node: its own tiers, its way to the shared server, and upkeep of both."""

    def __init__(self, folder: Path, valkey: Valkey) -> None:
        self.folder = folder
        self.local = LocalStore(folder, LocalSettings(), CLOCK)
        self.shared = SharedStore(valkey.url, SETTINGS, CLOCK)
        self.relay = Relay(self.shared, self.local, folder, worker="0")
        self.upkeep = Upkeep({"local": LocalTiers(self.local), "shared": SharedTier(self.shared)}, CLOCK)

    async def start(self) -> None:
        await self.local.start()
        await self.relay.start()

    async def stop(self) -> None:
        await self.relay.stop()
        await self.local.stop()

    async def keep(self, *entries: Entry) -> None:
        for kept in entries:
            self.local.put(kept, self.local.mark())
            self.shared.put(kept)
        await self.local.flush()
        await self.shared.writer.drained()

    def bytes_on_disk(self) -> bytes:
        return b"".join(file.read_bytes() for file in self.folder.glob("cache.sqlite*"))


async def until(there: Callable[[], bool]) -> None:
    """Wait for another node."""
    async with asyncio.timeout(20):
        while not there():  # noqa: ASYNC110  what changes it is another process
            await asyncio.sleep(0.01)


@pytest.fixture
def valkey() -> Any:
    server = Valkey("--rdbcompression", "no")  # so that `everything` holds words as they are
    server.start()
    yield server
    server.remove()


@pytest.fixture
async def nodes(tmp_path: Path, valkey: Valkey) -> AsyncIterator[Callable[[str], Any]]:
    async with AsyncExitStack() as stack:

        async def make(name: str) -> Node:
            folder = tmp_path / name
            folder.mkdir()
            node = Node(folder, valkey)
            await node.start()
            stack.push_async_callback(node.stop)
            return node

        yield make


@pytest.mark.parametrize(
    ("where", "meant"),
    [
        (Where(user="ann"), {1, 2}),
        (ANN, {1}),
        (Where(org="acme"), {0, 1, 3, 4, 5}),
        (Where(feature="search"), {3}),
        (Where(model="large"), {4}),
        (Where(prompt="greet"), {4, 5}),
        (Where(prompt="greet@2"), {5}),
        (Where(corpus="c1"), {4}),
        (Where(tag=("team", "x")), {3}),
        (Where(created_before_s=CLOCK.now() - 3600), {5}),
        (Where(), {0, 1, 2, 3, 4, 5}),
        (Where(user="nobody"), set()),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_each_facet_means_the_same_everywhere(nodes, where, meant):
    node = await nodes("a")
    await node.keep(*ENTRIES)
    expected = dict.fromkeys(("memory", "disk", "shared"), len(meant))
    dry = await node.upkeep.run(where, dry_run=True)
    assert dry.counts == dry.left == expected
    assert await node.upkeep.count(Where()) == dict.fromkeys(expected, len(ENTRIES))
    done = await node.upkeep.run(where, dry_run=False)
    assert done.counts == expected
    assert done.left == dict.fromkeys(expected, 0)
    left = [number for number, kept in enumerate(ENTRIES) if node.local.get(kept.key) is not None]
    assert left == [number for number in range(len(ENTRIES)) if number not in meant]


async def test_a_user_who_is_forgotten_is_nowhere_not_even_in_the_bytes(nodes, valkey):
    node, other = await nodes("a"), await nodes("b")
    words = b"My illness is none of your business."
    await node.keep(entry(1, words.decode(), user="ann"), entry(2, "Harmless words.", user="bob"))
    other.local.put(await other.shared.get(entry(1).key), other.local.mark())
    await other.local.flush()
    assert all(words in place for place in (node.bytes_on_disk(), other.bytes_on_disk(), valkey.everything()))
    done = await node.upkeep.run(ANN, dry_run=False)
    assert (done.left, done.erased) == ({"memory": 0, "disk": 0, "shared": 0}, True)
    await until(lambda: words not in other.bytes_on_disk())
    assert other.local.get(entry(1).key) is None
    for place in (node.bytes_on_disk(), other.bytes_on_disk(), valkey.everything()):
        assert words not in place
        assert b"ann" not in place
    assert await node.upkeep.count(Where(user="bob")) == {"memory": 1, "disk": 1, "shared": 1}


async def test_answers_under_way_do_not_bring_it_back(nodes):
    node = await nodes("a")
    late = entry(1, user="ann")
    seen = node.local.mark()
    await node.upkeep.run(ANN, dry_run=False)
    node.local.put(late, seen)
    node.shared.put(late)
    assert await node.upkeep.proof(ANN) == {"memory": 0, "disk": 0, "shared": 0}


async def test_another_workers_memory_follows_before_its_next_lookup(nodes):
    node = await nodes("a")
    sibling = LocalStore(node.folder, LocalSettings(), CLOCK, worker="1")
    await sibling.start()
    await node.keep(entry(1, user="ann"))
    assert sibling.get(entry(1).key) is not None
    await node.upkeep.run(ANN, dry_run=False)
    assert sibling.get(entry(1).key) is None
    await sibling.stop()


async def test_a_server_that_is_away_is_named_and_the_rest_is_done(nodes, valkey):
    node = await nodes("a")
    await node.keep(entry(1, user="ann"))
    valkey.kill()
    with pytest.raises(StoreError, match="shared: The shared cache could not be purged") as raised:
        await node.upkeep.run(ANN, dry_run=False)
    assert "1 from memory, 1 from disk" in raised.value.message
    assert node.local.get(entry(1).key) is None
