"""Patterns of the config's own (`patterns`), matched by RE2 in time that grows only with the text."""

from collections.abc import Iterator, Mapping
from typing import Protocol, cast

from headworks.core.people.patterns import compiled
from headworks.safety.verdicts import Found


class _Match(Protocol):
    def span(self) -> tuple[int, int]: ...


class _Pattern(Protocol):
    def finditer(self, text: str, pos: int) -> Iterator[_Match]: ...


class Patterns:
    """Finds what patterns match.

    Args:
        patterns: RE2 patterns by the kind that a find is.
        reach: Characters of the longest match that is to be found whole in a stream.

    Raises:
        ValueError: Of a pattern that is none.
    """

    def __init__(self, patterns: Mapping[str, str], reach: int) -> None:
        self._patterns = {kind: cast("_Pattern", compiled(pattern)) for kind, pattern in patterns.items()}
        self.reach = reach

    def find(self, text: str, start: int = 0) -> list[Found]:
        """Matches that are not empty."""
        spans = ((kind, *match.span()) for kind, one in self._patterns.items() for match in one.finditer(text, start))
        return sorted((Found(kind, begin, end) for kind, begin, end in spans if end > begin), key=lambda one: one.start)

    def settled(self, text: str, start: int) -> int:
        """Nothing is known of a pattern but how long a match may be."""
        return max(start, len(text) - self.reach)
