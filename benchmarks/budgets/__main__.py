"""`python -m benchmarks.budgets`: run random schedules against the product's budgets, and say what did not hold.

Nothing but the time, the providers and most of the accounts' files is made up: rooms, holds, scopes, prices and the
statements of the accounts are those of the product.
"""

import argparse
import multiprocessing
import sys
import time

from benchmarks.budgets.refusals import SIZES
from benchmarks.budgets.runs import crowds, quietly, run
from benchmarks.budgets.schedule import Verdict

SCHEDULES = 10_000
CROWDS = 60
"""Schedules of the measurement of false refusals, for each size of a cap, in each part."""
_PART = 500


def main() -> int:
    """Read the arguments, run, print. 1 when something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.budgets", description=__doc__)
    parser.add_argument("--schedules", type=int, default=SCHEDULES, help=f"how many (default: {SCHEDULES})")
    parser.add_argument("--crowds", type=int, default=CROWDS, help="runs per size of a cap, for false refusals")
    parser.add_argument("--wait-s", type=float, default=5.0, help="`budgets.wait_s` in those (default: 5)")
    parser.add_argument("--seed", type=int, default=1, help="of the first; each has the next (default: 1)")
    parser.add_argument("--processes", type=int, default=2, help="how many at once (default: 2)")
    arguments = parser.parse_args()
    begun = time.perf_counter()
    total = _schedules(arguments.seed, arguments.schedules, arguments.processes)
    seconds = time.perf_counter() - begun
    print(f"{total.schedules} schedules in {seconds:.0f} s, {total.schedules / seconds:.0f} a second.")
    for name in Verdict.__struct_fields__[1:]:
        print(f"{name.replace('_', ' '):>18}  {getattr(total, name)}")
    with multiprocessing.get_context("spawn").Pool(arguments.processes, quietly) as pool:
        found = pool.starmap(crowds, [(size, arguments.seed, arguments.crowds, arguments.wait_s) for size in SIZES])
    print("\n| cap, in calls at their most | calls | refused | falsely | share, with 95% interval | use |")
    print("|--:|--:|--:|--:|---|--:|")
    for crowd in found:
        print(crowd.row())
    return 0 if total.sound() else 1


def _schedules(seed: int, count: int, processes: int) -> Verdict:
    parts = [(first, min(_PART, seed + count - first)) for first in range(seed, seed + count, _PART)]
    total = Verdict()
    with multiprocessing.get_context("spawn").Pool(processes, quietly) as pool:
        for number, verdict in enumerate(pool.imap_unordered(run, parts), 1):
            total.add(verdict)
            if number % 100 == 0:
                print(f"{total.schedules} ...", file=sys.stderr, flush=True)
    return total


if __name__ == "__main__":
    sys.exit(main())
