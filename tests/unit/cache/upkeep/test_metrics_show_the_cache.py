"""What Prometheus sees: read off at a scrape, counted once, and of all workers as one."""

import os
import re
import subprocess
import sys

from headworks.cache.upkeep import CacheMetrics, Stats, TierRow, Troubles

PROGRAM = """
import asyncio, sys
from headworks.cache.upkeep import CacheMetrics, Stats, TierRow, Troubles
from headworks.telemetry.metrics import Metrics

tiers = {"memory": TierRow(entries=2, bytes=10), "disk": TierRow(entries=7, bytes=70, common=True)}
stats = Stats(tiers=tiers, troubles={"local": Troubles(broken=1)}, stored=3)

async def run():
    metrics = CacheMetrics(lambda: stats, first=sys.argv[1] == "0")
    metrics.start()
    print(metrics.text().decode(), Metrics().text().decode())
    if sys.argv[2] == "stop":
        metrics.stop()

asyncio.run(run())
"""


def value(text: str, name: str, tier: str = "") -> float | None:
    label = rf'{{tier="{tier}"}}' if tier else ""
    found = re.search(rf"^headworks_cache_{name}{re.escape(label)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else None


def stats(**more: object) -> Stats:
    tiers = {
        "memory": TierRow(entries=1, bytes=200, limit_bytes=1000, hits=3, evicted=4),
        "shared": TierRow(hits=5, common=True, up=False),
    }
    return Stats(tiers=tiers, troubles={"local": Troubles(broken=1, dropped=2, refused=3)}, **more)


def test_what_there_is_and_what_was_done_are_read_off_at_a_scrape():
    now = stats(stored=8, saved_usd=0.25)
    metrics = CacheMetrics(lambda: now)
    text = metrics.text().decode()
    shown = [value(text, name, "memory") for name in ("entries", "bytes", "limit_bytes", "tier_hits_total", "up")]
    assert shown == [1, 200, 1000, 3, 1]
    assert value(text, "evicted_total", "memory") == 4
    assert [value(text, name, "shared") for name in ("entries", "tier_hits_total", "up")] == [None, 5, 0]
    troubles = [value(text, f"{name}_total", "local") for name in ("broken", "dropped", "refused")]
    assert troubles == [1, 2, 3]
    assert (value(text, "stored_total"), value(text, "saved_usd_total")) == (8, 0.25)


def test_a_count_grows_by_what_came_since_the_last_scrape():
    now = [stats(stored=8, saved_usd=0.1)]
    metrics = CacheMetrics(lambda: now[0])
    metrics.text()
    metrics.text()
    now[0] = stats(stored=10, saved_usd=0.3)
    text = metrics.text().decode()
    assert (value(text, "stored_total"), value(text, "saved_usd_total")) == (10, 0.3)
    assert value(text, "tier_hits_total", "memory") == 3


def test_workers_answer_as_one_and_what_they_share_counts_once(tmp_path):
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def worker(name: str, end: str = "die") -> str:
        command = [sys.executable, "-c", PROGRAM, name, end]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    worker("0")
    text = worker("1", "stop")
    assert (value(text, "entries", "memory"), value(text, "bytes", "disk")) == (4, 70)
    assert (value(text, "stored_total"), value(text, "broken_total", "local")) == (6, 2)
    assert value(worker("2"), "entries", "memory") == 4, "a worker that stopped holds nothing in memory"
