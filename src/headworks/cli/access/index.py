"""Indexes, in a data directory or through the admin API of a running gateway."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

from headworks.cli.access.admin import AdminApi
from headworks.config import Config
from headworks.core.clock import SystemClock
from headworks.core.errors import StoreError
from headworks.core.policy import Patience
from headworks.embedding.config import EmbeddingSettings
from headworks.providers.outbound.http import Errand, Outbound
from headworks.providers.outbound.posting import post_json
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.ingest.options import Options
from headworks.retrieval.ingest.report import Report, Tell
from headworks.retrieval.passages import Wish

try:
    from headworks.embedding.endpoint import EndpointEmbedder
    from headworks.embedding.local import LocalEmbedder
    from headworks.retrieval.evaluation import evaluate, read_questions
    from headworks.retrieval.indexer import Indexer, started
    from headworks.retrieval.live import LiveIndex
    from headworks.retrieval.retriever import Retriever
    from headworks.retrieval.store.shelf import Shelf
except ImportError as error:
    MISSING = str(error)
else:
    MISSING = ""

_T = TypeVar("_T")
_EMBED_S = 120.0


class Watching(Struct, frozen=True):
    """How files are followed: who is told of progress and of the end of each turn, and the seconds between turns."""

    tell: Tell
    done: Callable[[Report], None]
    pause_s: float


class IndexAccess(Protocol):
    """What can be done with indexes, wherever they are."""

    def overview(self) -> list[dict[str, Any]]:
        """Every index, as `GET /admin/v1/indexes` shows it."""

    def show(self, name: str) -> dict[str, Any]:
        """One index with its files."""

    def search(self, name: str, wish: Wish) -> list[dict[str, Any]]:
        """The passages that a search finds."""

    def remove(self, name: str, sources: tuple[str, ...]) -> int:
        """Remove an index, or files from it; how many files went."""


class RemoteIndexes:
    """The indexes of a running gateway."""

    def __init__(self, admin: AdminApi) -> None:
        self._admin = admin

    def overview(self) -> list[dict[str, Any]]:
        """Every index."""
        found: list[dict[str, Any]] = self._admin.get("indexes")["data"]
        return found

    def show(self, name: str) -> dict[str, Any]:
        """One index."""
        return self._admin.get("indexes", name)

    def search(self, name: str, wish: Wish) -> list[dict[str, Any]]:
        """A search, made by the gateway."""
        body = msgspec.to_builtins(wish)
        found: list[dict[str, Any]] = self._admin.post("indexes", name, "search", body=body)["data"]
        return found

    def remove(self, name: str, sources: tuple[str, ...]) -> int:
        """Remove in the gateway."""
        answer = self._admin.post("indexes", name, "remove", body={"sources": list(sources)})
        return int(answer["removed"])


class StoredIndexes:
    """The indexes of a data directory. A gateway that runs on it follows within a second.

    Args:
        config: Says where, and which model makes vectors.
        settings: How documents are read and cut.
        lexical: Make indexes of words alone.

    Raises:
        StoreError: A library is not installed.
    """

    def __init__(self, config: Config, settings: IndexSettings, *, lexical: bool = False) -> None:
        if MISSING:
            raise StoreError(f"Indexes need headworks[embed]: {MISSING}.", retryable=False)
        self._config = config
        self._settings = settings
        self._lexical = lexical
        self._shelf = Shelf(config.data_dir)
        self._clock = SystemClock()

    def overview(self) -> list[dict[str, Any]]:
        """Every index."""
        return Indexer(self._shelf, None, self._settings, self._clock).overview()

    def show(self, name: str) -> dict[str, Any]:
        """One index."""
        return Indexer(self._shelf, None, self._settings, self._clock).show(name)

    def search(self, name: str, wish: Wish) -> list[dict[str, Any]]:
        """A search, made here."""

        async def search(retriever: "Retriever") -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = msgspec.to_builtins(await retriever.run(wish))
            return found

        return asyncio.run(self._searching(name, search, lexical=wish.mode == "lexical"))

    def evaluate(self, name: str, questions: Path, labels: frozenset[str]) -> dict[str, Any]:
        """How good searches are."""
        asked = read_questions(questions)

        async def measure(retriever: "Retriever") -> dict[str, Any]:
            scores: dict[str, Any] = msgspec.to_builtins(await evaluate(retriever, asked, labels))
            return scores

        return asyncio.run(self._searching(name, measure, lexical=False))

    def remove(self, name: str, sources: tuple[str, ...]) -> int:
        """Remove here."""
        return asyncio.run(Indexer(self._shelf, None, self._settings, self._clock).remove(name, sources))

    def add(self, name: str, paths: Sequence[str], options: Options, tell: Tell) -> Report:
        """Take in files."""

        async def add(indexer: "Indexer") -> Report:
            return await indexer.add(name, paths, options, tell)

        return asyncio.run(self._indexing(add))

    def watch(self, name: str, paths: Sequence[str], options: Options, watching: Watching) -> None:
        """Take in files again and again, until interrupted."""
        stamps: dict[str, tuple[int, int]] = {}

        async def follow(indexer: "Indexer") -> None:
            while True:
                watching.done(await indexer.add(name, paths, options, watching.tell, stamps))
                await asyncio.sleep(watching.pause_s)

        asyncio.run(self._indexing(follow))

    def rebuild(self, name: str, tell: Tell) -> Report:
        """Make an index anew."""

        async def rebuild(indexer: "Indexer") -> Report:
            return await indexer.rebuild(name, tell)

        return asyncio.run(self._indexing(rebuild))

    async def _indexing(self, work: "Callable[[Indexer], Awaitable[_T]]") -> _T:
        if self._lexical:
            return await work(Indexer(self._shelf, None, self._settings, self._clock))
        async with self._embedder() as embedder:
            return await work(Indexer(self._shelf, await started(embedder), self._settings, self._clock))

    async def _searching(self, name: str, work: "Callable[[Retriever], Awaitable[_T]]", *, lexical: bool) -> _T:
        index = LiveIndex(self._shelf, name, self._clock)
        async with self._embedder() as embedder:
            model = await started(embedder) if not lexical and self.show(name)["model"] else None
            retriever = Retriever(index, model, self._clock)
            try:
                return await work(retriever)
            finally:
                index.close()

    @asynccontextmanager
    async def _embedder(self) -> "AsyncIterator[LocalEmbedder | EndpointEmbedder]":
        settings: EmbeddingSettings = self._config.cache.embedding.model_copy(update={"timeout_s": _EMBED_S})
        outbound = Outbound()
        endpoint = settings.endpoint

        async def post(body: bytes) -> bytes:
            assert endpoint is not None, "only asked where there is one"
            errand = Errand("embedding endpoint", endpoint.base_url, Patience(total_s=_EMBED_S))
            key = endpoint.api_key
            headers = {} if key is None else {"authorization": f"Bearer {key.get_secret_value()}"}
            return await post_json(outbound, errand, "/embeddings", headers, body)

        local = LocalEmbedder(settings, self._clock, whole=False)
        embedder = local if endpoint is None else EndpointEmbedder(endpoint, post, _EMBED_S)
        try:
            yield embedder
        finally:
            await embedder.stop()
            await outbound.close()
