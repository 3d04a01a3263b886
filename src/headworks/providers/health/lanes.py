"""A lane: one model at one provider, asked with one key; what its callers are given, and the counters it is judged by.

Model names may be made up by clients, so lanes are kept in bounds: the ones asked least recently are forgotten, which
loses counters of the last moments and nothing else. That a lane rests is written elsewhere (`rests.py`).
"""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

NAME_CHARACTERS = 256
"""Longer model names are told apart by their beginnings only: no provider has such, and they would fill the memory."""


class Lane(NamedTuple):
    """One model at one provider, asked with one key: its index in `Link.keys`, 0 for a provider without keys."""

    provider: str
    model: str
    key: int


Place = tuple[str, str | None, int]
"""What can rest: a lane, or (without a model) all lanes of a key."""


def key_of(lane: Lane) -> Place:
    """The place of all lanes that share the key of `lane`."""
    return (lane.provider, None, lane.key)


class Admission(Struct, frozen=True, eq=False):
    """Leave to make one call. Whoever has it gives this very object back, with what came of the call, exactly once.

    Attributes:
        lane: Where to.
        probe: True when the call is the one that tries whether the lane has recovered.
        number: A probe's claim; 0 for others.
    """

    lane: Lane
    probe: bool = False
    number: int = 0


class Watch:
    """The last results of a lane: who failed in a row and when, and counts in a ring of buckets.

    The window is the bucket of this moment and the `buckets` before it, so it is between `buckets` and `buckets + 1`
    buckets long. Nothing is allocated for a success.

    Attributes:
        admission: What callers are given while the lane is open to all; None while it is not. A new one each time it
            opens, so results of calls from before can be told from those of now.
        uneasy: True when a success has something to put right: failures in a row, or a back-off that grows.
        turns_at: When the bucket of this moment ends, monotonic seconds.
        passed: Successes in the bucket of this moment.
        missed: Failures in it.
    """

    __slots__ = ("_bucket_s", "_past", "admission", "missed", "passed", "row", "turns_at", "uneasy")

    def __init__(self, window_s: float, buckets: int) -> None:
        self._bucket_s = window_s / buckets
        self._past = [0] * (2 * buckets)
        self.admission: Admission | None = None
        self.uneasy = False
        self.turns_at = 0.0
        self.passed = 0
        self.missed = 0
        self.row: list[float] = []

    def turn(self, now_s: float) -> None:
        """Begin the bucket in which `now_s` lies."""
        past = self._past
        gone = min(int((now_s - self.turns_at) / self._bucket_s), len(past) // 2)
        past += (self.passed, self.missed, *(0, 0) * gone)
        del past[: 2 + 2 * gone]
        self.passed = self.missed = 0
        self.turns_at = (now_s // self._bucket_s + 1) * self._bucket_s

    def miss(self, now_s: float, in_a_row: int) -> None:
        """Count a failure; remembers when the last `in_a_row` were."""
        if now_s >= self.turns_at:
            self.turn(now_s)
        self.missed += 1
        self.uneasy = True
        self.row.append(now_s)
        del self.row[:-in_a_row]

    def results(self) -> tuple[int, int]:
        """Successes and failures in the window."""
        return self.passed + sum(self._past[::2]), self.missed + sum(self._past[1::2])

    def forget(self) -> None:
        """Start from nothing."""
        self.passed = self.missed = 0
        self._past = [0] * len(self._past)
        self.row.clear()
        self.uneasy = False


class Watches:
    """The watches of the lanes asked most recently.

    Two generations: when the younger is full, the older is forgotten and the younger takes its place. So nothing has to
    be written down when a lane is asked, and one that is asked again within half of `most` others is never forgotten.

    Args:
        most: How many lanes are kept at most.
        window_s: Seconds that a window looks back.
        buckets: Of how many buckets it is made.
    """

    def __init__(self, most: int, window_s: float, buckets: int) -> None:
        self._half = max(1, most // 2)
        self._window_s = window_s
        self._buckets = buckets
        self._old: dict[Lane, Watch] = {}
        self.young: dict[Lane, Watch] = {}
        """The same dictionary for ever: the hot path looks here itself."""

    def __len__(self) -> int:
        return len(self.young) + len(self._old)

    def forget(self) -> None:
        """Forget the results of every lane."""
        for generation in (self.young, self._old):
            for watch in generation.values():
                watch.forget()

    def find(self, lane: Lane) -> Watch | None:
        """The watch of a lane, None when it is not known (any more)."""
        return self.young.get(lane) or self._old.get(lane)

    def wanted(self, lane: Lane) -> Watch:
        """The watch of a lane, made if need be."""
        watch = self.young.get(lane)
        if watch is not None:
            return watch
        watch = self._old.pop(lane, None) or Watch(self._window_s, self._buckets)
        if len(self.young) >= self._half:
            self._old = dict(self.young)
            self.young.clear()
        self.young[lane] = watch
        return watch

    def at(self, place: Place) -> Iterator[Watch]:
        """The watches of all lanes at a place."""
        provider, model, key = place
        if model is not None:
            watch = self.find(Lane(provider, model, key))
            if watch is not None:
                yield watch
            return
        for generation in (self.young, self._old):
            for lane, watch in generation.items():
                if lane.key == key and lane.provider == provider:
                    yield watch
