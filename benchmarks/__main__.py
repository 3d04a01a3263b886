"""`python -m benchmarks`: measure every target in turn, several rounds, and print the table."""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

import msgspec

from benchmarks.measure import SCENARIOS, Sample, measure
from benchmarks.procs import rss_mb
from benchmarks.report import rows, table
from benchmarks.soak import soak
from benchmarks.targets import Target, find_nginx, headworks, nginx, upstream

WARM_UP = 0.1  # share of a scenario's calls sent before the first round


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; figures are their medians (default: 3)")
    parser.add_argument("--share", type=float, default=1.0, help="share of the calls to make, 0.1 for a quick look")
    parser.add_argument("--only", default="", help="only scenarios whose name holds this text")
    parser.add_argument("--without-headworks", action="store_true", help="only nginx and no gateway")
    parser.add_argument(
        "--against", type=Path, metavar="DIR", action="append", default=[], help="a checkout to measure in turn, too"
    )
    parser.add_argument("--soak", type=int, metavar="N", help="instead: N calls to Headworks, watching its memory")
    parser.add_argument("--distinct", action="store_true", help="with --soak: cached calls, each another question")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="headworks-bench-")))
        direct = running.enter_context(upstream())
        if arguments.soak:
            result = soak(
                running.enter_context(headworks(direct.port, folder)), arguments.soak, distinct=arguments.distinct
            )
            print(msgspec.json.encode(result).decode())
            return
        targets = [direct]
        if program := find_nginx():
            targets.append(running.enter_context(nginx(program, direct.port, folder)))
        else:
            print("nginx is not installed here: its rows are left out.", file=sys.stderr)
        if not arguments.without_headworks:
            targets.append(running.enter_context(headworks(direct.port, folder)))
        targets += [running.enter_context(headworks(direct.port, folder, other)) for other in arguments.against]
        _compare(targets, arguments)


def _compare(targets: list[Target], arguments: argparse.Namespace) -> None:
    """Measure all scenarios, the targets taking turns within each round so that all meet the same machine."""
    at_start = {target.name: rss_mb(target.pid) for target in targets if target.pid}
    names = [name for name in SCENARIOS if arguments.only in name]
    samples: list[Sample] = []
    for name in names:
        for target in targets:
            measure(name, target, share=arguments.share * WARM_UP)
        for number in range(arguments.rounds):
            for target in targets:
                print(f"{name}, round {number + 1}, {target.name} ...", file=sys.stderr, flush=True)
                samples.append(measure(name, target, share=arguments.share))
    found = rows(samples)
    if arguments.json:
        print(msgspec.json.encode({"rows": found, "rss_at_start_mb": at_start, "samples": samples}).decode())
    else:
        print(table(found, targets, at_start, arguments.rounds))


if __name__ == "__main__":
    main()
