"""The rules that are measured: a fixed threshold, vCache as its paper states it, and the gateway's own.

All see the same candidates. A rule says serve or ask, and is told what asking showed.
"""

import random
from typing import NamedTuple, Protocol

import numpy as np

from headworks.cache.decision.evidence import Candidate, Evidence, Record, weigh
from headworks.cache.decision.meter import ShadowMeter
from headworks.cache.decision.rule import Choice, Decision


class Entry(NamedTuple):
    """What a rule may know of a cached text: its partition and number."""

    partition: int
    text: int


class Near(NamedTuple):
    """An entry near the question; `doubted` when a guard that is often wrong objects."""

    similarity: float
    entry: Entry
    doubted: bool


class Rule(Protocol):
    """Serve or ask."""

    def called(self) -> None:
        """One more call of the feature, whoever answers it."""

    def serve(self, near: list[Near]) -> tuple[bool, bool]:
        """(serve the first candidate, check it besides); `near` holds at least one, nearest first."""

    def learn(self, asked: Entry, *, stored: bool, same: bool | None) -> None:
        """The model's answer to the last call equals the candidate's or not; None when there was no candidate."""


class Threshold:
    """Serve what is similar enough, as most gateways do."""

    def __init__(self, least: float) -> None:
        self._least = least

    def called(self) -> None:
        """Nothing to count."""

    def serve(self, near: list[Near]) -> tuple[bool, bool]:
        """By similarity alone."""
        return near[0].similarity >= self._least, False

    def learn(self, asked: Entry, *, stored: bool, same: bool | None) -> None:
        """A fixed threshold does not learn."""


class VCache:
    """vCache (arXiv 2502.03771, section 4): for each entry a logistic curve and a bound on its location.

    The chance of `right` at similarity s is L(s; t, g) = 1 / (1 + exp(-g (s - t))). With t' such that the location is
    at most t' with confidence 1 - e, a = (1 - e) L(s; t', g) is a lower bound of it, and exploring with probability
    (1 - d - a) / (1 - a), the least over e, keeps P(right) at 1 - d. Confidence here: the likelihood over a grid of
    locations and slopes, as a distribution under a flat prior.
    """

    _LOCATIONS = np.linspace(0.0, 1.2, 121)
    _SLOPES = np.array([10.0, 20.0, 40.0, 80.0])
    _LEVELS = np.array([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5])

    def __init__(self, max_error: float, seed: int) -> None:
        self._most = max_error
        self._rng = random.Random(seed)
        self._likelihood: dict[Entry, np.ndarray] = {}
        self._curve: dict[Entry, tuple[np.ndarray, float]] = {}
        self._last: tuple[float, Entry] | None = None

    def called(self) -> None:
        """Each call stands for itself."""

    def serve(self, near: list[Near]) -> tuple[bool, bool]:
        """Serve unless exploring."""
        self._last = similarity, entry = near[0][:2]
        if entry not in self._curve:
            return False, False
        locations, slope = self._curve[entry]
        least = (1.0 - self._LEVELS) / (1.0 + np.exp(-slope * (similarity - locations)))
        explore = float(np.min((1.0 - self._most - least) / (1.0 - least)))
        return self._rng.random() >= explore, False

    def learn(self, asked: Entry, *, stored: bool, same: bool | None) -> None:
        """Fit the entry's curve again."""
        if same is None or self._last is None:
            return
        similarity, entry = self._last
        logit = self._SLOPES[:, None] * (similarity - self._LOCATIONS)
        old = self._likelihood.get(entry, 0.0)
        likelihood = self._likelihood[entry] = old - np.logaddexp(0.0, -logit if same else logit)
        slope = int(np.argmax(likelihood.max(1)))
        weight = np.exp(likelihood[slope] - likelihood[slope].max())
        at = np.searchsorted(np.cumsum(weight) / weight.sum(), 1.0 - self._LEVELS)
        self._curve[entry] = self._LOCATIONS[np.minimum(at, len(self._LOCATIONS) - 1)], float(self._SLOPES[slope])


class Ours:
    """The gateway's rule with its meter, as the cache room is to use them."""

    def __init__(self, max_error: float, seed: int, *, strict: bool, shadow: float = 0.02) -> None:
        self.decision = Decision()
        self.meter = ShadowMeter(max_error=max_error, strict=strict)
        self._most, self._shadow = max_error, shadow
        self._rng = random.Random(seed)
        self._records: dict[Entry, Record] = {}
        self._last: tuple[Evidence, Entry, Choice] | None = None

    def called(self) -> None:
        """Each call allows a little error."""
        self.meter.called()
        self.decision.called(self._most, self.meter.share)

    def serve(self, near: list[Near]) -> tuple[bool, bool]:
        """As the pool and the budget say, unless the meter has stopped it."""
        evidence = weigh([Candidate(similarity, self._records[entry], doubted) for similarity, entry, doubted in near])
        choice = self.decision.decide(evidence, self._most, self.meter.shadow(self._shadow), self._rng)
        self._last = (evidence, near[0].entry, choice) if evidence else None
        if choice.exploit:
            self.meter.hit()
        return choice.exploit and self.meter.serving, choice.shadow

    def learn(self, asked: Entry, *, stored: bool, same: bool | None) -> None:
        """Keep the candidate's record; what was asked is an entry of the same family when the answers are the same."""
        family = repr(asked).encode()
        if same is not None and self._last is not None:
            evidence, entry, choice = self._last
            record = self._records[entry] = self.decision.learn(evidence, right=same)
            family = record.family if same else family
            if choice.exploit:
                self.meter.observe(right=same)
        self._last = None
        if stored:
            self._records[asked] = Record(family)
