"""`headworks routing evaluate`: the cost-quality curve of a quality file, against what needs no router."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from headworks.cli.output import AsJson, json_text, table
from headworks.cli.routing.drawing import csv_of, svg_of
from headworks.core.errors import BadAskError
from headworks.routing.quality.comparing import MARGIN, Comparison, Verdict, compare, verdict
from headworks.routing.quality.curve import CALL_SHARES, Curve, Interval, Pair
from headworks.routing.quality.outcomes import Outcome, models_of, read_outcomes
from headworks.routing.quality.predictor import Predictor
from headworks.routing.quality.stored import load_skills
from headworks.routing.types.weights import WeightsError

ROUTER = "router"
_COLUMNS = ("router", "apgr", *(f"cpt{share * 100:.0f}" for share in CALL_SHARES))


def evaluate(
    data: Path,
    *,
    quality: Path,
    models: tuple[str, str] | None = None,
    margin: float = MARGIN,
    out: Path | None = None,
    json: AsJson = False,
) -> int:
    """Draw the cost-quality curve of a quality file.

    It is refused (exit code 1) when it is no better than by chance and by length.

    Example: headworks routing evaluate held-out.jsonl --quality quality.weights --out curve

    Args:
        data: Outcomes that were not learned from, JSON Lines of `text` and `good: {MODEL: 0 to 1}`.
        quality: What `headworks routing train --outcomes` wrote.
        models: The cheaper and the stronger model. Left out: the worst and the best on this data.
        margin: How much higher its APGR must be than by chance and by length.
        out: Where to write OUT.csv and OUT.svg.
        json: Print JSON for programs.
    """
    outcomes = read_outcomes(data)
    predictor = _predictor(quality)
    pair = _pair(outcomes, predictor, models)
    with Console(stderr=True).status("Drawing curves ..."):
        comparison = _compared(outcomes, predictor, pair)
    decided = verdict(comparison, ROUTER, margin)
    if out is not None:
        _write(out.with_suffix(".csv"), csv_of(comparison))
        _write(out.with_suffix(".svg"), svg_of(comparison))
    print(json_text(_report(comparison, pair, decided)) if json else _shown(comparison, pair, decided))
    return 0 if decided.live else 1


def _predictor(path: Path) -> Predictor:
    try:
        return Predictor(load_skills(path))
    except WeightsError as error:
        raise BadAskError(str(error)) from error


def _pair(outcomes: Sequence[Outcome], predictor: Predictor, models: tuple[str, str] | None) -> tuple[str, str]:
    common = [name for name in models_of(outcomes) if name in predictor.models]
    for name in models or ():
        if name not in common:
            raise BadAskError(
                f"`{name}` is not in the data and the quality file alike. There are: {', '.join(common)}."
            )
    if len(common) < 2:
        raise BadAskError("The data and the quality file have fewer than two models in common.")
    return models or (common[0], common[-1])


def _compared(outcomes: Sequence[Outcome], predictor: Predictor, pair: tuple[str, str]) -> Comparison:
    cheap, strong = pair
    scores = []
    for one in outcomes:
        raw = predictor.scores(one.text)
        scores.append(_chance(raw[strong]) - _chance(raw[cheap]))
    good = Pair([one.good[cheap] for one in outcomes], [one.good[strong] for one in outcomes])
    try:
        return compare([one.text for one in outcomes], good, {ROUTER: scores})
    except ValueError as error:
        raise BadAskError(f"`{strong}` and `{cheap}`: {error}.") from error


def _chance(score: float) -> float:
    return 1 / (1 + math.exp(-score))


def _report(comparison: Comparison, pair: tuple[str, str], decided: Verdict) -> dict[str, Any]:
    return {
        "cheap": {"model": pair[0], "quality": comparison.cheap},
        "strong": {"model": pair[1], "quality": comparison.strong},
        "prompts": comparison.count,
        "routers": {curve.name: {"apgr": curve.apgr, "cpt": curve.cpt} for curve in comparison.curves},
        "live": decided.live,
        "why": decided.why,
    }


def _shown(comparison: Comparison, pair: tuple[str, str], decided: Verdict) -> str:
    rows = [_row(curve) for curve in comparison.curves]
    rows.append({"router": f"always {pair[0]}", "apgr": f"quality {comparison.cheap:.3f}"})
    rows.append({"router": f"always {pair[1]}", "apgr": f"quality {comparison.strong:.3f}"})
    head = f"{comparison.count} prompts, 95% intervals over prompts drawn again."
    word = "It may go live" if decided.live else "It is refused to go live"
    return f"{head}\n{table(rows, _COLUMNS)}\n{word}: {decided.why}"


def _row(curve: Curve) -> dict[str, str]:
    cells = zip(_COLUMNS[1:], (curve.apgr, *curve.cpt), strict=True)
    return {"router": curve.name} | {column: _cell(interval) for column, interval in cells}


def _cell(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadAskError(f"{path} cannot be written: {error.strerror}.") from error
