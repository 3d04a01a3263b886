"""The semantic cache of one process: its parts, started, kept and stopped together.

Starts in the background and fails open: until it is ready, and when its model is not installed, calls are answered as
if there were no such cache.
"""

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import structlog

from headworks.cache.meaning.answers import Answers
from headworks.cache.meaning.comparing import Comparer
from headworks.cache.meaning.features import Feature, Features
from headworks.cache.meaning.finder import NOT_LOOKED_UP, ByMeaning
from headworks.cache.meaning.parts import AskModel, Consult, KeptIndex
from headworks.cache.meaning.teacher import Teacher
from headworks.cache.protocols import Question, Search
from headworks.cache.upkeep import SemanticRow, Tier
from headworks.embedding.embedder import Embedder, EmbedderError, EmbedderMissingError

SAVE_S = 60.0
"""A kill loses what was learned in this time."""
_log = structlog.get_logger("headworks.cache")


class Meaning:
    """Satisfies `cache.protocols.Similar`.

    Args:
        embedder: Makes vectors.
        index: Holds them.
        answers: Finds the answers.
        ask_model: Asks the model for a shadow.
        path: What was learned is kept beside it.
        rng: For the shadow's dice.
        consult: Asks a judge model.

    Attributes:
        tier: The index, as its operator sees it.
    """

    def __init__(  # noqa: PLR0913  its parts
        self,
        embedder: Embedder,
        index: KeptIndex,
        answers: Answers,
        ask_model: AskModel,
        path: Path,
        rng: random.Random,
        consult: Consult,
    ) -> None:
        self.tier: Tier = index
        self._index = index
        self._embedder = embedder
        self._answers = answers
        self._path = path
        self._rng = rng
        self._teacher = Teacher(Comparer(embedder, consult), index, answers, ask_model)
        self._finder: ByMeaning | None = None
        self._starting: asyncio.Task[None] | None = None
        self._saving: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to start; returns at once."""
        self._starting = asyncio.ensure_future(self._start())

    async def ready(self) -> bool:
        """Return once it has started or cannot: whether it works."""
        if self._starting is not None:
            await asyncio.wait([self._starting])
        return self._finder is not None

    async def stop(self) -> None:
        """Keep what was learned, and let go of everything."""
        if self._starting is not None:
            self._starting.cancel()
            with suppress(asyncio.CancelledError):
                await self._starting
        if self._saving is not None:
            self._saving.cancel()
        await self._teacher.stop()
        if self._finder is not None:
            self._finder.features.save()
        await self._index.stop()
        await self._embedder.stop()

    async def find(self, question: Question) -> Search:
        """Look for the answer of a question that means the same."""
        return NOT_LOOKED_UP if self._finder is None else await self._finder.find(question)

    def feedback(self, trace_id: str, *, wrong: bool) -> None:
        """What a user says of the answer of a call."""
        if self._finder is not None:
            self._finder.feedback(trace_id, wrong=wrong)

    async def idle(self) -> None:
        """Return when nothing is being learned."""
        await self._teacher.idle()

    def features(self) -> list[Feature]:
        """What is known of each feature."""
        return [] if self._finder is None else self._finder.features.all()

    def rows(self) -> list[SemanticRow]:
        """How it goes, by feature."""
        return [_row(feature) for feature in self.features()]

    async def _start(self) -> None:
        try:
            await self._embedder.start()
        except EmbedderMissingError as error:
            _log.warning("semantic_cache_off", reason=str(error), effect="exact answers only")
            return
        with suppress(EmbedderError):  # said by whoever failed; it is tried again with the first question
            await self._embedder.embed(["Hello"])  # so that no call waits for the model to be read
        await self._index.start()
        features = Features(self._path, self._embedder.name)
        features.load()
        self._finder = ByMeaning(self._embedder, self._index, self._answers, features, self._teacher, self._rng)
        self._save_later()

    def _save_later(self) -> None:
        self._saving = asyncio.get_running_loop().call_later(SAVE_S, self._save)

    def _save(self) -> None:
        if self._finder is not None:
            self._finder.features.save()
        self._save_later()


def _row(feature: Feature) -> SemanticRow:
    measured = feature.measured()
    low, rate, high = measured.error
    known = measured.checked > 0
    return SemanticRow(
        feature=feature.name,
        calls=feature.looked_up,
        hits=feature.served,
        shadowed=measured.checked,
        wrong=measured.wrong,
        rate=rate if known else None,
        low=low if known else None,
        high=high if known else None,
        max_error=feature.max_error,
        stopped="" if feature.meter.serving else "its answers were wrong too often",
    )
