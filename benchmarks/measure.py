"""One measurement: send a job to a target, and see what it cost the target's processes."""

import subprocess
import sys

import msgspec
from msgspec import Struct

from benchmarks.load import Job, Result
from benchmarks.procs import cpu_us, rss_mb
from benchmarks.targets import Target

SCENARIOS: dict[str, Job] = {
    "json, 600-byte prompt": Job(port=0, key="", body="prompt-600B", calls=10_000),
    # The same call, of a feature with five limits: reserved on five accounts and settled.
    "json, five budgets": Job(port=0, key="", body="prompt-600B", calls=10_000, feature="budgeted"),
    "json, 100-kB prompt": Job(port=0, key="", body="prompt-100kB", calls=3000),
    "json, 5-MB image": Job(port=0, key="", body="image-5MB", calls=100, concurrency=4),
    # The same call again and again: from the second on it is answered by the exact cache.
    "hit, json": Job(port=0, key="", body="hit", calls=10_000),
    "hit, stream": Job(port=0, key="", body="hit-stream", calls=10_000, chunks=60),
    # 40 streams, an event every 20 ms each: the events of a stream come one by one.
    "stream, one by one": Job(port=0, key="", body="stream", calls=80, concurrency=40, chunks=300, pace_ms=20),
    # As fast as the upstream can: many events in one read.
    "stream, at once": Job(port=0, key="", body="stream", calls=400, concurrency=8, chunks=300),
}


TIMEOUT_S = 600.0


class Sample(Struct, kw_only=True):
    """What one job cost and what its clients saw. `cpu_us` is per call, or per event of a stream; None for `direct`."""

    scenario: str
    target: str
    cpu_us: float | None
    calls_per_s: float
    p50_ms: float
    p99_ms: float
    first_byte_p50_ms: float
    events_per_read: float
    rss_mb: float | None


def measure(scenario: str, target: Target, *, share: float = 1.0) -> Sample:
    """Run `scenario` against `target`, with the given share of its calls.

    Raises:
        SystemExit: A call failed: a benchmark of failures measures nothing.
    """
    job = msgspec.structs.replace(SCENARIOS[scenario], port=target.port, key=target.key)
    job.calls = max(job.concurrency, round(job.calls * share))
    before = cpu_us(target.pid) if target.pid else 0.0
    result = send(job)
    if result.failed:
        raise SystemExit(f"bench: {result.failed} calls to {target.name} failed, the first so: {result.first_failure}")
    units = result.events if job.body == "stream" else result.calls
    return Sample(
        scenario=scenario,
        target=target.name,
        cpu_us=(cpu_us(target.pid) - before) / units if target.pid else None,
        calls_per_s=result.calls / result.seconds,
        p50_ms=result.p50_ms,
        p99_ms=result.p99_ms,
        first_byte_p50_ms=result.first_byte_p50_ms,
        events_per_read=result.events / result.reads,
        rss_mb=rss_mb(target.pid) if target.pid else None,
    )


def send(job: Job) -> Result:
    """Send a job from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=msgspec.json.encode(job),
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    if done.returncode != 0:
        raise SystemExit(f"bench: the clients failed:\n{done.stderr.decode()[-2000:]}")
    return msgspec.json.decode(done.stdout, type=Result)
