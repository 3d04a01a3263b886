"""Prompt injection and jailbreaks as a detector (`injection` in what users write, `retrieved` in what is fetched).

A text is judged as it stands, as it looks without hidden signs and look-alike letters, and by what is packed in it. Not
for answers: a model that quotes an attack does not attack.
"""

from headworks.safety.checks.encoding import PACKED, unpacked
from headworks.safety.checks.folding import plain
from headworks.safety.injection import Scored, scorer
from headworks.safety.verdicts import Found

_MOST_UNPACKED = 8


class Injection:
    """Finds the window of a text that looks most like an attack.

    Args:
        threshold: From which score on; None for that of the weights.
    """

    reach = 0

    def __init__(self, threshold: float | None = None) -> None:
        self._scorer = scorer()
        self._least = self._scorer.head.threshold if threshold is None else threshold

    def find(self, text: str, start: int = 0) -> list[Found]:
        """At most one find."""
        scored = self._worst(text[start:] if start else text)
        if scored.score < self._least:
            return []
        return [Found("INJECTION", start + scored.start, start + scored.end or len(text), round(scored.score, 4))]

    def settled(self, text: str, start: int) -> int:
        """Asks are whole."""
        return len(text)

    def _worst(self, text: str) -> Scored:
        scored = self._scorer.score(text)
        if scored.score >= self._least:
            return scored
        looks = plain(text)
        if looks != text:
            again = self._scorer.score(looks)
            scored = max(scored, Scored(again.score, 0, len(text)), key=lambda one: one.score)
        for match, _ in zip(PACKED.finditer(text), range(_MOST_UNPACKED), strict=False):
            inside = unpacked(match.group())
            if inside is not None:
                score = self._scorer.score(inside).score
                scored = max(scored, Scored(score, *match.span()), key=lambda one: one.score)
        return scored
