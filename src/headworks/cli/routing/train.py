"""`headworks routing train`: learn query types, or what models are good at, from material of your own."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.progress import Progress

from headworks.cli.output import AsJson, json_text, table
from headworks.cli.routing.labelled import read_labelled, refuse_unfit
from headworks.cli.routing.learning import LEARNING, Measured, learned, measured, split
from headworks.cli.routing.traced import read_traced
from headworks.core.errors import BadAskError
from headworks.routing.quality import learning as quality
from headworks.routing.quality.outcomes import Outcome, models_of, read_outcomes
from headworks.routing.quality.stored import save_skills
from headworks.routing.types.weights import save

Files = Annotated[tuple[Path, ...], Parameter(negative=(), consume_multiple=True)]


def train(
    *,
    out: Path,
    examples: Files = (),
    from_traces: Files = (),
    test: Path | None = None,
    outcomes: Path | None = None,
    json: AsJson = False,
) -> int:
    """Learn query types from labelled requests, or the quality of models from outcomes, into a file the config names.

    Rows to measure with are never learned from; a test file whose rows are nearly rows of the examples is refused.

    Example: headworks routing train --examples mine.jsonl --out types.weights

    Example: headworks routing train --outcomes outcomes.jsonl --out quality.weights

    Args:
        out: The file that is written. The config names it by `routing: {weights: FILE}` or `{quality: FILE}`.
        examples: Labelled requests, JSON Lines of `text` and `type`.
        from_traces: Records of `headworks traces export` with captured bodies. The type is that of the field `type`
            that you add, or of the tag `type`; records without one are passed over.
        test: Labelled requests to measure with. Left out: a fifth of the examples.
        outcomes: Prompts and how good each model's answer was, JSON Lines of `text` and `good: {MODEL: 0 to 1}`.
        json: Print JSON for programs.
    """
    if (outcomes is None) == (not examples and not from_traces):
        raise BadAskError("Give either `--examples` (or `--from-traces`) or `--outcomes`.")
    report = _quality(outcomes, out) if outcomes is not None else _types(examples, from_traces, test, out)
    print(json_text(report) if json else _shown(report))
    return 0


def _types(examples: Files, traces: Files, test: Path | None, out: Path) -> dict[str, Any]:
    found = [*read_labelled(examples), *(one for path in traces for one in read_traced(path))]
    refuse_unfit(found)
    parts = split(found, read_labelled([test]) if test is not None else [])
    refuse_unfit(parts.learn, "examples left to learn from")
    with _progress() as progress:
        task = progress.add_task("Learning types ...", total=LEARNING.rounds)
        weights = learned(parts, lambda: progress.advance(task))
    _write(lambda: save(weights, out), out)
    figures: Measured | None = measured(weights, parts.test)
    return {
        "file": str(out),
        "types": list(weights.types),
        "learned_from": len(parts.learn),
        "measured": None if figures is None else msgspec.to_builtins(figures),
    }


def _quality(path: Path, out: Path) -> dict[str, Any]:
    found = read_outcomes(path)
    models = models_of(found)
    parts = quality.parts(found)
    with _progress() as progress:
        task = progress.add_task("Learning what models are good at ...", total=quality.LEARNING.rounds * len(models))
        try:
            skills = quality.learn(parts, models, name=path.name, tick=lambda: progress.advance(task))
        except quality.TooFewError as error:
            raise BadAskError(str(error)) from error
    _write(lambda: save_skills(skills, out), out)
    return {
        "file": str(out),
        "models": {name: _mean(found, name) for name in models},
        "learned_from": len(parts.learn),
        "next": f"Measure it on outcomes that are not in {path.name}: headworks routing evaluate DATA --quality {out}",
    }


def _mean(outcomes: list[Outcome], model: str) -> float:
    return sum(one.good[model] for one in outcomes) / len(outcomes)


def _write(write: Any, out: Path) -> None:
    try:
        write()
    except OSError as error:
        raise BadAskError(f"{out} cannot be written: {error.strerror}.") from error


def _progress() -> Progress:
    return Progress(console=Console(stderr=True), transient=True)


def _shown(report: dict[str, Any]) -> str:
    lines = [f"{report['file']} is written, learned from {report['learned_from']} rows."]
    if "models" in report:
        lines += [table([{"model": m, "good": f"{g:.3f}"} for m, g in report["models"].items()], ("model", "good"))]
        return "\n".join([*lines, report["next"]])
    figures = report["measured"]
    if figures is None:
        return "\n".join([*lines, "All rows kept apart are near duplicates of the others: nothing to measure."])
    by_type = [{"type": name, "right": f"{share:.1%}"} for name, share in figures["by_type"].items()]
    said = f"Of {figures['count']} rows kept apart {figures['accuracy']:.1%} are right ({figures['macro']:.1%} macro)."
    return "\n".join([*lines, said, table(by_type, ("type", "right"))])
