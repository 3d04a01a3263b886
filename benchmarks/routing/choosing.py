"""How well models are chosen: the cost-quality curve on held-out outcomes, and what a mixed workload costs."""

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from benchmarks.routing.splits import Parts, Rows
from benchmarks.semantic.embed import embedded
from headworks.routing.quality.comparing import Comparison, compare, verdict
from headworks.routing.quality.curve import Pair
from headworks.routing.quality.dense import with_vectors
from headworks.routing.quality.learning import Parts as Learned
from headworks.routing.quality.learning import learn
from headworks.routing.quality.neighbours import NearestOutcomes
from headworks.routing.quality.outcomes import Outcome
from headworks.routing.quality.predictor import Predictor
from headworks.routing.types import BuiltInClassifier

MODELS = ("weak", "strong")
HASHED, EMBEDDED, NEAREST, HARD = "hashed", "hashed, MiniLM, nearest", "nearest by MiniLM", "shipped difficulty"
_DRAWS = 1_000


class Prices(Struct, frozen=True):
    """What a call of the cheap and of the strong model costs, in any unit."""

    cheap: float
    strong: float


def curves(parts: Parts, cache: Path, shipped: BuiltInClassifier | None = None) -> dict[str, Any]:
    """APGR and CPT of each variant on the rows to measure, and whether it might go live.

    `shipped` only where its difficulty was not learned from rows that are measured on.
    """
    scores = _scores(parts, parts.measure, cache)
    if shipped is not None:
        scores[HARD] = [shipped.guess_now(row["prompt"]).difficulty or 0.0 for row in parts.measure]
    comparison = compare([row["prompt"] for row in parts.measure], _pair(parts.measure), scores)
    return {
        "prompts": comparison.count,
        "cheap": comparison.cheap,
        "strong": comparison.strong,
        "routers": {one.name: {"apgr": _flat(one.apgr), "cpt": list(map(_flat, one.cpt))} for one in comparison.curves},
        "live": _verdicts(comparison, scores),
    }


def cost_factor(parts: Parts, prices: Prices, share: float = 0.95) -> dict[str, Any]:
    """How many times less is spent than always at the strong model, for `share` of its quality.

    The threshold is chosen on the rows for choosing, half of which also calibrate; quality and cost are then measured.
    """
    predictor = Predictor(learn(_learned(parts), MODELS))
    chosen, measured = _differences(predictor, parts.choose), _differences(predictor, parts.measure)
    threshold = _threshold(chosen, parts.choose, share)
    goes = [one >= threshold for one in measured]
    rng = random.Random(0)
    draws = []
    for _ in range(_DRAWS):
        again = rng.choices(range(len(goes)), k=len(goes))
        draws.append(_figures([parts.measure[at] for at in again], [goes[at] for at in again], prices))
    names = ("strong_share", "quality_of_strong", "cost_factor")
    return {
        name: (value, *_middle([draw[at] for draw in draws]))
        for at, (name, value) in enumerate(zip(names, _figures(parts.measure, goes, prices), strict=True))
    } | {"read_off_the_curve": _figures(parts.measure, _cut(measured, parts.measure, share), prices)}


def bounds(parts: Parts) -> dict[str, Any]:
    """Whether lower bounds hold: for steps of the bound, how many answers were good."""
    predictor = Predictor(learn(_learned(parts), MODELS))
    found: dict[str, list[tuple[float, float]]] = {"weak": [], "strong": []}
    for row in parts.measure:
        for model, chance in predictor.chances(row["prompt"]).items():
            found[model].append((chance.lower, float(row[model])))
    return {model: _steps(pairs) for model, pairs in found.items()}


def _steps(pairs: list[tuple[float, float]]) -> list[tuple[float, float, int]]:
    """Bound, share of good answers, and how many, for each bound."""
    steps: dict[float, list[float]] = {}
    for lower, good in pairs:
        steps.setdefault(round(lower, 3), []).append(good)
    return [(lower, sum(good) / len(good), len(good)) for lower, good in sorted(steps.items())]


