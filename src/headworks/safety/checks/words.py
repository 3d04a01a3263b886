"""Banned words and phrases, whole words in any case (`words`, `topics`, `toxicity`).

Invisible signs inside a word, letters of other alphabets that look the same, and digits in place of letters do not hide
it. A look at each word of the text in a dictionary: the length of the list does not matter.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from headworks.safety.checks.detector import DENSE
from headworks.safety.checks.folding import folded
from headworks.safety.verdicts import Found

_WORD = re.compile(rf"(?:(?![{DENSE}])[\w\u00ad\u200b-\u200f\u2060-\u2064\ufeff@$])+")
_DENSE = re.compile(rf"[{DENSE}]")
_GAP = 8
"""Most signs between two words of a phrase."""


class Words:
    """Finds listed phrases.

    Args:
        lists: Phrases by the kind that a find of them is.
    """

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._dense: list[tuple[str, str]] = []
        self._most = 1
        longest = 1
        for kind, phrases in lists.items():
            for phrase in phrases:
                words = tuple(folded(word) for word in _WORD.findall(phrase))
                if _DENSE.search(phrase):
                    self._dense.append((phrase, kind))
                    longest = max(longest, len(phrase))
                elif words:
                    self._phrases.setdefault(words[0], []).append((words, kind))
                    self._most = max(self._most, len(words))
                    longest = max(longest, len(phrase))
        self._begins = {word[:size] for word in self._all() for size in range(1, len(word) + 1)}
        for known in self._phrases.values():
            known.sort(key=lambda one: -len(one[0]))
        self.reach = 2 * longest + _GAP * self._most

    def find(self, text: str, start: int = 0) -> list[Found]:
        """The phrases; of two that begin at one word the longer."""
        found: list[Found] = []
        words, phrases = list(_WORD.finditer(text, start)), self._phrases
        for at, match in enumerate(words):
            known = phrases.get(folded(match.group()))
            if known is None or (found and match.start() < found[-1].end):
                continue
            for phrase, kind in known:
                end = self._ends(words, at, phrase)
                if end:
                    found.append(Found(kind, match.start(), end))
                    break
        return sorted([*found, *self._dense_found(text, start)], key=lambda one: one.start) if self._dense else found

    def settled(self, text: str, start: int) -> int:
        """The last words may be the beginning of a phrase, and the very last the beginning of a word."""
        held = self._dense_held(text, start)
        words = list(_WORD.finditer(text, start))[-self._most :]
        for at, match in enumerate(words):
            if self._may_begin(words[at:], whole=words[-1].end() < len(text)):
                return min(held, match.start())
        return held

    def _dense_found(self, text: str, start: int) -> Iterable[Found]:
        """Phrases of scripts without spaces stand anywhere."""
        for phrase, kind in self._dense:
            at = text.find(phrase, start)
            while at >= 0:
                yield Found(kind, at, at + len(phrase))
                at = text.find(phrase, at + len(phrase))

    def _dense_held(self, text: str, start: int) -> int:
        held = len(text)
        for phrase, _ in self._dense:
            sizes = range(1, min(len(phrase), len(text) - start + 1))
            held = min([held, *(len(text) - size for size in sizes if text.endswith(phrase[:size]))])
        return held

    def _may_begin(self, words: list[re.Match[str]], *, whole: bool) -> bool:
        said = [folded(match.group()) for match in words]
        if len(said) == 1 and not whole:
            return said[0] in self._begins
        for phrase, _ in self._phrases.get(said[0], ()):
            last = len(said) - 1
            if len(said) > len(phrase) or phrase[:last] != tuple(said[:last]):
                continue
            if (whole and phrase[last] == said[last] and len(phrase) > len(said)) or (
                not whole and phrase[last].startswith(said[last])
            ):
                return True
        return False

    def _ends(self, words: list[re.Match[str]], at: int, phrase: tuple[str, ...]) -> int:
        """Where a phrase that begins at a word ends; 0 when it does not stand there."""
        here = words[at : at + len(phrase)]
        if len(here) < len(phrase) or any(b.start() - a.end() > _GAP for a, b in pairwise(here)):
            return 0
        same = all(folded(match.group()) == word for match, word in zip(here, phrase, strict=True))
        return here[-1].end() if same else 0

    def _all(self) -> Iterable[str]:
        return (word for known in self._phrases.values() for phrase, _ in known for word in phrase)
