"""Indexes of several workers over one folder, with an embedder that knows a few words."""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec import Struct

from headworks.cache.entries import Facets
from headworks.cache.index.config import IndexSettings
from headworks.cache.index.disk.row import About
from headworks.cache.index.kept import SemanticIndex
from headworks.cache.index.rows import Floats
from headworks.embedding.embedder import EmbedderError, PartlyReadError
from headworks.testing import FakeClock

DIMS = 16
PARTITION = b"p" * 32


class Payload(Struct, frozen=True, array_like=True):
    text: str
    facets: Facets
    created_s: float
    more: str = ""


def describe(payload: bytes) -> About:
    known = msgspec.msgpack.decode(payload, type=Payload)
    return About(known.text, known.facets, known.created_s)


class HashEmbedder:
    """A vector for each text, another for each model; `bad` texts cannot be read, and nothing while it is `away`."""

    def __init__(self, name: str = "hash", dims: int = DIMS) -> None:
        self.name, self.dims = name, dims
        self.away = False
        self.asked: list[str] = []

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    def vector(self, text: str) -> Floats:
        seed = int.from_bytes(hashlib.sha256(f"{self.name} {text}".encode()).digest()[:8], "big")
        row = np.random.default_rng(seed).standard_normal(self.dims).astype(np.float32)
        found: Floats = row / np.linalg.norm(row)
        return found

    async def embed(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        if self.away:
            raise EmbedderError("It is away.")
        self.asked += texts
        if "bad" in texts:
            raise PartlyReadError("It is bad.")
        return np.array([self.vector(text) for text in texts])


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


class Worker:
    """One worker's index, with the words of a test."""

    def __init__(self, index: SemanticIndex, embedder: HashEmbedder, clock: FakeClock) -> None:
        self.index = index
        self.embedder = embedder
        self.clock = clock

    def add(
        self, number: int, text: str, *, ttl_s: float = 3600, age_s: float = 0.0, more: str = "", **facets: Any
    ) -> bytes:
        now_s = self.clock.now()
        made = Facets(**{"org": "acme", "feature": "bot"} | facets)
        payload = msgspec.msgpack.encode(Payload(text, made, now_s - age_s, more))
        self.index.add(PARTITION, key(number), self.embedder.vector(text), now_s + ttl_s, payload)
        return payload

    def finds(self, text: str) -> bool:
        """Whether the very text is found."""
        found = self.index.search(PARTITION, self.embedder.vector(text), 1)
        return bool(found) and found[0][1] > 0.999 and describe(found[0][2]).text == text

    def payload(self, text: str) -> bytes:
        return self.index.search(PARTITION, self.embedder.vector(text), 1)[0][2]


NewWorker = Callable[..., Any]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def new_worker(tmp_path: Path, clock: FakeClock) -> AsyncIterator[NewWorker]:
    async with AsyncExitStack() as stack:

        async def make(
            name: str = "0", *, model: str = "hash", dims: int = DIMS, memory: int = 1 << 24, disk: int = 1 << 26
        ) -> Worker:
            embedder = HashEmbedder(model, dims)
            settings = IndexSettings(memory_bytes=memory, disk_bytes=disk)
            index = SemanticIndex(tmp_path, settings, embedder, clock, describe, worker=name)
            await index.start()
            stack.push_async_callback(index.stop)
            await index.idle()
            return Worker(index, embedder, clock)

        yield make
