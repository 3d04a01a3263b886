"""What each process of the benchmark runs: a part of the schedules, or the crowds of one size of a cap."""

import gc
import tempfile
from pathlib import Path
from random import Random
from typing import NoReturn

import structlog

from benchmarks.budgets.plans import draw
from benchmarks.budgets.refusals import Crowd, crowded
from benchmarks.budgets.schedule import Schedule, Verdict
from benchmarks.budgets.timeline import Timeline

ON_FILE = 50
"""One schedule of so many is run on the product's own file."""


def quietly() -> None:
    """Begin a process: what is logged of accidents is not asked for here."""
    structlog.configure(processors=[_dropped])
    gc.freeze()
    gc.set_threshold(50_000, 10, 100)


def _dropped(*_: object) -> NoReturn:
    raise structlog.DropEvent


def run(part: tuple[int, int]) -> Verdict:
    """Schedules from a seed on, so many."""
    first, count = part
    loop, total = Timeline(), Verdict()
    with tempfile.TemporaryDirectory(prefix="headworks-budgets-") as folder:
        for seed in range(first, first + count):
            random = Random(seed)
            plan = draw(random)
            on_file = Path(folder, str(seed)) if seed % ON_FILE == 0 else None
            if on_file is not None:
                on_file.mkdir()
            verdict = loop.run_until_complete(Schedule(plan, random, loop, on_file).run())
            if not verdict.sound():
                print(f"seed {seed}: {verdict}", flush=True)
            total.add(verdict)
    loop.close()
    return total


def crowds(size: int, seed: int, count: int, wait_s: float) -> Crowd:
    """So many runs with a cap of one size."""
    loop, total = Timeline(), Crowd(size)
    for number in range(count):
        total.add(crowded(loop, Random(seed * 1_000_003 + number), size, wait_s))
    loop.close()
    return total
