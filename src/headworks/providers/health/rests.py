"""The places that rest, as this process knows them: the board's entries with deadlines of its own clock.

An entry is given its deadline when it is first seen and keeps it, whatever the wall clock does later.
"""

import math
from collections.abc import Callable, Iterator

from msgspec import Struct

from headworks.core.clock import Clock
from headworks.providers.health.board import MOST_ENTRIES, Board
from headworks.providers.health.entries import CLOSED, Entry, stamped
from headworks.providers.health.lanes import Place

_MOMENT_S = 0.001
"""A timer with less than this left has run out: nobody is sent away for a rounding error."""


class Rest(Struct, frozen=True):
    """An entry in force, and when its timer runs out, monotonic seconds."""

    entry: Entry
    ends_at_s: float


class Rests:
    """Looks at the board and remembers what is there.

    Args:
        clock: Monotonic time for deadlines, wall time for what is written.
        board: What all workers know.
        bar: Called with each place that begins to rest, or whose rest changes.
        most: How many places are remembered.
    """

    def __init__(self, clock: Clock, board: Board, bar: Callable[[Place], None], most: int = MOST_ENTRIES) -> None:
        self._clock = clock
        self._board = board
        self._bar = bar
        self._most = most
        self._known: dict[Place, Rest] = {}
        self._since = 0

    def __iter__(self) -> Iterator[tuple[Place, Rest]]:
        return iter(self._known.items())

    def look(self) -> None:
        """Learn what other workers have changed."""
        for place, entry in self._board.changed(self._since):
            self._since = max(self._since, entry.number)
            self._learn(place, entry)

    def at(self, place: Place) -> Rest | None:
        """What is known of a place; None when it is closed."""
        return self._known.get(place)

    def left_s(self, rest: Rest | None) -> float:
        """Seconds until its timer has run out, 0 when it has."""
        if rest is None:
            return 0.0
        left = rest.ends_at_s - self._clock.monotonic()
        return left if left > _MOMENT_S else 0.0

    def write(self, place: Place, entry: Entry) -> Rest | None:
        """Put `entry`, its timer beginning now, where this process knows what was there before.

        Returns:
            What is written now, None when somebody else was faster; then that is known here.
        """
        known = self._known.get(place)
        won, current = self._board.swap(place, known.entry.number if known else 0, stamped(entry, self._clock))
        self._learn(place, current)
        return self._known.get(place) if won else None

    def close(self, place: Place) -> None:
        """End the rest of a place, for all."""
        if place in self._known:
            self.write(place, CLOSED)

    def _learn(self, place: Place, entry: Entry | None) -> None:
        known = self._known.get(place)
        if entry is None or entry.state == "closed":
            self._known.pop(place, None)
        elif known is None or known.entry.number != entry.number:
            if known is None and len(self._known) >= self._most:
                self._thin_out()
            self._known[place] = Rest(entry, self._clock.monotonic() + entry.left_s(self._clock))
            self._bar(place)

    def _thin_out(self) -> None:
        """Forget, as a board does; where they rest for others, the board still knows."""

        def least_missed(place: Place) -> tuple[bool, float]:
            return self._known[place].entry.state != "limited", self._known[place].ends_at_s

        for place in sorted(self._known, key=least_missed)[: self._most // 10 + 1]:
            del self._known[place]


def lengthened(first_s: float, most_s: float, strikes: int) -> float:
    """`first_s` at the first strike, twice as long at each further one, at most `most_s`."""
    return min(most_s, math.ldexp(first_s, min(strikes, 60) - 1))
