"""Whether two answers say the same: by the verifier's rules, and the likeness of their embeddings."""

import asyncio
import os

import structlog

from headworks.cache.meaning.parts import Consult
from headworks.cache.protocols import Question
from headworks.cache.verifier import Answer, Pair, Verdict, answer_of, equivalent, judged, prompt, settled
from headworks.cache.verifier.judge import MAX_REPLY_TOKENS, SYSTEM
from headworks.core.errors import HeadworksError
from headworks.core.replies import Event
from headworks.embedding.embedder import Embedder, EmbedderError

_EMBEDDED_CHARACTERS = 700
"""An embedding sees the beginning of a text."""
_AT_ONCE_CHARACTERS = 2000
_log = structlog.get_logger("headworks.cache")


class Comparer:
    """Compares answers.

    Args:
        embedder: For the likeness of texts.
        consult: Asks a judge model where a feature names one, and rules and likeness do not tell.
    """

    def __init__(self, embedder: Embedder, consult: Consult) -> None:
        self._embedder = embedder
        self._consult = consult
        self._secret = os.urandom(32)

    async def same(self, known: str, ours: list[Event], question: Question, theirs: list[Event]) -> bool:
        """Whether an answer of the model says the same as one that is kept. What cannot be told is not the same.

        Args:
            known: The question that the kept answer belongs to.
            ours: The kept answer.
            question: The question asked now.
            theirs: The model's answer to it.
        """
        a, b = answer_of(ours), answer_of(theirs)
        verdict = await _compared(a, b, None)
        if verdict.outcome == "same" or verdict.final:
            return verdict.right
        verdict = await _compared(a, b, await self._likeness(a.text, b.text))
        judge = question.route.caching.judge
        if judge is not None and not verdict.final:
            pair = Pair(question_a=known, answer_a=a.text, question_b=question.key.question, answer_b=b.text)
            verdict = settled(verdict, says=await self._judge(judge, pair, question.caller.org_id))
        return verdict.right

    async def _judge(self, model: str, pair: Pair, org_id: str) -> bool | None:
        turns = [("system", SYSTEM), ("user", prompt(pair, self._secret))]
        try:
            return judged(await self._consult(model, turns, MAX_REPLY_TOKENS, org_id))
        except HeadworksError as error:
            _log.warning("judge_failed", model=model, code=error.code)
            return None

    async def _likeness(self, a: str, b: str) -> float | None:
        try:
            first, second = await self._embedder.embed([a[:_EMBEDDED_CHARACTERS], b[:_EMBEDDED_CHARACTERS]])
        except EmbedderError:
            return None
        return float(first @ second)


async def _compared(a: Answer, b: Answer, similarity: float | None) -> Verdict:
    if len(a.text) + len(b.text) < _AT_ONCE_CHARACTERS:
        return equivalent(a, b, similarity)
    return await asyncio.to_thread(equivalent, a, b, similarity)  # milliseconds
