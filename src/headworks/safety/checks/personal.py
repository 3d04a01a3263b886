"""Personal data as a detector (`pii`)."""

from headworks.safety.checks.detector import grouped
from headworks.safety.pii.finder import KINDS, LONGEST, find
from headworks.safety.verdicts import Found


class PersonalData:
    """Finds the wanted kinds of personal data.

    Args:
        kinds: Of `pii.finder.KINDS`; empty for all.
    """

    reach = LONGEST

    def __init__(self, kinds: frozenset[str] = frozenset()) -> None:
        self._kinds = kinds or KINDS

    def find(self, text: str, start: int = 0) -> list[Found]:
        """Cards, accounts, ids, addresses, numbers."""
        return find(text, self._kinds, start)

    def settled(self, text: str, start: int) -> int:
        """Numbers may be written in groups."""
        return grouped(text, start)
