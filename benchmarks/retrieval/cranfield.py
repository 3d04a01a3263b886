"""The Cranfield collection through the room, as a user would: ingest a JSON Lines file, ask every question."""

import gzip
import os
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from headworks.core.clock import SystemClock
from headworks.embedding.config import EmbeddingSettings
from headworks.embedding.local import LocalEmbedder
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.evaluation import MODES, Question, Scores, mean, ranking, scored
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


class Result(Struct, frozen=True):
    """What came of it.

    Attributes:
        judged: Scores by mode, as the collection judges.
        condensed: The same with rankings from which documents judged 0 are left out. Each question has one: the paper
            that it was written for, which every search finds first.
        pieces: How many there are.
        took_s: Seconds that ingest took.
        cpu_s: Processor time that it took, with the processes that read and embed.
    """

    judged: dict[str, Scores]
    condensed: dict[str, Scores]
    pieces: int
    took_s: float
    cpu_s: float


async def measured(data: Path, folder: Path, settings: IndexSettings) -> Result:
    """Ingest, then ask."""
    documents = folder / "cranfield.jsonl"
    documents.write_bytes(gzip.decompress((data / FILES[0]).read_bytes()))
    started, cpu = time.perf_counter(), _cpu_s()
    model = embedder()
    await model.start()
    report = await Indexer(Shelf(folder), model, settings, SystemClock()).add(NAME, [str(documents)], Options())
    await model.stop()  # only of a child that has ended the system tells its time
    took, cpu = time.perf_counter() - started, _cpu_s() - cpu
    await model.start()
    index = LiveIndex(Shelf(folder), NAME, SystemClock())
    try:
        judged, condensed = await _scores(Retriever(index, model, SystemClock()), _questions(data / FILES[1]))
    finally:
        index.close()
        await model.stop()
    return Result(judged, condensed, report.chunks, took, cpu)


async def _scores(retriever: Retriever, questions: list[Question]) -> tuple[dict[str, Scores], dict[str, Scores]]:
    judged, condensed = {}, {}
    for mode in MODES:
        rankings = [await ranking(retriever, question, frozenset(), mode) for question in questions]
        pairs = list(zip(rankings, (question.relevant for question in questions), strict=True))
        judged[mode] = mean([scored(names, relevant) for names, relevant in pairs])
        condensed[mode] = mean(
            [scored([name for name in names if relevant.get(name) != 0], relevant) for names, relevant in pairs]
        )
    return judged, condensed


def _cpu_s() -> float:
    """Processor time of this process and of those it started that have ended."""
    return sum(os.times()[:4])


def _questions(path: Path) -> list[Question]:
    lines = gzip.decompress(path.read_bytes()).splitlines()
    return [msgspec.convert(msgspec.json.decode(line), Question) for line in lines]
