"""What a search costs in an index of made-up pieces: vectors around 200 topics, words of the model by Zipf's law."""

import asyncio
import json
import time
from functools import cache
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
from msgspec import Struct

from benchmarks.retrieval.cranfield import embedder
from headworks.core.clock import SystemClock
from headworks.embedding.assets import find_assets
from headworks.embedding.local import LocalEmbedder
from headworks.retrieval.live import LiveIndex
from headworks.retrieval.passages import Wish
from headworks.retrieval.retriever import Retriever
from headworks.retrieval.store.graph import renew
from headworks.retrieval.store.pieces import Cut, Filed, Piece, embedded
from headworks.retrieval.store.shelf import Shelf
from headworks.retrieval.store.writer import IndexWriter

NAME = "made-up"
_TOPICS, _PER_FILE, _LONG = 200, 50, 90
_QUESTIONS = 200
_Floats = np.ndarray[Any, np.dtype[np.float32]]


class Cost(Struct, frozen=True):
    """Milliseconds.

    Attributes:
        cpu_ms: Processor time of this process for one search, mean; without the embedding, which is elsewhere.
        embed_ms: Processor time of the embedding process for one question, mean.
        p50_ms: Time from question to passages, with the embedding.
        p95_ms: Likewise.
        load_s: Seconds of the first search, which reads all vectors.
    """

    cpu_ms: float
    embed_ms: float
    p50_ms: float
    p95_ms: float
    load_s: float


async def measured(folder: Path, pieces: int) -> dict[str, Cost]:
    """The costs for a caller who may see all, and for one who may see half."""
    rng = np.random.default_rng(0)
    model = embedder()
    await model.start()
    await model.embed(["warm"])
    _fill(folder, pieces, model, rng)
    index = LiveIndex(Shelf(folder), NAME, SystemClock())
    retriever = Retriever(index, model, SystemClock())
    try:
        return {
            who: await _asked(retriever, model, labels, rng)
            for who, labels in (("sees all", frozenset({"hr"})), ("sees half", frozenset[str]()))
        }
    finally:
        index.close()
        await model.stop()


async def _asked(retriever: Retriever, model: LocalEmbedder, labels: frozenset[str], rng: np.random.Generator) -> Cost:
    started = time.perf_counter()
    await retriever.run(Wish(query="first", labels=labels))
    load_s = time.perf_counter() - started
    times, cpu = [], time.process_time()
    child = _child_s(model)
    for _ in range(_QUESTIONS):
        query = _text(rng, 10)
        started = time.perf_counter()
        await retriever.run(Wish(query=query, labels=labels))
        times.append(1000 * (time.perf_counter() - started))
    cpu_ms = 1000 * (time.process_time() - cpu) / _QUESTIONS
    embed_ms = 1000 * (_child_s(model) - child) / _QUESTIONS
    cuts = quantiles(times, n=20)
    await asyncio.sleep(0)
    return Cost(cpu_ms, embed_ms, cuts[9], cuts[18], load_s)


def _fill(folder: Path, pieces: int, model: LocalEmbedder, rng: np.random.Generator) -> None:
    path = Shelf(folder).first(NAME)
    writer = IndexWriter(path, SystemClock())
    writer.describe(model=model.name)
    topics = _unit(rng.normal(size=(_TOPICS, model.dims)))
    for number in range(pieces // _PER_FILE):
        texts = tuple(Piece(_text(rng, _LONG)) for _ in range(_PER_FILE))
        document = Cut(title=f"Document {number}", labels=("hr",) if number % 2 else (), pieces=texts)
        noise = rng.normal(size=(_PER_FILE, model.dims)) / np.sqrt(model.dims)
        vectors = _unit(topics[rng.integers(_TOPICS, size=_PER_FILE)] + noise)
        writer.keep_vectors([embedded(document, piece) for piece in texts], vectors)
        writer.replace(Filed(name=f"/made/{number}", root="/made", hash=b"", bytes=0, documents=(document,)))
    writer.close()
    renew(path)


def _text(rng: np.random.Generator, words: int) -> str:
    vocabulary = _vocabulary()
    ranks = np.minimum(rng.zipf(1.2, size=words), len(vocabulary))
    return " ".join(vocabulary[rank - 1] for rank in ranks.tolist())


@cache
def _vocabulary() -> list[str]:
    known = json.loads(find_assets().tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    words = [word for word in known if word.isascii() and word.isalpha() and len(word) > 3]
    np.random.default_rng(1).shuffle(words)
    return words


def _unit(rows: Any) -> _Floats:
    found: _Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


def _child_s(model: LocalEmbedder) -> float:
    """Processor time of the embedding process."""
    pid = model._child.pid  # type: ignore[union-attr]  # noqa: SLF001  its own report has no such figure
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
