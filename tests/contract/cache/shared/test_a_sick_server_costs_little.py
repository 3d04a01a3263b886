"""A server that is away, frozen, slow, full or turns us away: calls go on; one line says so, one that it is over."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from tests.contract.cache.shared.conftest import CLOCK, SETTINGS, Nodes, entry, until
from tests.contract.cache.valkey import Valkey, free_port

from headworks.cache.shared.settings import SharedSettings
from headworks.cache.where import Where
from headworks.core.errors import StoreError

Start = Callable[..., Valkey]
Lines = list[dict[str, Any]]
SECRET = "s3cr3t-pass/word"
IN_URL = "s3cr3t-pass%2Fword"
KEY = entry(1).key
FAST = replace(SETTINGS, call_s=SharedSettings().call_s)
"""As it is set by default: a look-up takes at most 5 ms."""


def events(lines: Lines) -> list[str]:
    return [str(line["event"]) for line in lines if str(line["event"]).startswith("shared_cache_")]


async def took_ms(work: Any) -> float:
    began = CLOCK.monotonic()
    assert await work is None
    return (CLOCK.monotonic() - began) * 1000


async def test_a_killed_server_is_left_alone_and_comes_back(start: Start, nodes: Nodes, lines: Lines) -> None:
    own = start()
    node = await nodes.add(own.url)
    node.put(entry(1))
    await node.writer.drained()
    own.kill()
    await until(lambda: "shared_cache_away" in events(lines))
    assert [await node.get(KEY) for _ in range(50)] == [None] * 50
    node.put(entry(2))
    assert (node.usage().up, node.usage().skipped, node.usage().dropped) == (False, 50, 1)
    own.start()
    await until(lambda: node.usage().up and node.work.up)
    assert await node.get(KEY) is None  # it came back empty
    await until(lambda: kept(node, own))
    assert await node.get(KEY) is not None
    assert [event for event in events(lines) if event != "shared_cache_rules_lost"] == [
        "shared_cache_away",
        "shared_cache_back",
    ]


async def test_a_frozen_server_costs_three_calls_5_ms_and_then_nothing(
    start: Start, nodes: Nodes, lines: Lines
) -> None:
    own = start()
    node = await up(nodes, own.url, FAST)
    node.put(entry(1))
    await node.writer.drained()
    own.freeze()
    waits = [await took_ms(node.get(KEY)) for _ in range(3)]
    # 5 ms, and what a busy machine takes to wake us up.
    assert all(4.5 < wait < 100 for wait in waits), waits
    assert node.usage().errors == 3
    await until(lambda: "shared_cache_away" in events(lines))
    later = sorted([await took_ms(node.get(KEY)) for _ in range(200)])
    assert later[100] < 0.5
    assert (node.usage().errors, node.usage().skipped) == (3, 200)
    node.put(entry(2))
    own.thaw()
    await until(lambda: "shared_cache_back" in events(lines))
    assert events(lines) == ["shared_cache_away", "shared_cache_back"]
    assert "no answer within 5 ms" in str(lines[0]["reason"])


async def test_many_calls_that_are_late_together_count_as_one(start: Start, nodes: Nodes, lines: Lines) -> None:
    own = start()
    node = await up(nodes, own.url, FAST)
    own.freeze()
    await asyncio.gather(*[node.get(KEY) for _ in range(50)])
    assert (node.usage().errors, node.usage().up, events(lines)) == (50, True, [])
    own.thaw()


async def test_a_late_answer_is_never_given_to_the_next_call(start: Start, nodes: Nodes) -> None:
    own = start()
    node = await nodes.add(own.url, replace(SETTINGS, call_s=0.05, failures=1000))
    for number in range(50):
        node.put(entry(number, text=str(number)))
    await node.writer.drained()
    own.freeze()
    gone = [asyncio.create_task(node.get(entry(number).key)) for number in range(20)]
    late = [asyncio.create_task(node.get(entry(number).key)) for number in range(20)]
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    assert await asyncio.gather(*late) == [None] * 20
    own.thaw()
    found = await asyncio.gather(*[node.get(entry(number).key) for number in range(20, 50)])
    assert [one.key for one in found if one] == [entry(number).key for number in range(20, 50)]


async def test_a_wrong_password_is_one_line_without_the_password(start: Start, nodes: Nodes, lines: Lines) -> None:
    port = free_port()
    own = start("--requirepass", SECRET, port=port)
    for url in (
        f"redis://:{IN_URL}-wrong@127.0.0.1:{port}/0",
        f"redis://someone:{IN_URL}@127.0.0.1:{port}/0",
        f"redis://127.0.0.1:{port}/0",
    ):
        lines.clear()
        node = await nodes.add(url)
        assert await took_ms(node.get(KEY)) < 100
        assert events(lines) == ["shared_cache_away"]
        said = f"{lines} {node.usage()} {node.url}"
        assert ("WRONGPASS" in said or "NOAUTH" in said, SECRET in said, IN_URL in said) == (True, False, False)
        await node.stop()
    right = await nodes.add(f"redis://:{IN_URL}@127.0.0.1:{port}/0")
    assert right.usage().up
    assert own.url.startswith("redis://127.0.0.1")


async def test_nobody_there_at_the_start_is_no_reason_not_to_start(nodes: Nodes, lines: Lines) -> None:
    node = await nodes.add(f"redis://user:{IN_URL}@127.0.0.1:{free_port()}/0")
    assert await node.get(KEY) is None
    assert events(lines) == ["shared_cache_away"]
    assert lines[0]["server"].startswith("redis://***@127.0.0.1:")


async def test_a_full_server_is_read_and_not_written_and_can_be_purged(
    start: Start, nodes: Nodes, lines: Lines
) -> None:
    own = start("--maxmemory", "4mb", "--maxmemory-policy", "noeviction")
    node = await nodes.add(own.url)
    number = 0
    while not events(lines):
        node.put(entry(number, text="x" * 100_000))
        await node.writer.drained()
        number += 1
    assert events(lines) == ["shared_cache_takes_nothing"]
    assert "OOM" in str(lines[0]["reason"])
    node.put(entry(number))
    assert (node.usage().failed, node.usage().dropped, node.usage().up) == (1, 1, True)
    assert await node.get(entry(0).key) is not None
    assert await node.purge(Where(org="acme")) == number - 1


async def test_a_server_that_takes_nothing_in_holds_nothing_up(start: Start, nodes: Nodes) -> None:
    own = start()
    node = await nodes.add(own.url)
    own.freeze()
    for number in range(10):
        node.put(entry(number, text="x" * 1_000_000))
    with pytest.raises(StoreError):
        await node.purge(Where(user="alice"))
    await until(lambda: not node.work.up and not node.writer.queued_bytes)
    own.thaw()
    await until(lambda: node.work.up)


async def test_a_server_that_is_restarted_is_used_again(start: Start, nodes: Nodes) -> None:
    own = start()
    node = await nodes.add(own.url)
    for _ in range(3):
        own.kill()
        own.start()
        await until(lambda: kept(node, own))
        await until(lambda: node.usage().up)
        assert await node.get(KEY) is not None


async def test_a_server_that_does_not_let_us_read_is_left_alone(start: Start, nodes: Nodes, lines: Lines) -> None:
    own = start()
    node = await nodes.add(own.url)
    own.ask("ACL", "SETUSER", "default", "-get")
    for _ in range(3):
        assert await node.get(KEY) is None
    await until(lambda: "shared_cache_away" in events(lines))
    assert "NOPERM" in str(lines[0]["reason"])
    own.ask("ACL", "SETUSER", "default", "+get")
    await until(lambda: "shared_cache_back" in events(lines))


async def test_a_server_that_is_always_too_slow_stays_away(nodes: Nodes, lines: Lines) -> None:
    async def answer_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            await asyncio.sleep(0.02 if b"PING" in data or b"GET" in data.split() else 0)
            writer.write(b"+OK\r\n" * data.count(b"*"))
        writer.close()

    server = await asyncio.start_server(answer_slowly, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    node = await nodes.add(f"redis://127.0.0.1:{port}", FAST)
    assert "does not answer within 5 ms" in node.usage().reason
    assert await took_ms(node.get(KEY)) < 100
    assert events(lines) == ["shared_cache_away"]
    await node.stop()
    server.close()


@pytest.mark.parametrize("nonsense", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"*1\r\n" * 50, b""])
async def test_another_kind_of_server_is_left_alone(nonsense: bytes, nodes: Nodes, lines: Lines) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(nonsense)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    node = await nodes.add(f"redis://127.0.0.1:{port}")
    assert await node.get(KEY) is None
    assert events(lines) == ["shared_cache_away"]
    await node.stop()
    server.close()


def kept(node: Any, server: Valkey) -> bool:
    """Put the entry, and see whether the server has it."""
    node.put(entry(1))
    return bool(server.ask("EXISTS", b"hw1:c:" + KEY))


async def up(nodes: Nodes, url: str, settings: SharedSettings) -> Any:
    """A node that is up, however long a busy machine takes to answer its probes."""
    node = await nodes.add(url, settings)
    await until(lambda: node.usage().up)
    return node
