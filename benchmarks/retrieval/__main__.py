"""`python -m benchmarks.retrieval --data FOLDER`: how good a search is, and what it costs."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import msgspec

from benchmarks.retrieval.cranfield import FILES, measured
from headworks.retrieval.config import IndexSettings


def main() -> int:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {FILES[0]}")
    parser.add_argument("--chunk-chars", type=int, default=IndexSettings().chunk_chars, help="longest piece")
    arguments = parser.parse_args()
    if not (arguments.data / FILES[0]).is_file():
        print(f"There is no {FILES[0]} in {arguments.data}: it is not part of this repository.", file=sys.stderr)
        return 2
    settings = IndexSettings(chunk_chars=arguments.chunk_chars)
    with tempfile.TemporaryDirectory() as folder:
        scores, took, chunks = asyncio.run(measured(arguments.data, Path(folder), settings))
    print(f"ingest: {chunks} pieces in {took:.1f} s, {chunks / took:.0f} a second\n")
    names = ("ndcg_10", "recall_5", "recall_10", "recall_50", "mrr_10")
    print("| search | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for mode, found in scores.items():
        print(f"| {mode} | " + " | ".join(f"{msgspec.structs.asdict(found)[name]:.3f}" for name in names) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
