"""Where entries are kept: what a board promises, and the one that lives in this process alone.

A board knows no rule and no clock. It compares and swaps: whoever changes a place says which entry it has seen there,
and the change is made only if that one is still in force. So two callers can never both claim a probe.
"""

from typing import Protocol

from msgspec.structs import replace

from headworks.providers.health.entries import Entry
from headworks.providers.health.lanes import Place

MOST_ENTRIES = 10_000
"""Clients may make model names up. When there are more entries, rests after a 429 go before breakers and dead keys, and
what ended longest ago goes first."""


class Board(Protocol):
    """What workers know together. Used by one thread, the event loop's; never raises because of its storage."""

    def changed(self, since: int) -> list[tuple[Place, Entry]]:
        """The entries whose number is above `since`, closed ones too; cheap when there are none."""

    def swap(self, place: Place, seen: int, entry: Entry) -> tuple[bool, Entry | None]:
        """Write `entry` if the entry in force has the number `seen` (0: none is, or it is closed).

        Returns:
            True and the entry with its number; or False and the one in force, None when there is none.
        """


class LocalBoard:
    """A board in memory, for a single worker.

    Args:
        most: How many entries it keeps.
    """

    def __init__(self, most: int = MOST_ENTRIES) -> None:
        self._most = most
        self._entries: dict[Place, Entry] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._entries)

    def changed(self, since: int) -> list[tuple[Place, Entry]]:
        """As `Board` says."""
        if since >= self._last:
            return []
        return [(place, entry) for place, entry in self._entries.items() if entry.number > since]

    def swap(self, place: Place, seen: int, entry: Entry) -> tuple[bool, Entry | None]:
        """As `Board` says."""
        current = in_force(self._entries.get(place))
        if seen != (current.number if current else 0):
            return False, current
        self._last += 1
        entry = replace(entry, number=self._last)
        self._entries[place] = entry
        if len(self._entries) > self._most:
            self._thin_out()
        return True, entry

    def _thin_out(self) -> None:
        def least_missed(item: tuple[Place, Entry]) -> tuple[bool, float]:
            return item[1].state not in {"closed", "limited"}, item[1].at_s + item[1].lasts_s

        order = sorted(self._entries.items(), key=least_missed)
        for place, entry in order[: self._most // 10 + 1]:
            if entry.number != self._last:
                del self._entries[place]


def in_force(entry: Entry | None) -> Entry | None:
    """`entry`, None when it is closed."""
    return None if entry is None or entry.state == "closed" else entry