def _scores(parts: Parts, rows: Rows, cache: Path) -> dict[str, list[float]]:
    split = _learned(parts)
    skills = learn(split, MODELS)
    texts = [one.text for one in (*split.learn, *split.calibrate)] + [row["prompt"] for row in rows]
    vectors = dict(zip(texts, embedded(texts, cache), strict=True))
    near = NearestOutcomes(
        np.stack([vectors[one.text] for one in split.learn]),
        {model: [one.good[model] for one in split.learn] for model in MODELS},
    )
    plain = {text: [float(place) for place in vector] for text, vector in vectors.items()}
    both = Predictor(with_vectors(skills, split, plain, "all-MiniLM-L6-v2", near), near)
    rates = [near.rates(vectors[row["prompt"]]) for row in rows]
    return {
        HASHED: _differences(Predictor(skills), rows),
        EMBEDDED: _differences(both, rows, plain),
        NEAREST: [rate["strong"] - rate["weak"] for rate in rates],
    }


def _learned(parts: Parts) -> Learned:
    return Learned([_outcome(row) for row in parts.learn], [_outcome(row) for row in parts.choose])


def _outcome(row: dict[str, Any]) -> Outcome:
    return Outcome(row["prompt"], {model: float(row[model]) for model in MODELS})


def _pair(rows: Rows) -> Pair:
    return Pair([float(row["weak"]) for row in rows], [float(row["strong"]) for row in rows])


def _differences(predictor: Predictor, rows: Rows, vectors: dict[str, list[float]] | None = None) -> list[float]:
    """How much more likely the strong model's answer is good."""
    found = []
    for row in rows:
        scores = predictor.scores(row["prompt"], vectors[row["prompt"]] if vectors is not None else None)
        found.append(_chance(scores["strong"]) - _chance(scores["weak"]))
    return found


def _chance(score: float) -> float:
    return 1 / (1 + math.exp(-score))


def _threshold(scores: Sequence[float], rows: Rows, share: float) -> float:
    goes = _cut(scores, rows, share)
    return min((score for score, gone in zip(scores, goes, strict=True) if gone), default=math.inf)


def _cut(scores: Sequence[float], rows: Rows, share: float) -> list[bool]:
    """The fewest strong calls, best scores first, that reach `share` of the strong model's quality."""
    order = sorted(range(len(scores)), key=lambda at: -scores[at])
    good, wanted = sum(row["weak"] for row in rows), share * sum(row["strong"] for row in rows)
    goes = [False] * len(scores)
    for at in order:
        if good >= wanted:
            break
        goes[at] = True
        good += rows[at]["strong"] - rows[at]["weak"]
    return goes


def _figures(rows: Rows, goes: Sequence[bool], prices: Prices) -> tuple[float, float, float]:
    """Share of strong calls, quality of the strong model that is kept, times less that is spent."""
    good = sum(row["strong"] if gone else row["weak"] for row, gone in zip(rows, goes, strict=True))
    lengths = [len(row["prompt"]) for row in rows]
    spent = sum(size * (prices.strong if gone else prices.cheap) for size, gone in zip(lengths, goes, strict=True))
    return sum(goes) / len(goes), good / sum(row["strong"] for row in rows), sum(lengths) * prices.strong / spent


def _verdicts(comparison: Comparison, scores: dict[str, list[float]]) -> dict[str, str]:
    found = {name: verdict(comparison, name) for name in scores}
    return {name: ("live: " if one.live else "refused: ") + one.why for name, one in found.items()}


def _flat(interval: Any) -> tuple[float, float, float]:
    return interval.value, interval.low, interval.high


def _middle(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return ordered[len(ordered) * 25 // 1000], ordered[len(ordered) * 975 // 1000]
