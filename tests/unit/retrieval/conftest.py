"""An index in a temporary folder, with an embedder that knows words only, and a reader without a process."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headworks.embedding.embedder import EmbedderError
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.indexer import Indexer
from headworks.retrieval.ingest.options import Options
from headworks.retrieval.ingest.report import Report
from headworks.retrieval.live import LiveIndex
from headworks.retrieval.passages import Passage, Wish
from headworks.retrieval.reading.frames import Job, Result
from headworks.retrieval.reading.worker import answer
from headworks.retrieval.retriever import NO_HOOKS, Hooks, Retriever
from headworks.retrieval.store.shelf import Shelf
from headworks.testing import FakeClock

DIMS = 64


class WordEmbedder:
    """Texts that share words are near each other."""

    def __init__(self, name: str = "words-1") -> None:
        self.name = name
        self.dims = DIMS
        self.texts: list[str] = []
        self.fails = False

    async def start(self) -> None:
        """Nothing is needed."""

    async def stop(self) -> None:
        """Nothing is held."""

    async def embed(self, texts: Sequence[str]) -> "np.ndarray[Any, np.dtype[np.float32]]":
        if self.fails:
            raise EmbedderError("The model is away.")
        self.texts += texts
        rows = np.zeros((len(texts), DIMS), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[hashlib.blake2b(word.strip(".,?!").encode()).digest()[0] % DIMS] += 1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


class HereReading:
    """Reads in this process."""

    def __init__(self, settings: IndexSettings) -> None:
        self._settings = settings

    async def read(self, path: str, kind: str) -> Result:
        settings = self._settings
        return answer(Job(path, kind, settings.chunk_chars, settings.overlap_chars, settings.max_file_chars))

    async def stop(self) -> None:
        """Nothing is held."""


class House:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.embedder = WordEmbedder()
        self.shelf = Shelf(folder / "data")
        self.docs = folder / "docs"
        self.docs.mkdir(exist_ok=True)
        self.settings = IndexSettings(max_file_bytes=100_000)
        self.index = LiveIndex(self.shelf, "book", self.clock)

    def indexer(self, embedder: WordEmbedder | None = None) -> Indexer:
        return Indexer(self.shelf, embedder or self.embedder, self.settings, self.clock, HereReading)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    async def add(self, *paths: Path | str, **said: Any) -> Report:
        wanted = [str(path) for path in paths] or [str(self.docs)]
        return await self.indexer().add("book", wanted, Options(**said))

    def retriever(self, hooks: Hooks = NO_HOOKS) -> Retriever:
        return Retriever(self.index, self.embedder, self.clock, hooks)

    async def find(self, query: str, *labels: str, **wish: Any) -> list[Passage]:
        self.clock.advance(2)  # what changed is followed
        return await self.retriever().run(Wish(query=query, labels=frozenset(labels), **wish))

    async def names(self, query: str, *labels: str, **wish: Any) -> list[str]:
        return [Path(found.document).name for found in await self.find(query, *labels, **wish)]

    async def version(self) -> str:
        self.clock.advance(2)
        return await self.retriever().refresh()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    found = House(tmp_path)
    yield found
    found.index.close()
