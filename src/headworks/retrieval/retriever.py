"""Search one index: by words and by meaning at once, never on the event loop.

Without the vector of the question (no model, or not in time) words alone are searched. A hook that fails is passed
over.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec
import structlog
from msgspec import Struct

from headworks.core.clock import Clock
from headworks.core.errors import HeadworksError, StoreError
from headworks.embedding.embedder import Embedder, EmbedderError
from headworks.retrieval.fusion import fused
from headworks.retrieval.live import LiveIndex
from headworks.retrieval.near import near_in
from headworks.retrieval.passages import Filters, Passage, Wish
from headworks.retrieval.store.rows import Floats

CANDIDATES = 100
"""Chunks that each search contributes, at least."""
_PER_WANTED = 4
_RERANKED = 4
_SPARE = 2
_MOST_QUERY_CHARS = 8000
_EMBEDDED_CHARS = 2000
_T = TypeVar("_T")
_log = structlog.get_logger("headworks.retrieval")

Rewrite = Callable[[str], Awaitable[str]]
"""A better question, made of the one that was asked."""
Rerank = Callable[[str, Sequence[Passage]], Awaitable[Sequence[float]]]
"""A score for each passage: how well it answers the question."""


class Hooks(Struct, frozen=True):
    """What a model does better, where one is configured."""

    rewrite: Rewrite | None = None
    rerank: Rerank | None = None


NO_HOOKS = Hooks()


class Retriever:
    """Searches one index.

    Args:
        index: Which one. Closed by its owner.
        embedder: Makes the vector of the question; None searches by words alone. Started and stopped by its owner.
        clock: Measures deadlines.
        hooks: Rewrites questions and orders what was found.
    """

    def __init__(self, index: LiveIndex, embedder: Embedder | None, clock: Clock, hooks: Hooks = NO_HOOKS) -> None:
        self._index = index
        self._embedder = embedder
        self._clock = clock
        self._hooks = hooks

    @property
    def version(self) -> str:
        """Of the documents, as of the last search or `refresh`; empty before. For cache keys and traces."""
        return self._index.version

    async def refresh(self) -> str:
        """Look whether the documents have changed, and load what is new; their version.

        Raises:
            BadAskError: `unknown_index` (404).
            StoreError: The index cannot be read.
        """
        return await self._in_thread(self._look)

    async def search(
        self,
        query: str,
        *,
        top_k: int,
        labels: frozenset[str] = frozenset(),
        filters: Filters = {},  # noqa: B006  a mapping that is never changed
        deadline_s: float | None = None,
    ) -> list[Passage]:
        """The passages that answer a question best, most relevant first.

        Args:
            query: The question.
            top_k: Most passages to return.
            labels: Labels of the caller. A passage with a label that is not among them does not take part.
            filters: What the documents must be.
            deadline_s: When to have an answer, monotonic clock; None waits.

        Raises:
            BadAskError: `unknown_index` (404), or a filter that is none.
            StoreError: The index cannot be read, or not in time (`retrieval_timeout`).
        """
        wish = Wish(query=query, top_k=top_k, labels=labels, filters=filters)
        left_s = None if deadline_s is None else max(0.0, deadline_s - self._clock.monotonic())
        try:
            async with asyncio.timeout(left_s):
                return await self._answer(wish)
        except TimeoutError as error:
            raise StoreError(
                f"Index `{self._index.name}` was not searched in time.", code="retrieval_timeout", status=504
            ) from error

    async def run(self, wish: Wish) -> list[Passage]:
        """The same without hooks and deadline, for a wish that may be by words or meaning alone."""
        query = wish.query[:_MOST_QUERY_CHARS].encode(errors="replace").decode()  # halves of characters are nothing
        vector = None if wish.mode == "lexical" else await self._vector(query)
        return await self._in_thread(self._find, msgspec.structs.replace(wish, query=query), vector)

    async def _answer(self, wish: Wish) -> list[Passage]:
        rewrite, rerank = self._hooks.rewrite, self._hooks.rerank
        if rewrite is not None:
            try:
                wish = msgspec.structs.replace(wish, query=(await rewrite(wish.query)).strip() or wish.query)
            except HeadworksError as error:
                _log.warning("query_not_rewritten", reason=error.message, effect="the question is searched as asked")
        if rerank is None:
            return await self.run(wish)
        found = await self.run(msgspec.structs.replace(wish, top_k=wish.top_k * _RERANKED))
        return (await self._reranked(rerank, wish.query, found))[: wish.top_k]

    async def _reranked(self, rerank: Rerank, query: str, found: list[Passage]) -> list[Passage]:
        if not found:
            return found
        try:
            scores = await rerank(query, found)
        except HeadworksError as error:
            _log.warning("passages_not_reranked", reason=error.message, effect="they stay in the order of the search")
            return found
        if len(scores) != len(found):
            _log.warning("passages_not_reranked", reason="not one score for each", effect="they stay as found")
            return found
        scored = [msgspec.structs.replace(one, score=score) for one, score in zip(found, scores, strict=True)]
        return sorted(scored, key=lambda one: -one.score)

    async def _vector(self, query: str) -> "Floats | None":
        if self._embedder is None or not query.strip():
            return None
        try:
            rows: Floats = await self._embedder.embed([query[:_EMBEDDED_CHARS]])
        except EmbedderError as error:
            _log.warning("question_not_embedded", reason=str(error), effect="only words are searched")
            return None
        vector: Floats = rows[0]
        return vector

    def _look(self) -> str:
        with self._index.reading() as (_, state):
            return state.version

    def _find(self, wish: Wish, vector: "Floats | None") -> list[Passage]:
        most = max(CANDIDATES, _PER_WANTED * wish.top_k)
        with self._index.reading() as (reader, state):
            scope = reader.scope(wish.labels, wish.filters)
            if scope.empty:
                return []
            words = [] if wish.mode == "dense" else reader.lexical(wish.query, scope, most)
            near: list[int] = []
            if vector is not None and self._embedder is not None and state.model == self._embedder.name:
                near = near_in(reader, state, scope, vector, most)
            scores = fused(words, near)
            # Some of what memory still has may be gone: a few more are asked for.
            passages = reader.passages(list(scores)[: _SPARE * wish.top_k], wish.labels)
        places = _places(words), _places(near)
        shown = [(one, passages[one]) for one in scores if one in passages][: wish.top_k]
        return [
            msgspec.structs.replace(
                passage, score=scores[one], lexical_rank=places[0].get(one), dense_rank=places[1].get(one)
            )
            for one, passage in shown
        ]

    async def _in_thread(self, work: Callable[..., _T], *arguments: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._index.threads, work, *arguments)


def _places(ranking: Sequence[int]) -> dict[int, int]:
    return {one: place for place, one in enumerate(ranking, start=1)}
