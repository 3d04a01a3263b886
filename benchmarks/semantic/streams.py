"""Streams of calls: classes of paraphrases drawn by Zipf, among prompts that nobody asked before and traps.

A call names its partition, its text and its meaning: an answer is right for a call when the meanings are equal. A trap
(negated, renumbered, renamed, turned round) means only what the same trap text means.
"""

import random
from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

from benchmarks.semantic.pairs import Questions
from benchmarks.semantic.variants import negated, renamed, renumbered, turned

PARTITIONS = (("tenant a", 0.80), ("tenant b", 0.10), ("tenant a, other system prompt", 0.10))
NEVER_SEEN = 0.20
TRAPS: tuple[tuple[Callable[[str], str | None], float], ...] = (
    (negated, 0.03),
    (renumbered, 0.03),
    (renamed, 0.02),
    (turned, 0.01),
)
EXPONENT = 0.9


class Call(NamedTuple):
    """One call: `partition` and `text` are numbers; `meaning` is equal for calls that one answer serves."""

    partition: int
    text: int
    meaning: int


class Stream(NamedTuple):
    """Calls, and the texts that they number."""

    texts: list[str]
    calls: list[Call]


def stream(questions: Questions, seed: int, count: int, *, held_out: bool) -> Stream:
    """`count` calls over the classes of one side of the split."""
    source = _Source(questions, random.Random(seed), held_out=held_out)
    texts = list(questions.texts)
    number: dict[str, int] = {}
    calls = []
    for _ in range(count):
        partition, drawn = source.partition(), source.draw()
        if isinstance(drawn, str):
            if drawn not in number:
                number[drawn] = len(texts)
                texts.append(drawn)
            calls.append(Call(partition, number[drawn], number[drawn]))
        else:
            calls.append(Call(partition, drawn, questions.classes[drawn]))
    return Stream(texts, calls)


class _Source:
    """What the calls of one stream are drawn from. Singles come once each; classes and traps come back by Zipf."""

    def __init__(self, questions: Questions, rng: random.Random, *, held_out: bool) -> None:
        self._rng = rng
        members: dict[int, list[int]] = {}
        for text, kind in enumerate(questions.classes):
            if questions.held_out[text] == held_out:
                members.setdefault(kind, []).append(text)
        groups = [group for group in members.values() if len(group) > 1]
        self._singles = [group[0] for group in members.values() if len(group) == 1]
        rng.shuffle(self._singles)
        rng.shuffle(groups)
        groups.sort(key=len, reverse=True)  # what many ask is asked in many words; equals stay shuffled
        self._groups = groups
        weights = [1 / rank**EXPONENT for rank in range(1, len(groups) + 1)]
        self._weights = list(accumulate(weights))
        self._traps = []
        for trap, _ in TRAPS:
            made = [
                (text, weight / len(group))
                for group, weight in zip(groups, weights, strict=True)
                for text in (trap(questions.texts[member]) for member in group)
                if text
            ]
            self._traps.append(([text for text, _ in made], list(accumulate(weight for _, weight in made))))

    def partition(self) -> int:
        """Where the next call belongs."""
        return self._rng.choices(range(len(PARTITIONS)), [share for _, share in PARTITIONS])[0]

    def draw(self) -> int | str:
        """The next text: a trap as itself, any other by its number."""
        dice = self._rng.random() - NEVER_SEEN
        if dice < 0 and self._singles:
            return self._singles.pop()
        for (_, share), (texts, weights) in zip(TRAPS, self._traps, strict=True):
            if 0 <= dice < share:
                return self._rng.choices(texts, cum_weights=weights)[0]
            dice -= share
        return self._rng.choice(self._rng.choices(self._groups, cum_weights=self._weights)[0])
