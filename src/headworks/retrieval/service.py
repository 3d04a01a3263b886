"""The room in a running gateway: its indexes, opened when they are first searched, and what writes to them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from headworks.core.clock import Clock
from headworks.embedding.embedder import Embedder
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.indexer import Indexer, started
from headworks.retrieval.ingest.options import Options
from headworks.retrieval.ingest.report import Report
from headworks.retrieval.live import LiveIndex
from headworks.retrieval.passages import Passage, Wish
from headworks.retrieval.retriever import NO_HOOKS, Hooks, Retriever
from headworks.retrieval.store.shelf import Shelf


class RetrievalRoom:
    """Satisfies `server.admin.index.Indexes`.

    Args:
        data_dir: Indexes lie in it.
        settings: How uploads are read and cut.
        asking: Embeds questions. Waits for little; started and stopped by its owner.
        making: Makes an embedder for documents, which may wait long. Started at the first upload, stopped after each.
        clock: Source of time.
    """

    def __init__(
        self,
        data_dir: Path,
        settings: IndexSettings,
        asking: Embedder | None,
        making: Callable[[], Embedder] | None,
        clock: Clock,
    ) -> None:
        self.max_upload_bytes = settings.max_file_bytes
        self._shelf = Shelf(data_dir)
        self._settings = settings
        self._asking = asking
        self._making = making
        self._clock = clock
        self._open: dict[str, LiveIndex] = {}

    def retriever(self, name: str, hooks: Hooks = NO_HOOKS) -> Retriever:
        """What searches an index. All that search one share its memory."""
        index = self._open.get(name)
        if index is None:
            index = self._open[name] = LiveIndex(self._shelf, name, self._clock)
        return Retriever(index, self._asking, self._clock, hooks)

    def close(self) -> None:
        """Let go of everything."""
        for index in self._open.values():
            index.close()
        self._open.clear()

    def overview(self) -> list[dict[str, Any]]:
        """Every index. Blocks."""
        return self._indexer(None).overview()

    def show(self, name: str) -> dict[str, Any]:
        """One index with its files. Blocks."""
        return self._indexer(None).show(name)

    async def search(self, name: str, wish: Wish) -> list[Passage]:
        """The passages that a search finds."""
        self._shelf.live(name)
        return await self.retriever(name).run(wish)

    async def upload(self, name: str, file: str, content: bytes, options: Options) -> Report:
        """Take in one document."""
        if self._making is None:
            return await self._indexer(None).upload(name, file, content, options)
        embedder = await started(self._making())
        try:
            return await self._indexer(embedder).upload(name, file, content, options)
        finally:
            await embedder.stop()

    async def remove(self, name: str, sources: tuple[str, ...] = ()) -> int:
        """Remove files, or the index whole."""
        return await self._indexer(None).remove(name, sources)

    def _indexer(self, embedder: Embedder | None) -> Indexer:
        return Indexer(self._shelf, embedder, self._settings, self._clock)
