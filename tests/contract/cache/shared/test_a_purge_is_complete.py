"""After a purge nothing of what it means is in the server, nor comes there, nor is served; all nodes hear of it."""

import asyncio

import pytest
from msgspec.structs import replace
from tests.contract.cache.shared.conftest import CLOCK, PATIENCE_S, SETTINGS, Nodes, entry, until
from tests.contract.cache.valkey import Valkey

from headworks.cache.where import Where
from headworks.core.errors import StoreError

USER = "alice.liddell@example.org"
OF_USER = Where(org="acme", user=USER)


async def test_no_bytes_of_a_forgotten_user_are_left(valkey: Valkey, nodes: Nodes) -> None:
    node = await nodes.add(valkey.url)
    feed = node.feed("embeddings")
    await feed.start(lambda item: None, lambda: None)
    for number in range(300):
        node.put(entry(number, text=f"Dear {USER}.", user=USER, tags={"mail": USER}))
        node.put(entry(1000 + number, user="bob"))
        feed.add(f"vector of {USER}".encode(), entry(number, user=USER).facets, **life())
    await node.writer.drained()
    await until(lambda: not feed.waiting)
    assert USER.encode() in valkey.everything()
    assert await node.count(OF_USER) == 600
    assert await node.purge(OF_USER) == 600
    assert USER.encode() not in valkey.everything()
    assert await node.count(Where(user="bob")) == 300
    assert await node.purge(Where(tag=("mail", USER))) == 0
    assert USER.encode() not in valkey.everything()
    await feed.stop()


async def test_the_rules_themselves_are_gone_after_their_time(valkey: Valkey, nodes: Nodes) -> None:
    node = await nodes.add(valkey.url, replace(SETTINGS, rules_kept_s=0.3))
    await node.purge(OF_USER)
    await until(lambda: valkey.ask("XLEN", "hw1:r") == 0)


async def test_what_was_created_before_a_purge_cannot_be_written_after_it(valkey: Valkey, nodes: Nodes) -> None:
    one, two = await nodes.add(valkey.url), await nodes.add(valkey.url)
    old, other = entry(1, user=USER), entry(2)
    await one.purge(OF_USER)
    await until(lambda: two.rules_seen == one.rules_seen)
    for node in (one, two):
        node.put(old)
        node.put(other)
        await node.writer.drained()
        assert (node.usage().ruled, await node.get(old.key), await node.get(other.key)) == (1, None, other)
        node.put(new := entry(3, user=USER))
        await node.writer.drained()
        assert await node.get(new.key) == new


async def test_a_node_that_has_not_heard_of_the_rule_cannot_write_either(valkey: Valkey, nodes: Nodes) -> None:
    one, deaf = await nodes.add(valkey.url), await nodes.add(valkey.url)
    await deaf.rules.stop()
    old, other = entry(1, user=USER), entry(2)
    await one.purge(OF_USER)
    deaf.put(old)
    deaf.put(other)
    await deaf.writer.drained()
    assert (deaf.usage().ruled, deaf.usage().written) == (1, 1)
    assert await one.count(OF_USER) == 0


async def test_nothing_survives_that_is_written_while_the_purge_walks(valkey: Valkey, nodes: Nodes) -> None:
    one, two = await nodes.add(valkey.url), await nodes.add(valkey.url)
    for number in range(2000):
        one.put(entry(number, user=USER))
    await one.writer.drained()
    late = [entry(5000 + number, user=USER) for number in range(500)]

    async def write() -> None:
        for kept in late:
            two.put(kept)
            if two.usage().queued_bytes > 2000:
                await two.writer.drained()

    found, _ = await asyncio.gather(one.purge(OF_USER), write())
    await two.writer.drained()
    assert found >= 2000
    assert await one.count(OF_USER) == 0
    assert USER.encode() not in valkey.everything()


async def test_an_entry_older_than_the_rules_is_not_written(valkey: Valkey, nodes: Nodes) -> None:
    node = await nodes.add(valkey.url)
    node.put(replace(entry(1), created_s=CLOCK.now() - SETTINGS.rules_kept_s - 1))
    await node.writer.drained()
    assert (node.usage().ruled, node.usage().written) == (1, 0)


