"""Learn from the model whether answers in the cache are right: from calls that were not served, and in the shadow.

Runs beside the calls; no call waits for it. What cannot be told counts as wrong: the rule is to err on that side.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from msgspec import Struct

from headworks.cache.answers import folded, keepable
from headworks.cache.decision import Evidence
from headworks.cache.entries import Entry
from headworks.cache.meaning.answers import Answers
from headworks.cache.meaning.comparing import Comparer
from headworks.cache.meaning.features import Feature
from headworks.cache.meaning.known import Known, encode, with_record
from headworks.cache.meaning.parts import AskModel, Index
from headworks.cache.protocols import Question
from headworks.core.errors import HeadworksError
from headworks.core.replies import Event

MOST_LESSONS = 64
"""So many are learned at once; more are let go of. Each may hold two answers in memory."""
MOST_SHADOWS = 4
"""Calls of the model at once whose answers nobody waits for."""
_log = structlog.get_logger("headworks.cache")


class Lesson(Struct, frozen=True, kw_only=True):
    """What an answer of the model will teach.

    Attributes:
        feature: Whose rule learns.
        evidence: What was known of the candidate.
        key: Of the candidate.
        known: What the index holds of it.
        check: Whether the candidate would have been served: then the answer is a check of what is served.
    """

    feature: Feature
    evidence: Evidence
    key: bytes
    known: Known
    check: bool = False


class Teacher:
    """Compares answers, and lets the rule learn.

    Args:
        comparer: Says whether two answers are the same.
        index: Holds the records.
        answers: Finds the answers of candidates.
        ask_model: Asks the model for a shadow.
    """

    def __init__(self, comparer: Comparer, index: Index, answers: Answers, ask_model: AskModel) -> None:
        self._comparer = comparer
        self._index = index
        self._answers = answers
        self._ask_model = ask_model
        self._tasks: set[asyncio.Task[None]] = set()
        self._shadows = 0

    def explored(self, question: Question, entry: Entry, lesson: Lesson, add: Callable[[bytes], None]) -> None:
        """The model has answered a question that has a candidate.

        Args:
            question: As asked.
            entry: The model's answer.
            lesson: What is to be learned.
            add: Takes the family of the new answer, and lets others find it.
        """
        if len(self._tasks) >= MOST_LESSONS:
            lesson.feature.unlearned += 1
            return
        self._begin(self._explored(question, entry, lesson, add))

    def shadow(self, question: Question, served: Entry, lesson: Lesson) -> None:
        """Ask the model for what was just served."""
        if self._shadows >= MOST_SHADOWS:
            lesson.feature.unlearned += 1
            return
        self._shadows += 1
        self._begin(self._shadowed(question, served, lesson))

    async def stop(self) -> None:
        """Let go of what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def idle(self) -> None:
        """Return when nothing is under way."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _explored(self, question: Question, entry: Entry, lesson: Lesson, add: Callable[[bytes], None]) -> None:
        held = await self._answers.get(lesson.key)
        if held is None:
            add(entry.key[:8])
            return
        right = await self._right(question, held.events, entry.events, lesson)
        self._learn(lesson, right=right)
        lesson.feature.explored += 1
        if lesson.check:
            lesson.feature.checked(right=right)
        add(lesson.known.record.family if right else entry.key[:8])

    async def _shadowed(self, question: Question, served: Entry, lesson: Lesson) -> None:
        try:
            events = folded(await self._ask_model(question.ask, question.caller))
        except HeadworksError as error:
            _log.warning("shadow_failed", trace_id=question.ask.trace_id, code=error.code)
            return
        finally:
            self._shadows -= 1
        if keepable(events, limited=question.key.limited):
            right = await self._right(question, served.events, events, lesson)
            self._learn(lesson, right=right)
            lesson.feature.checked(right=right)

    async def _right(self, question: Question, ours: list[Event], theirs: list[Event], lesson: Lesson) -> bool:
        return await self._comparer.same(lesson.known.text, ours, question, theirs)

    def _learn(self, lesson: Lesson, *, right: bool) -> None:
        record = lesson.feature.decision.learn(lesson.evidence, right=right)
        self._index.note(lesson.key, encode(with_record(lesson.known, record)))
