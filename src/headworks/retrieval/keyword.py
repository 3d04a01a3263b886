"""Search by words alone, for answers without a model: passages of an index as text for people."""

from pathlib import Path

from headworks.core.clock import Clock
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.grounding import excerpts
from headworks.retrieval.service import RetrievalRoom

PATIENCE_S = 2.0


class KeywordSearch:
    """Satisfies `flags.ladder.Search`. Needs no embedding model.

    Callers have no labels here: documents with one are not shown to anybody.

    Args:
        data_dir: Indexes lie in it.
        clock: Measures patience.
    """

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self._room = RetrievalRoom(data_dir, IndexSettings(), None, None, clock)
        self._clock = clock

    async def __call__(self, question: str, index: str, top_k: int) -> str | None:
        """The best passages, with where they stand; None when there are none.

        Raises:
            BadAskError: `unknown_index`.
            StoreError: The index cannot be read, or not in time.
        """
        deadline_s = self._clock.monotonic() + PATIENCE_S
        found = await self._room.retriever(index).search(question, top_k=top_k, deadline_s=deadline_s)
        return excerpts(found, top_k) or None

    def close(self) -> None:
        """Let go of the indexes."""
        self._room.close()
