"""Whether two answers say the same: by the verifier's rules, and the likeness of their embeddings."""

from headworks.cache.embedding.embedder import Embedder, EmbedderError
from headworks.cache.verifier import Judge, Pair, answer_of, equivalent, settled
from headworks.core.replies import Event

_EMBEDDED_CHARACTERS = 700
"""An embedding sees the beginning of a text."""


class Comparer:
    """Compares answers.

    Args:
        embedder: For the likeness of texts.
        judge: A model that is asked where rules and likeness do not tell; None for none.
    """

    def __init__(self, embedder: Embedder, judge: Judge | None = None) -> None:
        self._embedder = embedder
        self._judge = judge

    async def same(self, asked: str, ours: list[Event], asked_now: str, theirs: list[Event]) -> bool:
        """Whether the answer `theirs` says the same as `ours`. What cannot be told is not the same."""
        a, b = answer_of(ours), answer_of(theirs)
        verdict = equivalent(a, b)
        if verdict.outcome == "same" or verdict.final:
            return verdict.right
        verdict = equivalent(a, b, await self._likeness(a.text, b.text))
        if self._judge is not None and not verdict.final:
            pair = Pair(question_a=asked, answer_a=a.text, question_b=asked_now, answer_b=b.text)
            verdict = settled(verdict, says=await self._judge(pair))
        return verdict.right

    async def _likeness(self, a: str, b: str) -> float | None:
        try:
            first, second = await self._embedder.embed([a[:_EMBEDDED_CHARACTERS], b[:_EMBEDDED_CHARACTERS]])
        except EmbedderError:
            return None
        return float(first @ second)
