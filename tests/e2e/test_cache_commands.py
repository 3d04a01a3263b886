"""`headworks cache` beside real workers: what one command lets go of is gone from all of them."""

import asyncio
import json
import re
import subprocess
import sys
from urllib.request import Request, urlopen

import pytest
from tests.e2e.conftest import until

from headworks.testing import Recipe

HELLO = {"model": "feature/cached", "messages": [{"role": "user", "content": "Hello there"}], "user": "ann"}
WORKERS = 2
CALLS = 12
"""Each on a connection of its own, so that both workers have had some."""


@pytest.fixture
def two(own_gateway):
    """A running gateway with two workers."""
    text = own_gateway.config.read_text(encoding="utf-8")
    own_gateway.config.write_text(text.replace("port: 0", f"port: 0, workers: {WORKERS}"), encoding="utf-8")
    yield own_gateway.start()
    own_gateway.stop()


def ask(gateway) -> str:
    headers = {"authorization": f"Bearer {gateway.key}", "content-type": "application/json"}
    request = Request(f"{gateway.url}/v1/chat/completions", json.dumps(HELLO).encode(), headers)
    with urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())["choices"][0]["message"]["content"]


async def answers(gateway) -> list[str]:
    return [await asyncio.to_thread(ask, gateway) for _ in range(CALLS)]


async def headworks(gateway, *words: str):
    """The JSON that a command prints, on the data directory unless it says `--url`."""
    place = () if "--url" in words else ("--config", str(gateway.config))
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "headworks", "cache", *words, *place, "--json"],
        cwd=gateway.folder,
        env=gateway.environ | {"HEADWORKS_ADMIN_KEY": gateway.admin_key},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def on_disk(gateway) -> bytes:
    return b"".join(file.read_bytes() for file in (gateway.folder / "headworks-data").glob("cache.sqlite*"))


def metric(gateway, name: str, tier: str) -> float:
    with urlopen(f"{gateway.url}/metrics", timeout=30) as page:
        text = page.read().decode()
    return float(re.search(rf'^headworks_cache_{name}{{tier="{tier}"}} (\S+)$', text, re.MULTILINE)[1])


@pytest.mark.parametrize("way", ["data directory", "admin API"])
async def test_a_command_reaches_the_memory_of_all_workers(two, fake, way):
    place = ("--url", two.url) if way == "admin API" else ()
    fake.recipes(Recipe(text="Old."))
    assert await answers(two) == ["Old."] * CALLS
    asked = len(fake.calls)
    assert asked <= WORKERS, "one may ask before it has been written what the other was answered"
    fake.recipes(Recipe(text="New."))
    dry = await headworks(two, "invalidate", "--user", "ann", "--dry-run", *place)
    assert dry["counts"]["disk"] == 1
    assert await answers(two) == ["Old."] * CALLS
    done = await headworks(two, "invalidate", "--user", "ann", *place)
    assert (done["counts"]["disk"], set(done["left"].values())) == (1, {0})
    await asyncio.to_thread(until, lambda: b"ann" not in on_disk(two))
    assert await answers(two) == ["New."] * CALLS
    assert asked < len(fake.calls) <= asked + WORKERS


async def test_what_workers_share_is_counted_once(two, fake):
    await answers(two)
    await asyncio.to_thread(until, lambda: metric(two, "entries", "disk") == 1, 30)
    assert await asyncio.to_thread(metric, two, "limit_bytes", "disk") == 1024**3
    assert await asyncio.to_thread(metric, two, "limit_bytes", "memory") == WORKERS * 64 * 1024**2
    stats = await headworks(two, "stats", "--url", two.url)
    assert stats["tiers"]["disk"]["limit_bytes"] == 1024**3
    assert sum(stats["calls"].values()) <= CALLS
