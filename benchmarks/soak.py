"""Whether memory and disk stay bounded: many calls, what they take on the way, and the slope of the second half."""

import time
from statistics import linear_regression
from typing import Literal

from msgspec import Struct

from benchmarks.load import Job, Result
from benchmarks.measure import send
from benchmarks.procs import cpu_us, rss_mb
from benchmarks.targets import Target

STEPS = 40
STREAMED_SHARE = 20  # one call in so many is streamed


class Soak(Struct, kw_only=True):
    """`rss_mb` after each of `STEPS` steps; `slope_mb_per_million` of the second half, when caches are full.

    `cache_mb` is what the files of the cache take after each step.
    """

    calls: int
    seconds: float
    cpu_us_per_call: float
    rss_mb: list[float]
    cache_mb: list[float]
    slope_mb_per_million: float


def soak(target: Target, calls: int, *, distinct: bool) -> Soak:
    """Send `calls` calls to `target` (which has a pid and a folder), some of them streamed, and watch what it takes.

    Args:
        target: The gateway.
        calls: How many.
        distinct: Whether they are cached and each asks something else; else they are equal and not cached.
    """
    assert target.pid is not None
    body: Literal["distinct", "prompt-600B"] = "distinct" if distinct else "prompt-600B"
    step = max(STREAMED_SHARE, calls // STEPS)
    began, cpu_before = time.perf_counter(), cpu_us(target.pid)
    memory, disk = [rss_mb(target.pid)], [_cache_mb(target)]
    for number in range(STEPS):
        streamed = step // STREAMED_SHARE
        _succeed(send(Job(port=target.port, key=target.key, body=body, calls=step - streamed, first=number * step)))
        _succeed(send(Job(port=target.port, key=target.key, body="stream", calls=streamed, chunks=20)))
        memory.append(rss_mb(target.pid))
        disk.append(_cache_mb(target))
        print(f"{(number + 1) * step:>9} calls  {memory[-1]:7.1f} MB, cache {disk[-1]:7.1f} MB", flush=True)
    later = memory[len(memory) // 2 :]
    millions = [number * step / 1e6 for number in range(len(later))]
    return Soak(
        calls=step * STEPS,
        seconds=time.perf_counter() - began,
        cpu_us_per_call=(cpu_us(target.pid) - cpu_before) / (step * STEPS),
        rss_mb=memory,
        cache_mb=disk,
        slope_mb_per_million=linear_regression(millions, later).slope,
    )


def _cache_mb(target: Target) -> float:
    """What the cache's files take."""
    assert target.folder is not None
    return sum(path.stat().st_size for path in target.folder.rglob("cache*")) / 1e6


def _succeed(result: Result) -> None:
    if result.failed:
        raise SystemExit(f"bench: {result.failed} calls failed, the first so: {result.first_failure}")
