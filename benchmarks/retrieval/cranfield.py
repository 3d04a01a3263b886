"""The Cranfield collection through the room, as a user would: ingest a JSON Lines file, ask every question."""

import gzip
import time
from pathlib import Path

import msgspec

from headworks.core.clock import SystemClock
from headworks.embedding.config import EmbeddingSettings
from headworks.embedding.local import LocalEmbedder
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.evaluation import Question, Scores, evaluate
from headworks.retrieval.indexer import Indexer
from headworks.retrieval.ingest.options import Options
from headworks.retrieval.live import LiveIndex
from headworks.retrieval.retriever import Retriever
from headworks.retrieval.store.shelf import Shelf

FILES = ("cranfield_docs.jsonl.gz", "cranfield_queries.jsonl.gz")
NAME = "cranfield"


def embedder() -> LocalEmbedder:
    """The embedded default."""
    return LocalEmbedder(EmbeddingSettings(timeout_s=60.0), SystemClock(), whole=False)


async def measured(data: Path, folder: Path, settings: IndexSettings) -> tuple[dict[str, Scores], float, int]:
    """Scores of each mode, seconds that ingest took, and how many pieces it made."""
    documents = folder / "cranfield.jsonl"
    documents.write_bytes(gzip.decompress((data / FILES[0]).read_bytes()))
    model = embedder()
    await model.start()
    await model.embed(["warm"])
    started = time.perf_counter()
    report = await Indexer(Shelf(folder), model, settings, SystemClock()).add(NAME, [str(documents)], Options())
    took = time.perf_counter() - started
    index = LiveIndex(Shelf(folder), NAME, SystemClock())
    retriever = Retriever(index, model, SystemClock())
    try:
        return await evaluate(retriever, _questions(data / FILES[1]), frozenset()), took, report.chunks
    finally:
        index.close()
        await model.stop()


def _questions(path: Path) -> list[Question]:
    lines = gzip.decompress(path.read_bytes()).splitlines()
    return [msgspec.convert(msgspec.json.decode(line), Question) for line in lines]
