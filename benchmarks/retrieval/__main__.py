"""`python -m benchmarks.retrieval --data FOLDER`: how good a search is, and what it costs."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from benchmarks.retrieval.cranfield import FILES, measured
from benchmarks.retrieval.speed import Cost
from benchmarks.retrieval.speed import measured as costs
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.evaluation import Scores


def main() -> int:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {FILES[0]}")
    parser.add_argument("--chunk-chars", type=int, default=IndexSettings().chunk_chars, help="longest piece")
    parser.add_argument("--pieces", type=int, nargs="*", default=[], help="measure the speed in indexes so large")
    parser.add_argument("--only-speed", action="store_true", help="leave Cranfield out")
    arguments = parser.parse_args()
    if not (arguments.data / FILES[0]).is_file():
        print(f"There is no {FILES[0]} in {arguments.data}: it is not part of this repository.", file=sys.stderr)
        return 2
    settings = IndexSettings(chunk_chars=arguments.chunk_chars)
    for pieces in arguments.pieces:
        with tempfile.TemporaryDirectory() as folder:
            _show_costs(pieces, asyncio.run(costs(Path(folder), pieces)))
    if arguments.only_speed:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(measured(arguments.data, Path(folder), settings))
    pieces, took, cpu = result.pieces, result.took_s, result.cpu_s
    each_ms = 1000 * cpu / pieces
    print(f"ingest: {pieces} pieces in {took:.1f} s, {pieces / took:.0f} a second; {each_ms:.1f} ms of CPU each")
    _show_scores("As judged", result.judged)
    _show_scores("Without documents judged 0", result.condensed)
    return 0


def _show_scores(title: str, scores: dict[str, Scores]) -> None:
    names = Scores.__struct_fields__
    print(f"\n{title}:\n\n| search | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for mode, found in scores.items():
        print(f"| {mode} | " + " | ".join(f"{getattr(found, name):.3f}" for name in names) + " |")


def _show_costs(pieces: int, found: dict[str, Cost]) -> None:
    for who, cost in found.items():
        print(
            f"{pieces} pieces, {who}: {cost.cpu_ms:.1f} ms of CPU and {cost.embed_ms:.1f} ms in the embedding process; "
            f"p50 {cost.p50_ms:.1f} ms, p95 {cost.p95_ms:.1f} ms; first search {cost.load_s:.2f} s"
        )


if __name__ == "__main__":
    sys.exit(main())
