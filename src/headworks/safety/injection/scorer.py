"""Scores how much a text looks like a prompt injection or a jailbreak: a logistic regression over hashed features.

Pure Python and plain data: the weights are small whole numbers in `weights.zst`, made by
`python -m benchmarks.safety.train`. A text is judged in windows of 48 words and scored by its worst one. What a word is
worth for itself is remembered.
"""

import math
from functools import cache
from importlib.resources import files
from itertools import accumulate

import msgspec
import zstandard
from msgspec import Struct

from headworks.safety.injection.features import joint_buckets, spans, token_buckets, token_crc, tokens, windows

WEIGHTS = "weights.zst"
_REMEMBERED = 50_000


class Head(Struct, frozen=True, kw_only=True):
    """What stands before the weights.

    Attributes:
        scale: What one step of a weight is worth.
        bias: Added to every score.
        threshold: From which probability on a text counts as an attack; fixed on the training side.
        trained: What it was trained with, and when.
    """

    scale: float
    bias: float
    threshold: float
    trained: str


class Scored(Struct, frozen=True):
    """The worst window of a text.

    Attributes:
        score: Probability of an attack, as the regression says it.
        start: First character of the window.
        end: Character after its last.
    """

    score: float
    start: int
    end: int


class Scorer:
    """The detector.

    Args:
        head: Scale, bias, threshold.
        weights: One signed byte for each bucket.
    """

    def __init__(self, head: Head, weights: bytes) -> None:
        self.head = head
        self._weights = memoryview(weights).cast("b")
        self._words: dict[str, tuple[int, int]] = {}

    def score(self, text: str) -> Scored:
        """The worst window of `text`. About 0.6 microseconds a word it knows."""
        words = tokens(text)
        if not words:
            return Scored(0.0, 0, 0)
        sums = [0, *accumulate(self._worth(words))]
        best, first, last = -math.inf, 0, 0
        for start, end in windows(len(words)):
            margin = (sums[end] - sums[start]) / math.sqrt(end - start)
            if margin > best:
                best, first, last = margin, start, end
        probability = 1 / (1 + math.exp(-max(-60.0, min(60.0, best * self.head.scale + self.head.bias))))
        if probability < self.head.threshold:
            return Scored(probability, 0, 0)
        places = spans(text)
        return Scored(probability, places[first][0], places[last - 1][1])

    def _worth(self, words: list[str]) -> list[int]:
        known, weights = self._words, self._weights
        before = earlier = 0
        worth = []
        for word in words:
            found = known.get(word)
            if found is None:
                found = self._learn(word)
            here, own = found
            pair, triple, skip = joint_buckets(here, before, earlier)
            worth.append(own + weights[pair] + weights[triple] + weights[skip])
            earlier, before = before, here
        return worth

    def _learn(self, word: str) -> tuple[int, int]:
        if len(self._words) >= _REMEMBERED:
            self._words.clear()  # texts are made up by clients; the usual words are back at once
        found = self._words[word] = (token_crc(word), sum(self._weights[bucket] for bucket in token_buckets(word)))
        return found


def packed(head: Head, weights: bytes) -> bytes:
    """A detector as the bytes of its file."""
    return zstandard.ZstdCompressor(level=19).compress(msgspec.json.encode(head) + b"\n" + weights)


def unpacked(data: bytes) -> Scorer:
    """The detector of a file."""
    head, _, weights = zstandard.ZstdDecompressor().decompress(data).partition(b"\n")
    return Scorer(msgspec.json.decode(head, type=Head), weights)


@cache
def scorer() -> Scorer:
    """The detector that is shipped; read at its first use."""
    return unpacked(files(__package__).joinpath(WEIGHTS).read_bytes())
