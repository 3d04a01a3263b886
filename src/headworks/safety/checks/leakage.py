"""What of the system prompt comes back in an answer (`leakage`): a canary, or a run of its words.

A canary is a word that stands in the system prompt for nothing else. Without one, a run of so many words in the order
in which they stand there counts, whatever signs are between them.
"""

import re

from headworks.safety.verdicts import Found

LEAST = 4
"""Words in a row by which a run is recognised."""
_WORD = re.compile(r"\w+")


class Leakage:
    """Finds runs of words of one system prompt. Made anew for each call.

    Args:
        prompt: All system text of the ask.
        words: So many in a row are a leak.
        canary: Text that must not be said at all; empty for none.
    """

    def __init__(self, prompt: str, words: int, canary: str = "") -> None:
        said = [word.lower() for word in _WORD.findall(prompt)]
        self._rows = [
            {tuple(said[at : at + size]) for at in range(len(said) - size + 1)} for size in range(1, LEAST + 1)
        ]
        self._words = words
        self._canary = canary
        self.reach = max(words * 24, len(canary))

    def find(self, text: str, start: int = 0) -> list[Found]:
        """Canaries, and runs that are long enough."""
        found: list[Found] = []
        if self._canary:
            at = text.find(self._canary, start)
            while at >= 0:
                found.append(Found("CANARY", at, at + len(self._canary)))
                at = text.find(self._canary, at + len(self._canary))
        found += (
            Found("SYSTEM_PROMPT", begin, end)
            for begin, end, count in self._matched(text, start)
            if count >= self._words
        )
        return sorted(found, key=lambda one: one.start)

    def settled(self, text: str, start: int) -> int:
        """A run may go on, and a canary be half said."""
        words = list(_WORD.finditer(text, start))
        held = words.pop().start() if words and words[-1].end() == len(text) else len(text)
        said = [match.group().lower() for match in words]
        count = next(
            (size for size in range(min(LEAST, len(said)), 0, -1) if tuple(said[-size:]) in self._rows[size - 1]), 0
        )
        if count:
            first = len(said) - count
            while count == LEAST and first and tuple(said[first - 1 : first - 1 + LEAST]) in self._rows[-1]:
                first -= 1
            held = words[first].start()
        most = min(len(self._canary) - 1, len(text) - start)
        for size in range(most, 0, -1):
            if self._canary.startswith(text[len(text) - size :]):
                return min(held, len(text) - size)
        return held

    def _matched(self, text: str, start: int) -> list[tuple[int, int, int]]:
        """Runs of `LEAST` words and more that stand in the prompt: first and last character, and how many words."""
        if not self._rows[-1]:
            return []
        words = list(_WORD.finditer(text, start))
        said = [match.group().lower() for match in words]
        found: list[tuple[int, int, int]] = []
        first = -1
        for at in range(len(said) - LEAST + 2):
            here = at + LEAST <= len(said) and tuple(said[at : at + LEAST]) in self._rows[-1]
            if here and first < 0:
                first = at
            elif not here and first >= 0:
                last = at + LEAST - 2
                found.append((words[first].start(), words[last].end(), last - first + 1))
                first = -1
        return found
