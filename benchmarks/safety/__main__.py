"""`python -m benchmarks.safety`: how much the safety filters find, how often they are wrong, what they cost."""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.safety.cost import costs
from benchmarks.safety.detection import fewer, held_out, markdown, ours, table, wilson
from benchmarks.safety.material import long_benign, ordinary
from benchmarks.safety.others import judges
from benchmarks.safety.personal import recall
from headworks.safety.checks.secrets import Secrets
from headworks.safety.pii.finder import find


def main() -> int:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.safety", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the evaluation data")
    parser.add_argument("--wheels", type=Path, help="folder that keeps the wheels between runs")
    parser.add_argument("--others", action="store_true", help="run two public detectors, too: some minutes")
    arguments = parser.parse_args()
    if not (arguments.data / "clinc150.jsonl.gz").is_file():
        print(
            f"There is no clinc150.jsonl.gz in {arguments.data}: the data is no part of this repository.",
            file=sys.stderr,
        )
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        _measure(arguments.data, arguments.wheels or Path(scratch), others=arguments.others)
    return 0


def _measure(data: Path, wheels: Path, *, others: bool) -> None:
    samples = held_out(wheels, data)
    print("## Injection, held-out side\n\n" + markdown(table(samples, ours())))
    if others:
        some = fewer(samples)
        for name, judge in {"ours": ours(), **judges(wheels)}.items():
            print(f"\n## {name}, on {len(some)} of these texts\n\n" + markdown(table(some, judge)))
    print("\n## Personal data\n\n| kind | hidden | found | 95% interval |\n|---|---|---|---|")
    for kind, hidden, found in recall(wheels):
        low, high = wilson(found, hidden)
        print(f"| {kind} | {hidden} | {found / hidden:.2%} | {low:.2%} to {high:.2%} |")
    calm = [sample.text for sample in (*ordinary(data), *long_benign(data))]
    secrets = Secrets()
    wrong, named = sum(bool(find(text)) for text in calm), sum(bool(secrets.find(text)) for text in calm)
    print(f"\nOf {len(calm)} ordinary texts, {wrong} are said to hold personal data and {named} to hold secrets.")
    print("\n## Cost, microseconds of CPU\n\n| policy | ask of 200 words | chunk of one word |\n|---|---|---|")
    for name, ask, chunk in costs(data):
        print(f"| {name} | {ask:.0f} | {chunk:.1f} |")


if __name__ == "__main__":
    sys.exit(main())
