"""`python -m benchmarks.vectors`: what a search by meaning costs, beside usearch, and what embedding costs.

The vectors are made up: questions about topics, as near to each other as real ones are. `--vectors FILE.npy` takes real
ones. Each figure is of single searches, one after the other, as calls make them.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
from usearch.index import Index

from benchmarks.procs import cpu_us, rss_mb
from headworks.cache.entries import Facets
from headworks.cache.index.cells import centres
from headworks.cache.index.config import IndexSettings
from headworks.cache.index.disk.row import About
from headworks.cache.index.kept import MEMORY, SemanticIndex
from headworks.cache.index.memory import Item, VectorIndex
from headworks.cache.index.rows import Floats
from headworks.core.clock import SystemClock
from headworks.embedding.config import EmbeddingSettings
from headworks.embedding.frames import Order
from headworks.embedding.local import LocalEmbedder
from headworks.embedding.process import EmbeddingProcess

DIMS = 384
SEARCHES = 2000
NEAR = 0.8
PARTITION = b"p" * 32
TTL_S = 86_400.0
PAYLOAD = b"x" * 300
GIB = 1 << 30
_AGAIN = "HEADWORKS_BENCH_AGAIN"


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vectors", description=__doc__)
    parser.add_argument("--vectors", type=Path, metavar="FILE.npy", help="real vectors, one a row, of length one")
    parser.add_argument("--most", type=int, default=100_000, help="entries of the largest partition (default: 100000)")
    parser.add_argument("--without-usearch", action="store_true", help="leave out usearch, which takes a minute")
    arguments = parser.parse_args()
    if _AGAIN not in os.environ:  # numpy was loaded before anybody could say that it has one thread, as in the gateway
        environment = os.environ | {_AGAIN: "1", "OPENBLAS_NUM_THREADS": "1"}
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks.vectors", *sys.argv[1:]], environment)
    pool = _pool(arguments.vectors, arguments.most + SEARCHES)
    most = len(pool) - SEARCHES
    asked = pool[most:]
    _tiny(pool[: min(most, 50_000)])  # first: later, memory that was freed is used again
    print("\n| entries of one partition | index | p50 us | p99 us | CPU us | nearest found | build s |")
    print("|--:|---|--:|--:|--:|--:|--:|")
    for count in [n for n in (1, 10, 1000, 8000, 20_000, 100_000) if n < most] + [most]:
        _ours(pool[:count], asked)
        if count >= 8000 and not arguments.without_usearch:
            _usearch(pool[:count], asked)
    print()
    asyncio.run(_kept(pool[:most]))
    asyncio.run(_embedding())


def _pool(path: Path | None, count: int) -> Floats:
    """Vectors in random order."""
    rng = np.random.default_rng(0)
    if path is not None:
        rows = np.load(path).astype(np.float32)[:count]
        rows = rows[rng.permutation(len(rows))]
    else:
        rows = np.empty((count, DIMS), np.float32)
        topics = rng.standard_normal((count // 40 + 1, DIMS)).astype(np.float32)
        for first in range(0, count, 4096):
            size = min(4096, count - first)
            about = topics[rng.integers(0, len(topics), size)]
            # Questions differ from each other in few of many directions, as texts do.
            rows[first : first + size] = about + 0.55 * rng.standard_normal((size, DIMS)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def _ours(pool: Floats, asked: Floats) -> None:
    index = VectorIndex(DIMS, SystemClock(), 4 * GIB)
    begun, expires_s = time.process_time(), time.time() + TTL_S
    for number, vector in enumerate(pool):
        index.add(Item(PARTITION, number.to_bytes(32, "big"), vector, expires_s, PAYLOAD))
    while (key := index.crowded()) is not None:
        index.divide(key, centres(index.views(key)))
        while index.move(key, 1024):
            pass
    build_s = time.process_time() - begun
    _row(pool, asked, "ours", build_s, lambda vector: [cosine for _, cosine, _ in index.search(PARTITION, vector, 8)])


def _usearch(pool: Floats, asked: Floats) -> None:
    index = Index(ndim=DIMS, metric="cos", dtype="i8")
    begun = time.process_time()
    index.add(np.arange(len(pool)), pool, threads=1)
    build_s = time.process_time() - begun

    def search(vector: Floats) -> list[float]:
        keys = index.search(vector, 8, threads=1).keys.astype(np.int64)
        found: list[float] = sorted((pool[keys] @ vector).tolist(), reverse=True)
        return found

    _row(pool, asked, "usearch i8", build_s, search)


def _row(pool: Floats, asked: Floats, name: str, build_s: float, search: Callable[[Floats], list[float]]) -> None:
    times: list[float] = []
    best: list[float] = []
    begun = time.process_time()
    for vector in asked:
        started = time.perf_counter()
        found = search(vector)
        times.append(time.perf_counter() - started)
        best.append(found[0])
    cpu = (time.process_time() - begun) / len(asked)
    truth = np.concatenate([(asked[first : first + 256] @ pool.T).max(axis=1) for first in range(0, len(asked), 256)])
    near = truth >= NEAR
    hits = (np.array(best) >= truth - 1e-4)[near]
    share = f"{hits.mean():.1%} of {near.sum()}" if near.any() else ""
    p50, p99 = np.percentile(times, [50, 99]) * 1e6
    print(f"| {len(pool)} | {name} | {p50:.0f} | {p99:.0f} | {cpu * 1e6:.0f} | {share} | {build_s:.1f} |", flush=True)


def _tiny(pool: Floats) -> None:
    """Many partitions of one entry each: what they take."""
    index = VectorIndex(DIMS, SystemClock(), 4 * GIB)
    before, begun, expires_s = rss_mb(os.getpid()), time.process_time(), time.time() + TTL_S
    for number, vector in enumerate(pool):
        key = number.to_bytes(32, "big")
        index.add(Item(key, key, vector, expires_s, PAYLOAD + key))
    add_us = (time.process_time() - begun) / len(pool) * 1e6
    took = (rss_mb(os.getpid()) - before) * 1e6 / len(pool)
    counted = index.bytes / len(pool)
    print(f"{len(pool)} partitions of one entry: {add_us:.1f} us each to add; {took:.0f} bytes, {counted:.0f} counted.")


async def _kept(pool: Floats) -> None:
    """Written to disk, and read again by another worker: how long, and for how long other tasks wait meanwhile."""
    clock = SystemClock()
    now_s = clock.now()
    settings = IndexSettings(memory_bytes=4 * GIB, disk_bytes=4 * GIB)
    with TemporaryDirectory(prefix="headworks-bench-") as folder:

        def index(name: str) -> SemanticIndex:
            return SemanticIndex(Path(folder), settings, _Nothing(), clock, _describe, worker=name)

        first = index("0")
        await first.start()
        for number, vector in enumerate(pool):
            payload = msgspec.msgpack.encode(["x" * 100, number])
            first.add(PARTITION, number.to_bytes(32, "big"), vector, now_s + TTL_S, payload)
            if number % 2000 == 1999:
                await first.turn()
        await first.idle()
        size = _size(Path(folder))
        await first.stop()
        second = index("1")
        waits: list[float] = []
        watcher = asyncio.create_task(_watch(waits))
        begun, cpu = time.perf_counter(), time.process_time()
        await second.start()
        await second.idle()
        row = second.report().tiers[MEMORY]
        print(
            f"{row.entries} entries read from {size / 1e6:.0f} MB of disk and divided in "
            f"{time.perf_counter() - begun:.1f} s ({time.process_time() - cpu:.1f} s of CPU); "
            f"other tasks waited {np.percentile(waits, 99) * 1e3:.1f} ms (p99), {max(waits) * 1e3:.1f} ms at most."
        )
        watcher.cancel()
        await second.stop()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


async def _watch(waits: list[float]) -> None:
    """How much later than asked for a task runs."""
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(0.001)
        waits.append(time.perf_counter() - begun - 0.001)


class _Nothing:
    name, dims = "nothing", DIMS

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def embed(self, texts: object) -> Floats:
        raise AssertionError("vectors are made up here: nothing is embedded")


def _describe(_: bytes) -> About:
    return About("", Facets(org="acme", feature="bot"), 0.0)


async def _embedding() -> None:
    """The model in its child process: one text at a time, and many callers at once."""
    children: list[EmbeddingProcess] = []

    async def start(order: Order) -> EmbeddingProcess:
        children.append(await EmbeddingProcess.start(order))
        return children[-1]

    embedder = LocalEmbedder(EmbeddingSettings(timeout_s=60), SystemClock(), start=start)
    await embedder.start()
    begun = time.perf_counter()
    await embedder.embed(["How do I change my password?"])
    print(f"Embedding: the model is loaded in {time.perf_counter() - begun:.1f} s.")
    child = children[0].pid
    for at_once, calls in ((1, 200), (32, 640)):
        theirs, ours = cpu_us(child), time.process_time()
        times: list[float] = []

        async def call(number: int, times: list[float] = times) -> None:
            started = time.perf_counter()
            await embedder.embed([f"How do I change the password of account number {number}, please?"])
            times.append(time.perf_counter() - started)

        for first in range(0, calls, at_once):
            await asyncio.gather(*(call(first + place) for place in range(at_once)))
        p50, p99 = np.percentile(times, [50, 99]) * 1e3
        in_child, here = (cpu_us(child) - theirs) / calls, (time.process_time() - ours) / calls * 1e6
        print(
            f"{at_once} at once: p50 {p50:.1f} ms, p99 {p99:.1f} ms, {in_child:.0f} us of CPU each in the child, "
            f"{here:.0f} us here; {rss_mb(child):.0f} MB resident."
        )
    await embedder.stop()


if __name__ == "__main__":
    sys.exit(main())