async def test_a_lost_log_stops_what_was_in_hand_and_nothing_else(valkey: Valkey, nodes: Nodes) -> None:
    heard: list[Where] = []
    one, deaf = await nodes.add(valkey.url), await nodes.add(valkey.url, on_rule=heard.append)
    await deaf.rules.stop()
    await one.purge(OF_USER)
    valkey.ask("DEL", "hw1:r")
    deaf.put(entry(1, user=USER))
    await deaf.writer.drained()
    assert (deaf.usage().written, heard) == (0, [Where()])
    deaf.put(new := entry(2))
    await deaf.writer.drained()
    assert await one.get(new.key) == new


async def test_a_purge_by_age_takes_the_old_and_lets_the_old_not_return(valkey: Valkey, nodes: Nodes) -> None:
    node = await nodes.add(valkey.url)
    old, new = replace(entry(1), created_s=CLOCK.now() - 100), entry(2)
    node.put(old)
    node.put(new)
    await node.writer.drained()
    assert await node.purge(Where(created_before_s=CLOCK.now() - 50)) == 1
    node.put(old)
    await node.writer.drained()
    assert (await node.get(old.key), await node.get(new.key)) == (None, new)


async def test_a_purge_says_that_the_server_is_away(start, nodes: Nodes) -> None:  # type: ignore[no-untyped-def]
    own = start()
    node = await nodes.add(own.url)
    own.kill()
    with pytest.raises(StoreError, match="could not be purged"):
        await node.purge(OF_USER)
    with pytest.raises(StoreError, match="could not be counted"):
        await node.count(OF_USER)


async def test_rules_reach_other_nodes_as_they_are_within_a_second(valkey: Valkey, nodes: Nodes) -> None:
    heard: list[Where] = []
    one, _ = await nodes.add(valkey.url), await nodes.add(valkey.url, on_rule=heard.append)
    made = [OF_USER, Where(tag=("a", "b")), Where(prompt="p"), Where(created_before_s=5.0), Where()]
    began = CLOCK.monotonic()
    for where in made:
        await one.purge(where)
    await until(lambda: len(heard) == len(made))
    assert heard == made
    assert CLOCK.monotonic() - began < PATIENCE_S


async def test_a_node_whose_messages_are_lost_reads_the_log(valkey: Valkey, nodes: Nodes) -> None:
    heard: list[Where] = []
    one, two = await nodes.add(valkey.url), await nodes.add(valkey.url, on_rule=heard.append)
    await until(lambda: valkey.ask("PUBSUB", "NUMSUB", "hw1:r:0")[1] == 2)
    valkey.ask("ACL", "SETUSER", "default", "resetchannels")  # pub/sub is cut, and stays so
    try:
        await one.purge(Where(org="acme", feature="bot"))
        await one.purge(OF_USER)
        await until(lambda: len(heard) == 2)
    finally:
        valkey.ask("ACL", "SETUSER", "default", "allchannels")
    # Told by the log, which does not name users: the second one means more than was said.
    assert heard == [Where(org="acme", feature="bot"), Where(org="acme")]
    assert two.rules_seen == one.rules_seen


async def test_rules_made_while_a_node_was_down_reach_it_at_its_next_start(valkey: Valkey, nodes: Nodes) -> None:
    one = await nodes.add(valkey.url)
    seen = one.rules_seen
    await one.purge(Where(feature="bot"))
    heard: list[Where] = []
    await nodes.add(valkey.url, on_rule=heard.append, since=seen)
    assert heard == [Where(feature="bot")]
    await nodes.add(valkey.url, on_rule=heard.append, since="5-5")  # the log does not go back so far
    assert heard[1:] == [Where()]
    await nodes.add(valkey.url, on_rule=heard.append)  # holds nothing from before
    assert len(heard) == 2


async def test_a_restart_that_lost_the_rules_means_everything(start, nodes: Nodes) -> None:  # type: ignore[no-untyped-def]
    own = start()
    heard: list[Where] = []
    node = await nodes.add(own.url, on_rule=heard.append)
    await node.purge(Where(feature="bot"))
    own.kill()
    await until(lambda: not node.usage().up)
    own.start()
    await until(lambda: len(heard) == 2)
    assert heard == [Where(feature="bot"), Where()]
    await node.purge(Where(feature="search"))
    await until(lambda: len(heard) == 3)


def life() -> dict[str, float]:
    return {"created_s": CLOCK.now(), "expires_s": CLOCK.now() + 60}
