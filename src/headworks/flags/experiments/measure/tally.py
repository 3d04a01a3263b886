"""The records of one step of an experiment, added up by user as they come. Holds 330 bytes a user, 200 an opinion.

A call counts for the variant that its user belongs to. Calls of a user who was answered by another one, in the second
in which a change spreads over the nodes, are left out and counted as strays: nobody stands on both sides.
"""

from array import array
from collections import deque

from msgspec import Struct

from headworks.flags.experiments.assignment import Split
from headworks.flags.experiments.measure.calls import Batch, Call, Opinion
from headworks.flags.experiments.measure.metrics import INDEX, METRICS, amounts
from headworks.flags.experiments.measure.moments import Moments
from headworks.flags.experiments.records import Experiment

RECENT = 200
RECENT_S = 120.0


class Recent(Struct, frozen=True, kw_only=True):
    """How a variant fared of late."""

    calls: int
    failed: int

    @property
    def rate(self) -> float:
        """Which share of the calls failed."""
        return self.failed / self.calls if self.calls else 0.0


class Tally:
    """What is known of the step in force. Not for several threads at once.

    Args:
        experiment: At that step.

    Attributes:
        calls: Calls that count.
        strays: Calls that were answered by another variant than their user's.
        early: Calls that arrived before the step began, by their node's clock.
        users: Users seen, by variant.
        place: Where to go on reading.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._since_s = experiment.since_s
        self._split = Split(experiment)
        self._names = [variant.name for variant in experiment.variants]
        self._moments = [[Moments() for _ in METRICS] for _ in self._names]
        self._sums: dict[int, array[float]] = {}
        self._opinions: dict[tuple[str, str], float] = {}
        self._recent: list[deque[tuple[float, bool]]] = [deque(maxlen=RECENT) for _ in self._names]
        self.calls = self.strays = self.early = 0
        self.users = [0] * len(self._names)
        self.place: tuple[int, ...] | None = None

    def add(self, batch: Batch) -> None:
        """Count what was read."""
        for call in batch.calls:
            self._call(call)
        for opinion in batch.opinions:
            self.opinion(opinion)
        self.place = batch.place

    def opinion(self, opinion: Opinion) -> None:
        """Count a thumb or a score; one that was counted before, on the same answer, is replaced."""
        found = self._belongs(opinion.unit, opinion.variant, opinion.at_s)
        if found is None:
            return
        index, hashed = found
        key = (opinion.metric, opinion.trace_id)
        before = self._opinions.get(key)
        self._opinions[key] = opinion.value
        self._count(index, hashed, INDEX[opinion.metric], opinion.value - (before or 0.0), float(before is None))

    def moments(self, variant: int, metric: str) -> Moments:
        """The sums of a metric in a variant, by its place."""
        return self._moments[variant][INDEX[metric]]

    def recent(self, variant: int, now_s: float) -> Recent:
        """How the last calls of a variant ended, of those not older than `RECENT_S`."""
        kept = [failed for at_s, failed in self._recent[variant] if at_s >= now_s - RECENT_S]
        return Recent(calls=len(kept), failed=sum(kept))

    def _call(self, call: Call) -> None:
        found = self._belongs(call.unit, call.variant, call.at_s)
        if found is None:
            self.early += call.at_s < self._since_s
            self.strays += call.at_s >= self._since_s
            return
        index, hashed = found
        self.calls += 1
        self._recent[index].append((call.at_s, call.failed))
        for metric, amount in amounts(call):
            self._count(index, hashed, metric, amount, 1.0)

    def _belongs(self, unit: str, variant: str, at_s: float) -> tuple[int, int] | None:
        """The place of the variant and the hashed unit; None where this is not to be counted."""
        if at_s < self._since_s:
            return None
        hashed = self._split.hashed(unit)
        index = self._split.index(hashed)
        return (index, hashed) if self._names[index] == variant else None

    def _count(self, index: int, hashed: int, metric: int, y: float, n: float) -> None:
        sums = self._sums.get(hashed)
        if sums is None:
            sums = self._sums[hashed] = array("d", bytes(16 * len(METRICS)))
            self.users[index] += 1
        place = 2 * metric
        self._moments[index][metric].change((sums[place], sums[place + 1]), y, n)
        sums[place] += y
        sums[place + 1] += n
