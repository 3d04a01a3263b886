"""How well types are told: by source, with the calibration of what is said, and what it costs."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.routing.rows import Row
from headworks.core.messages import Image, Message, Prompt, Text
from headworks.routing.types import BuiltInClassifier, facts_of, tag

_BINS = 10


def measured(judged: Iterable[tuple[BuiltInClassifier, list[Row]]]) -> dict[str, Any]:
    """Accuracy by type and source (rules and classifier together, without abstaining), and the calibration error."""
    rows = [(classifier, row) for classifier, ours in judged for row in ours]
    kinds: dict[str, list[bool]] = {}
    sources: dict[str, list[bool]] = {}
    said: list[tuple[float, bool]] = []
    confused: dict[str, int] = {}
    abstained = [0, 0]
    for classifier, row in rows:
        facts = facts_of(Prompt(messages=(Message("user", (Text(row.text),)),)))
        decided = tag(facts, classifier)
        guess = classifier.guess_now(row.text)
        likeliest = max(guess.shares, key=lambda name: guess.shares[name])
        plain = decided.difficulty is None
        kind = decided.type if plain else likeliest
        right = kind == row.type
        kinds.setdefault(row.type, []).append(right)
        sources.setdefault(f"{row.source} ({row.type})", []).append(right)
        said.append((decided.confidence, right))
        abstained[0] += decided.unsure
        abstained[1] += decided.type == row.type
        if not right:
            confused[f"{row.type} as {kind}"] = confused.get(f"{row.type} as {kind}", 0) + 1
    return {
        "macro": _mean([_mean(found) for found in kinds.values()]),
        "accuracy": _mean([right for _, right in said]),
        "ece": calibration_error(said),
        "by_type": {name: _mean(found) for name, found in kinds.items()},
        "by_source": {name: (_mean(found), len(found)) for name, found in sources.items()},
        "confused": confused,
        "abstained": abstained[0] / len(rows),
        "right_after_abstaining": abstained[1] / len(rows),
    }


def calibration_error(said: list[tuple[float, bool]]) -> float:
    """Expected calibration error over ten bins of equal width."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for confidence, right in said:
        bins[min(int(confidence * _BINS), _BINS - 1)].append((confidence, right))
    gaps = [abs(sum(c for c, _ in one) - sum(r for _, r in one)) for one in bins]
    return sum(gaps) / len(said)


def costs(classifier: BuiltInClassifier) -> dict[str, float]:
    """Microseconds of CPU for a prompt of 4 kB, of 100 kB and of 60 characters, and where rules decide: p50 and p99."""
    words = (
        "the router reads a question about prices, dates (12.5%) and orders; it then decides which model answers it. "
    )
    texts = {"4 kB": (words * 40)[:4096], "100 kB": (words * 1000)[:100_000], "60 characters": words[:60]}
    varied = {name: [f"{text[at:]}{text[:at]}" for at in range(50)] for name, text in texts.items()}
    found: dict[str, float] = {}
    for name, ours in varied.items():
        p50, p99 = _timed(lambda at, ours=ours: classifier.guess_now(ours[at % 50]))
        found |= {f"classifier, {name}, p50": p50, f"classifier, {name}, p99": p99}
    prompts = {
        "a picture": Prompt(messages=(Message("user", (Text(texts["4 kB"]), Image(url="https://example.com/a.png"))),)),
        "100 kB": Prompt(messages=(Message("user", (Text(texts["100 kB"]),)),)),
        "code in 4 kB": Prompt(messages=(Message("user", (Text(texts["4 kB"] + "\n```python\nx = 1\n```"),)),)),
    }
    for name, prompt in prompts.items():
        p50, p99 = _timed(lambda _, prompt=prompt: tag(facts_of(prompt), classifier))
        found |= {f"rules, {name}, p50": p50, f"rules, {name}, p99": p99}
    return found


def _timed(call: Callable[[int], object], times: int = 2_000) -> tuple[float, float]:
    spent = []
    for at in range(times):
        start = time.thread_time_ns()
        call(at)
        spent.append((time.thread_time_ns() - start) / 1000)
    spent.sort()
    return spent[times // 2], spent[times * 99 // 100]


def _mean(values: list[Any]) -> float:
    return sum(values) / len(values)


def difficulty(classifier: BuiltInClassifier, rows: list[dict[str, Any]]) -> dict[str, float]:
    """How well difficulty foresees that the weaker model fails: area under the curve, and calibration error."""
    pairs = [(classifier.guess_now(row["prompt"]).difficulty or 0.0, not row["weak"]) for row in rows]
    failed = [said for said, wrong in pairs if wrong]
    ranks = sorted(range(len(pairs)), key=lambda at: pairs[at][0])
    total = sum(rank for rank, at in enumerate(ranks, 1) if pairs[at][1])
    auc = (total - len(failed) * (len(failed) + 1) / 2) / (len(failed) * (len(pairs) - len(failed)))
    return {"auc": auc, "ece": calibration_error(pairs)}
