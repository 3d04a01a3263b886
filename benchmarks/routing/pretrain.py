"""`python -m benchmarks.routing.pretrain`: learn the weights that are shipped."""

import argparse
import random
import sys
from pathlib import Path

from benchmarks.routing.material import MATERIAL, material
from benchmarks.routing.rows import Row as Prompt
from benchmarks.routing.sources import by_rows, by_sources
from benchmarks.routing.splits import by_subject_share, mmlu
from headworks.routing.types.features import features
from headworks.routing.types.linear import SHIPPED
from headworks.routing.types.logistic import Example, Fitted, Learning, best_temperature, fit
from headworks.routing.types.weights import Row, Weights, row, rows, save

KINDS = ("simple", "code", "long", "reasoning")
"""What the text can tell. `multimodal` is what a prompt brings, so a rule sees it."""
LEARNING = Learning(rounds=8, l2=1e-3, seed=1)
"""Chosen on the rows for choosing."""
HARD = Learning(rounds=8, l2=1e-2, seed=1)


def main() -> int:
    """Learn and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing.pretrain", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the evaluation data")
    parser.add_argument("--packages", type=Path, required=True, help=f"folder with {MATERIAL}")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="the file of weights")
    arguments = parser.parse_args()
    kept = by_rows(material(arguments.data, arguments.packages))
    temperature = _temperature(kept.learn, kept.choose)
    save(learned(kept.learn, temperature, _difficulty(arguments.data)), arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size} bytes from {len(kept.learn)} rows")
    return 0


def learned(learn: list[Prompt], temperature: float, difficulty: Row | None = None) -> Weights:
    """The weights of types."""
    return Weights(
        name="shipped with Headworks",
        types=KINDS,
        rows=rows(_fitted(learn)),
        temperature=temperature,
        difficulty=difficulty,
    )


def _temperature(learn: list[Prompt], choose: list[Prompt]) -> float:
    """As right for sources that were learned from as for such that were not: as many rows of each.

    Chosen by known sources alone, it would be far too sure of what it has never seen.
    """
    known = _scored(_fitted(learn), choose)
    unseen = [one for rest, left_out in by_sources(learn) for one in _scored(_fitted(rest), left_out)]
    drawn = random.Random(3).sample(unseen, len(known))
    return best_temperature([*known, *drawn])


def _scored(fitted: Fitted, prompts: list[Prompt]) -> list[tuple[list[float], int]]:
    return [(fitted.scores(features(one.text)), KINDS.index(one.type)) for one in prompts]


def _fitted(learn: list[Prompt]) -> Fitted:
    return fit(_balanced(learn), LEARNING, tick=lambda: print(".", end="", flush=True, file=sys.stderr))


def _balanced(learn: list[Prompt]) -> list[Example]:
    """The examples; each type counts the same altogether."""
    counts = {kind: sum(one.type == kind for one in learn) for kind in KINDS}
    mean = len(learn) / len(KINDS)
    return [
        Example(features(one.text), [float(one.type == kind) for kind in KINDS], min(mean / counts[one.type], 4.0))
        for one in learn
    ]


def _difficulty(data: Path) -> Row:
    """The chance that the weaker of two models fails, from the outcomes that are not measured on."""
    parts = by_subject_share(mmlu(data))
    examples = [Example(features(one["prompt"]), [float(one["weak"]), float(not one["weak"])]) for one in parts.learn]
    fitted = fit(examples, HARD)
    wrong, right = fitted.rows[1], fitted.rows[0]
    difference = [one - other for one, other in zip(wrong, right, strict=True)]
    return row(difference, fitted.biases[1] - fitted.biases[0])


if __name__ == "__main__":
    sys.exit(main())
