"""`python -m benchmarks.routing`: how well types are told and models chosen, on rows and sources kept apart."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.routing.choosing import Prices, bounds, cost_factor, curves
from benchmarks.routing.material import MATERIAL, material, outcomes
from benchmarks.routing.pretrain import learned
from benchmarks.routing.rows import Row
from benchmarks.routing.sources import by_rows, by_sources
from benchmarks.routing.splits import by_subject_share, by_whole_subjects, mmlu
from benchmarks.routing.tables import tables
from benchmarks.routing.tagging import costs, difficulty, measured
from headworks.routing.types import BuiltInClassifier, built_in
from headworks.routing.types.linear import SHIPPED
from headworks.routing.types.weights import load_weights


def main() -> int:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the evaluation data")
    parser.add_argument("--packages", type=Path, help=f"folder with {MATERIAL}; without it types are not measured")
    parser.add_argument("--out", type=Path, help="file for the figures, JSON")
    parser.add_argument("--embeddings", type=Path, default=_scratch(), help="file that keeps embeddings between runs")
    parser.add_argument("--prices", type=float, nargs=2, default=(0.6, 10.0), help="of the cheap and the strong model")
    arguments = parser.parse_args()
    if not (arguments.data / "routing_outcomes.jsonl.gz").is_file():
        print(f"There is no routing_outcomes.jsonl.gz in {arguments.data}: it is not part of this repository.")
        return 2
    shipped = built_in(lambda reason: print(reason, file=sys.stderr))
    if shipped is None:
        return 1
    figures = _figures(arguments, shipped)
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    print(tables(figures))
    return 0


def _figures(arguments: argparse.Namespace, shipped: BuiltInClassifier) -> dict[str, Any]:
    rows = mmlu(arguments.data)
    stratified = by_subject_share(rows)
    found: dict[str, Any] = {"costs": costs(shipped)}
    if arguments.packages is not None:
        prompts = material(arguments.data, arguments.packages)
        found["types, rows of known sources"] = measured([(shipped, by_rows(prompts).measure)])
        found["types, sources never seen"] = measured(_left_out(prompts, load_weights(SHIPPED).temperature))
    found["difficulty"] = difficulty(shipped, stratified.measure)
    found["within subjects"] = curves(stratified, arguments.embeddings, shipped)
    found["whole subjects"] = curves(by_whole_subjects(rows), arguments.embeddings)
    mixed = by_subject_share(outcomes(arguments.data))
    found["mixed"] = cost_factor(mixed, Prices(*arguments.prices)) | {"prompts": len(mixed.measure)}
    found["bounds"] = bounds(stratified)
    return found


def _left_out(prompts: list[Row], temperature: float) -> Iterator[tuple[BuiltInClassifier, list[Row]]]:
    """Classifiers that learned as the shipped one did, each with the sources it has not seen."""
    for learn, measure in by_sources(prompts):
        yield BuiltInClassifier(learned(learn, temperature)), measure


def _scratch() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "headworks-benchmarks" / "routing-prompts.npz"


if __name__ == "__main__":
    sys.exit(main())
