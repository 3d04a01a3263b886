"""Find the answer of a question that means the same: embed, search, guard, decide.

Invariants: only entries that the exact store still holds are served, so what is invalidated there is gone here;
whatever goes wrong on the way, the model is asked.
"""

import random
from collections import OrderedDict
from typing import TYPE_CHECKING

import structlog
from msgspec import Struct

from headworks.cache.decision import NEIGHBOURS, Candidate, Evidence, Record, weigh
from headworks.cache.entries import Entry
from headworks.cache.guards import Reading, read, rejects
from headworks.cache.meaning.answers import Answers
from headworks.cache.meaning.features import Feature, Features
from headworks.cache.meaning.known import Known, decode, encode, with_record
from headworks.cache.meaning.parts import Index
from headworks.cache.meaning.teacher import Lesson, Teacher
from headworks.cache.protocols import Match, Question, Search
from headworks.embedding.embedder import Embedder, EmbedderError, PartlyReadError

MOST_CHARACTERS = 4000
"""A longer question is not looked up by meaning: an embedding says too little of it."""
_LOOKED_AT = 2 * NEIGHBOURS
"""Found in the index; the guards reject some."""
_REMEMBERED = 10_000
"""Hits of which feedback is still understood."""
if TYPE_CHECKING:
    from headworks.cache.meaning.parts import Vector

_log = structlog.get_logger("headworks.cache")


class Near(Struct, frozen=True):
    """A question that the guards let pass; `doubted` when one of those objected that are often wrong."""

    key: bytes
    similarity: float
    known: Known
    doubted: bool


class ByMeaning:
    """Satisfies `cache.protocols.Similar`.

    Args:
        embedder: Makes vectors.
        index: Holds them.
        answers: Finds the answers of candidates.
        features: What was learned.
        teacher: Learns.
        rng: For the shadow's dice.
    """

    def __init__(
        self,
        embedder: Embedder,
        index: Index,
        answers: Answers,
        features: Features,
        teacher: Teacher,
        rng: random.Random,
    ) -> None:
        self.features = features
        self._embedder = embedder
        self._index = index
        self._answers = answers
        self._teacher = teacher
        self._rng = rng
        self._blinded = False
        self._served: OrderedDict[str, tuple[Feature, Near, Evidence]] = OrderedDict()

    async def find(self, question: Question) -> Search:
        """Look for the answer of a question that means the same. Never raises but when it is cancelled."""
        caching, text, partition = question.route.caching, question.key.question, question.key.partition
        allowed = caching.max_error
        if partition is None or allowed is None or not text.strip() or len(text) > MOST_CHARACTERS:
            return NOT_LOOKED_UP
        feature = self.features.of(question.route.feature, allowed, strict=caching.strict)
        try:
            vector = (await self._embedder.embed([text]))[0]
        except PartlyReadError:  # too long, or of signs that the model does not know: nothing is wrong
            feature.blinded += 1
            return NOT_LOOKED_UP
        except EmbedderError as error:
            feature.blinded += 1
            self._blind(error)
            return NOT_LOOKED_UP
        self._blinded = False
        reading = read(text)
        near = self._near(feature, partition, vector, reading)
        evidence = weigh([Candidate(one.similarity, one.known.record, one.doubted) for one in near])
        ruling = feature.decide(evidence, caching.shadow, self._rng)
        choice, lesson = ruling.choice, None
        if evidence is not None:
            key, known = near[0].key, near[0].known
            lesson = Lesson(feature=feature, evidence=evidence, key=key, known=known, check=ruling.withheld)
            if choice.exploit and (entry := await self._answers.get(near[0].key)) is not None:
                self._remember(question.ask.trace_id, feature, near[0], evidence)
                if choice.shadow:
                    self._teacher.shadow(question, entry, lesson)
                feature.served += 1
                wrong = feature.error()
                return Found(Match(entry=entry, similarity=evidence.similarity, bound=choice.bound, error=wrong))
        return Asked(self, question, vector, reading, lesson)

    def keep(self, question: Question, vector: "Vector", reading: Reading, entry: Entry, lesson: Lesson | None) -> None:
        """The model has answered: compare its answer with the candidate's, and let other questions find it."""
        if lesson is None:
            self.add(question, vector, reading, entry, _family(entry))
            return
        self._teacher.explored(
            question, entry, lesson, lambda family: self.add(question, vector, reading, entry, family)
        )

    def add(self, question: Question, vector: "Vector", reading: Reading, entry: Entry, family: bytes) -> None:
        """Let other questions find an answer."""
        partition = question.key.partition
        if partition is not None:
            known = Known(question.key.question, reading, entry.facets, entry.created_s, Record(family))
            self._index.add(partition, entry.key, vector, entry.expires_s, encode(known))

    def feedback(self, trace_id: str, *, wrong: bool) -> None:
        """What a user says of an answer: of one that was served by meaning it is an observation."""
        served = self._served.pop(trace_id, None)
        if served is not None and wrong:
            feature, candidate, evidence = served
            record = feature.decision.thumbs_down(evidence)
            feature.disliked()
            self._index.note(candidate.key, encode(with_record(candidate.known, record)))

    def _blind(self, error: EmbedderError) -> None:
        """Say so once, until it sees again."""
        if not self._blinded:
            self._blinded = True
            _log.warning("semantic_cache_blind", reason=str(error), effect="exact answers only")

    def _near(self, feature: Feature, partition: bytes, vector: "Vector", reading: Reading) -> list[Near]:
        """The nearest questions that the guards let pass."""
        near: list[Near] = []
        for key, similarity, payload in self._index.search(partition, vector, _LOOKED_AT):
            known = decode(payload)
            objection, doubted = rejects(reading, known.reading)
            if objection is None:
                near.append(Near(key, similarity, known, doubted))
            else:
                feature.guarded[objection] = feature.guarded.get(objection, 0) + 1
        return near[:NEIGHBOURS]

    def _remember(self, trace_id: str, feature: Feature, candidate: Near, evidence: Evidence) -> None:
        self._served[trace_id] = feature, candidate, evidence
        if len(self._served) > _REMEMBERED:
            self._served.popitem(last=False)


class Found:
    """Satisfies `Search`: it has an answer, or was not looked up at all."""

    __slots__ = ("match",)

    def __init__(self, match: Match | None) -> None:
        self.match = match

    def answered(self, entry: Entry) -> None:
        """Nothing is learned."""


NOT_LOOKED_UP = Found(None)


class Asked:
    """Satisfies `Search`: the model is asked, and its answer is learned from."""

    __slots__ = ("_finder", "_lesson", "_question", "_reading", "_vector", "match")

    def __init__(
        self, finder: ByMeaning, question: Question, vector: "Vector", reading: Reading, lesson: Lesson | None
    ) -> None:
        self.match: Match | None = None
        self._finder = finder
        self._question = question
        self._vector = vector
        self._reading = reading
        self._lesson = lesson

    def answered(self, entry: Entry) -> None:
        """The model has answered."""
        self._finder.keep(self._question, self._vector, self._reading, entry, self._lesson)


def _family(entry: Entry) -> bytes:
    return entry.key[:8]
