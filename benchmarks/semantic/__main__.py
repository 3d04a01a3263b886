"""`python -m benchmarks.semantic`: play streams of question pairs through the semantic cache's decision."""

import argparse
import json
import os
import sys
from pathlib import Path

from benchmarks.semantic.curves import draw
from benchmarks.semantic.measures import SEEDS, measure
from benchmarks.semantic.pairs import FILE, load
from benchmarks.semantic.tables import tables


def main() -> int:
    """Read the arguments, measure, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.semantic", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {FILE}")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables, the figures and the pictures")
    parser.add_argument("--calls", type=int, default=20_000, help="calls of a stream (default: 20,000)")
    parser.add_argument("--streams", type=int, default=len(SEEDS), help=f"streams, at most {len(SEEDS)}")
    parser.add_argument("--embeddings", type=Path, default=_scratch(), help="file that keeps embeddings between runs")
    parser.add_argument(
        "--limit", action="store_true", help="measure `strict: false`: the meter limits before it stops"
    )
    arguments = parser.parse_args()
    if not (arguments.data / FILE).is_file():
        print(
            f"There is no {FILE} in {arguments.data}: the evaluation data is not part of this repository.",
            file=sys.stderr,
        )
        return 2
    seeds, strict = SEEDS[: arguments.streams], not arguments.limit
    result = measure(load(arguments.data), arguments.calls, seeds, arguments.embeddings, strict=strict)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "semantic.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    (arguments.out / "semantic.md").write_text(tables(result), encoding="utf-8")
    draw(result, arguments.out)
    print(tables(result))
    return 0


def _scratch() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "headworks-benchmarks" / "question-pairs.npz"


if __name__ == "__main__":
    sys.exit(main())
