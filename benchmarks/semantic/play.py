"""Play a stream through a cache with a rule, and count what is right.

An exact tier stands before the semantic one, as in the gateway: a text that was answered before is answered from there
and never wrong. What the model answered is stored; what was served is not.
"""

import random
from typing import Literal, NamedTuple

from benchmarks.semantic.rules import Entry, Near, Rule
from benchmarks.semantic.streams import PARTITIONS, Call
from headworks.cache.guards import Reading, read
from headworks.cache.guards.comparing import GUARDS

NEAREST = 5
MARK = 500
DOUBTS = frozenset({"kind", "scope", "word"})
"""Guards of wording object to more right answers than wrong ones: their word is evidence, not a verdict."""


Guards = Literal["none", "sure", "all"]
"""Which guards reject: none, all but those of wording, or all."""


class Scene(NamedTuple):
    """A stream made ready: texts and calls by number, the neighbours of each text, what guards said of pairs."""

    texts: list[str]
    calls: list[Call]
    near: list[list[tuple[float, int]]]
    readings: dict[int, Reading]
    objections: dict[tuple[int, int], frozenset[str]]

    def objects(self, asked: int, held: int) -> frozenset[str]:
        """Names of the guards that tell the two texts apart."""
        if (asked, held) not in self.objections:
            for text in (asked, held):
                if text not in self.readings:
                    self.readings[text] = read(self.texts[text])
            one, other = self.readings[asked], self.readings[held]
            self.objections[asked, held] = frozenset(name for name, objects in GUARDS if objects(one, other))
        return self.objections[asked, held]


class Verifier(NamedTuple):
    """How often the comparison of two answers errs: the same taken for different, different for the same."""

    misses: float = 0.0
    passes: float = 0.0

    def says(self, rng: random.Random, *, same: bool) -> bool:
        """What it says of two answers."""
        return same != (rng.random() < (self.misses if same else self.passes))


RIGHT = Verifier()


class Outcome(NamedTuple):
    """Counts over a stream. `pairs` are the wrong hits: (asked, served) texts; `course` is (calls, hits, wrong)."""

    calls: int
    exact: int
    hits: int
    wrong: int
    strangers: int
    shadows: int
    pairs: list[tuple[int, int]]
    course: list[tuple[int, int, int]]


def play(scene: Scene, rule: Rule, *, guards: Guards, verifier: Verifier = RIGHT, seed: int = 0) -> Outcome:
    """Every call in turn."""
    rng = random.Random(seed)
    held: list[dict[int, int]] = [{} for _ in PARTITIONS]  # text -> meaning of its answer
    exact = strangers = hits = shadows = 0
    pairs: list[tuple[int, int]] = []
    course = []
    for number, (partition, text, meaning) in enumerate(scene.calls):
        if number % MARK == 0:
            course.append((number, hits, len(pairs)))
        rule.called()
        here = held[partition]
        if text in here:
            exact += 1
            continue
        near = _candidates(scene, partition, here, text, guards)
        serve, check = rule.serve(near) if near else (False, False)
        same = here[near[0].entry.text] == meaning if near else None
        if serve:
            hits += 1
            shadows += check
            strangers += near[0].entry.partition != partition
            if not same:
                pairs.append((text, near[0].entry.text))
        if check or not serve:
            said = None if same is None else verifier.says(rng, same=same)
            rule.learn(Entry(partition, text), stored=not serve, same=said)
        if not serve:
            here[text] = meaning
    return Outcome(len(scene.calls), exact, hits, len(pairs), strangers, shadows, pairs, course)


def _candidates(scene: Scene, partition: int, here: dict[int, int], text: int, guards: Guards) -> list[Near]:
    found = []
    for similarity, other in scene.near[text]:
        if other not in here:
            continue
        objections = scene.objects(text, other) if guards != "none" else frozenset()
        if objections if guards == "all" else objections - DOUBTS:
            continue
        found.append(Near(similarity, Entry(partition, other), bool(objections)))
        if len(found) == NEAREST:
            break
    return found
