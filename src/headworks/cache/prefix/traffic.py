"""When prefixes were used: for each, how often another use followed in time. Kept in memory, the latest first to stay.

What is long ago counts less: a prefix's last ten uses decide, and the last fifty of a feature's conversations.
"""

import math
from collections import OrderedDict
from typing import Generic, TypeVar

from headworks.cache.prefix.economics import Reuse
from headworks.core.prefix import LIFE_S, Life

SOON_S, LATER_S = LIFE_S["5m"], LIFE_S["1h"]
_KEPT_OF_A_PREFIX, _KEPT_OF_A_FEATURE = 0.9, 0.98
_NEW_PREFIX = (0.2, 1.0)
"""Uses and misses that a prefix is taken to have had before it was seen: seen once, it is not worth a write at usual
prices; seen twice in time, it is."""
_SURE_GAPS = 6
"""So many gaps (of the last ten) tell how often a prefix is used."""
_NEW_CONVERSATION = (2.0, 1.0)
"""The same for conversations. One that has a history has gone on before."""

Known = TypeVar("Known")


class Sights:
    """The uses of one prefix.

    Attributes:
        last_s: When it was last used, monotonic seconds.
        gaps: Times between two uses, counted; old ones count less.
        soon: Those of at most 5 minutes.
        later: Those of at most an hour.
        gap_s: The usual time between two uses; 0 before there were two.
        parts: Over how many names its uses are spread.
        life: For how long it was last written.
        until_s: Until when the provider keeps it, as far as is known here.
    """

    __slots__ = ("gap_s", "gaps", "last_s", "later", "life", "parts", "soon", "until_s")

    def __init__(self, now_s: float) -> None:
        self.last_s = now_s
        self.gaps = self.soon = self.later = self.gap_s = self.until_s = 0.0
        self.life: Life | None = None
        self.parts = 1

    def again(self, now_s: float) -> None:
        """It is used once more."""
        gap_s, self.last_s = now_s - self.last_s, now_s
        self.gaps = self.gaps * _KEPT_OF_A_PREFIX + 1
        self.soon = self.soon * _KEPT_OF_A_PREFIX + (gap_s <= SOON_S)
        self.later = self.later * _KEPT_OF_A_PREFIX + (gap_s <= LATER_S)
        self.gap_s = gap_s if not self.gap_s else self.gap_s * _KEPT_OF_A_PREFIX + gap_s * (1 - _KEPT_OF_A_PREFIX)

    def reuse(self) -> Reuse:
        """The uses expected to follow this one."""
        return _reuse(self.soon, self.later, self.gaps, _NEW_PREFIX)

    def shared_by(self, a_minute: float, most: int) -> int:
        """Over how many names to spread its uses, so that each has at most `a_minute`: a power of two.

        That is seldom another number than before, since with each all uses move: only when there are too few names, or
        four times too many.
        """
        if self.gaps >= _SURE_GAPS:
            needed = 60 / max(self.gap_s, 0.001) / a_minute
            if not needed <= self.parts <= 4 * needed:
                self.parts = min(most, 2 ** max(0, math.ceil(math.log2(needed))))
        return self.parts

    def held(self, now_s: float) -> Life | None:
        """The life it was written with, while the provider keeps it."""
        return self.life if now_s < self.until_s else None

    def written(self, life: Life, now_s: float) -> None:
        """A provider has read it, marked with this life."""
        self.life, self.until_s = life, now_s + LIFE_S[life]


class Conversation(Sights):
    """The uses of one conversation's history.

    Attributes:
        turns: Turns in its history at the last use; 0 before it had one.
        end: Tells the last of these turns, in this process.
    """

    __slots__ = ("end", "turns")

    def __init__(self, now_s: float) -> None:
        super().__init__(now_s)
        self.turns = 0
        self.end = 0


class Habit:
    """How conversations of one feature with one model go on.

    Attributes:
        asked: Calls with a history, counted; old ones count less.
        soon: Those that went on with a history used at most 5 minutes before.
        later: At most an hour before.
    """

    __slots__ = ("asked", "later", "soon")

    def __init__(self) -> None:
        self.asked = self.soon = self.later = 0.0

    def note(self, gap_s: float | None) -> None:
        """A call with a history, `gap_s` after the one that it goes on with; None when there was none."""
        self.asked = self.asked * _KEPT_OF_A_FEATURE + 1
        self.soon = self.soon * _KEPT_OF_A_FEATURE + (gap_s is not None and gap_s <= SOON_S)
        self.later = self.later * _KEPT_OF_A_FEATURE + (gap_s is not None and gap_s <= LATER_S)

    def reuse(self) -> Reuse:
        """The calls expected to go on with the history of this one."""
        return _reuse(self.soon, self.later, self.asked, _NEW_CONVERSATION)


class Latest(Generic[Known]):
    """The things used latest, by name; the one that was not used for longest goes first.

    Args:
        most: How many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[bytes, Known] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, name: bytes) -> Known | None:
        """What is known by this name, now the latest; None for nothing."""
        found = self._known.get(name)
        if found is not None:
            self._known.move_to_end(name)
        return found

    def put(self, name: bytes, known: Known) -> Known:
        """Keep something new."""
        if len(self._known) >= self._most:
            self._known.popitem(last=False)
        self._known[name] = known
        return known

    def drop(self, name: bytes) -> None:
        """Forget it; no matter if it is not known."""
        self._known.pop(name, None)


def _reuse(soon: float, later: float, asked: float, before: tuple[float, float]) -> Reuse:
    """Hits for each miss: the expected length of a row of hits, if each comes as often as it did."""
    hits, misses = before
    return Reuse((soon + hits) / (asked - soon + misses), (later + hits) / (asked - later + misses))
