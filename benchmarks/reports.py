"""`python -m benchmarks.reports`: how long reports over a year of calls take, and what roll-ups cost each record.

A year of roll-ups is made as so many calls would leave them: organisations, features, models, a prompt each, keys, and
users of whom few call much and many call little. Each day's calls stand in one hour of it: reports of a year do not
read hours. Times are those of the whole answer, JSON included, on a connection that is opened for it.
"""

import argparse
import os
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.procs import cpu_us
from headworks.core.clock import SystemClock
from headworks.storage.sqlite import transaction
from headworks.telemetry import TraceStore
from headworks.telemetry.ledger.rollups.adding import add
from headworks.telemetry.ledger.rollups.cells import Cells, merge
from headworks.telemetry.ledger.rollups.levels import LEVELS, Rows
from headworks.telemetry.ledger.rollups.times import counted
from headworks.telemetry.ledger.rollups.wish import ReportQuery
from headworks.telemetry.ledger.tables import Ledger, open_ledger
from headworks.telemetry.record import TraceRecord

DAYS = 365
ORGS, FEATURES, MODELS, USERS = 12, 8, 5, 3_000
BATCH, BATCHES = 500, 40
ASKED = (
    "day,feature,model",
    "day",
    "week,org",
    "month,org,feature",
    "feature,model",
    "day,org,feature,model,provider,prompt",
    "user",
    "month,user",
    "day,user",
)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reports", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000_000, help="calls of the year (default: 10000000)")
    parser.add_argument("--rounds", type=int, default=5, help="times are medians of so many (default: 5)")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="headworks-bench-") as folder:
        place = Path(folder)
        _fill(place, arguments.calls)
        print("\n| `--by` | rows | ms | ms with `--latency` |\n|---|--:|--:|--:|")
        for by in ASKED:
            rows, plain_ms = _timed(place, by, arguments.rounds, latency=False)
            _, latency_ms = _timed(place, by, arguments.rounds, latency=True)
            print(f"| {by} | {rows:,} | {plain_ms:.0f} | {latency_ms:.0f} |")
    with TemporaryDirectory(prefix="headworks-bench-") as folder:
        _writing(Path(folder))


def _fill(place: Path, calls: int) -> None:
    connection = open_ledger(place)
    rng = random.Random(0)
    today = int(SystemClock.now()) // 86_400
    begun_s = time.perf_counter()
    for day in range(today - DAYS + 1, today + 1):
        cells = _day(rng, day * 24 + 12, calls // DAYS)
        with transaction(connection):
            add(connection, cells)
    counts = []
    for level in LEVELS:
        found: Rows = connection.execute(f"SELECT count(*) FROM {level.table}").fetchall()
        counts.append(f"{level.table} {found[0][0]:,}")
    connection.close()
    size = (place / "traces.sqlite").stat().st_size / 2**20
    print(f"{calls:,} calls in {time.perf_counter() - begun_s:.0f} s; rows: {', '.join(counts)}; {size:.0f} MiB")


def _day(rng: random.Random, hour: int, calls: int) -> Cells:
    """The cells of one day: users by a power law, each at one organisation with its own features and models."""
    cells: Cells = {}
    spread = [rng.paretovariate(1.1) for _ in range(USERS // 3)]
    scale = calls / sum(spread)
    for weight in spread:
        user = rng.randrange(USERS)
        org, feature, model = user % ORGS, rng.randrange(FEATURES), rng.randrange(MODELS)
        count = max(1, round(weight * scale))
        key = (
            hour,
            f"org-{org}",
            f"user-{user:05d}@example.com",
            f"key-{org}-{feature % 3}",
            f"feature-{feature}",
            f"model-{model}",
            f"provider-{model % 3}",
            f"prompt-{feature}@{1 + feature % 2}",
        )
        latency, ttft = rng.lognormvariate(7, 1), rng.lognormvariate(6, 0.5)
        times = [
            sum(counted(base * rng.lognormvariate(0, 0.7)) for _ in range(min(count, 30))) for base in (latency, ttft)
        ]
        tokens = [900 * count, 250 * count, 300 * count, 0, 40 * count]
        merge(cells, key, [count, count // 50, 0, count // 4, *tokens, 1_234_567 * count, 99 * count, 0, 0, 0, *times])
    return cells


def _timed(place: Path, by: str, rounds: int, *, latency: bool) -> tuple[int, float]:
    times = []
    rows = 0
    for _ in range(rounds):
        begun_s = time.perf_counter()
        store = TraceStore(place)
        rows = len(store.report(ReportQuery(by=by, since=f"{DAYS - 1}d", latency=latency))["rows"])
        store.close()
        times.append((time.perf_counter() - begun_s) * 1000)
    return rows, sorted(times)[len(times) // 2]


def _writing(place: Path) -> None:
    """CPU of the ledger's thread for each record, with few names and with a new user in each record."""
    print("\n| each record | us of CPU |\n|---|--:|")
    for number, (said, users) in enumerate((("one of 20 users", 20), ("another user", 10**9))):
        ledger = Ledger(place / str(number))
        ledger.open()
        rng = random.Random(0)
        batches = [[_record(rng, batch * BATCH + n, users) for n in range(BATCH)] for batch in range(BATCHES)]
        begun_us = cpu_us(os.getpid())
        for batch in batches:
            ledger.insert(batch)
            ledger.keep_up()
        print(f"| {said} | {(cpu_us(os.getpid()) - begun_us) / (BATCH * BATCHES):.0f} |")
        ledger.close()


def _record(rng: random.Random, number: int, users: int) -> TraceRecord:
    return TraceRecord(
        status="ok",
        trace_id=f"{number:032x}",
        started_at=1_795_428_000_000 + number,
        model="fast",
        feature="support-bot",
        org_id="acme",
        key_id="k",
        user_id=f"u{rng.randrange(users)}",
        provider="lab",
        prompt_tokens=100,
        cost_nano=12_345,
        latency_ms=rng.lognormvariate(7, 1),
    )


if __name__ == "__main__":
    main()
