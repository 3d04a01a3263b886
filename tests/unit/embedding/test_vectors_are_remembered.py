"""Vectors of texts that were asked lately are not made again, and are forgotten on request."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from headworks.embedding.embedder import EmbedderError
from headworks.embedding.remembered import OVERHEAD_BYTES, RememberedEmbedder

SIZE = 4 * 4 + OVERHEAD_BYTES


class Counting:
    name, dims = "counting", 4

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    async def embed(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        self.asked += texts
        await self.may_go_on.wait()
        if "bad" in texts:
            raise EmbedderError("It is bad.")
        return np.array([[len(text), 0, 0, 1] for text in texts], np.float32)


async def test_the_least_recently_asked_ones_leave_first() -> None:
    inner = Counting()
    embedder = RememberedEmbedder(inner, 2 * SIZE)
    for text in ["a", "bb", "a", "ccc", "a", "bb"]:
        assert (await embedder.embed([text]))[0, 0] == len(text)
    assert inner.asked == ["a", "bb", "ccc", "bb"]
    assert embedder.bytes == 2 * SIZE
    assert (embedder.hits, embedder.misses) == (2, 4)


async def test_many_texts_are_looked_up_one_by_one() -> None:
    inner = Counting()
    embedder = RememberedEmbedder(inner, 100 * SIZE)
    await embedder.embed(["bb"])
    rows = await embedder.embed(["a", "bb", "ccc"])
    assert [int(row[0]) for row in rows] == [1, 2, 3]
    assert inner.asked == ["bb", "a", "ccc"]


async def test_a_failure_is_told_to_all_and_not_remembered() -> None:
    inner = Counting()
    embedder = RememberedEmbedder(inner, 100 * SIZE)
    ends = await asyncio.gather(*(embedder.embed(["bad"]) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(end, EmbedderError) for end in ends)
    with pytest.raises(EmbedderError):
        await embedder.embed(["bad"])
    assert inner.asked == ["bad", "bad"]


async def test_a_caller_that_leaves_takes_nothing_from_the_others() -> None:
    inner = Counting()
    inner.may_go_on.clear()
    embedder = RememberedEmbedder(inner, 100 * SIZE)
    calls = [asyncio.create_task(embedder.embed(["a"])) for _ in range(3)]
    await asyncio.sleep(0)
    calls[0].cancel()
    inner.may_go_on.set()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(ends[0], asyncio.CancelledError)
    assert all(isinstance(end, np.ndarray) for end in ends[1:])
    assert inner.asked == ["a"]


async def test_what_is_forgotten_while_it_is_made_is_not_remembered() -> None:
    inner = Counting()
    inner.may_go_on.clear()
    embedder = RememberedEmbedder(inner, 100 * SIZE)
    call = asyncio.create_task(embedder.embed(["a"]))
    await asyncio.sleep(0)
    embedder.forget("a")
    inner.may_go_on.set()
    await call
    assert embedder.bytes == 0
    await embedder.embed(["a"])
    await embedder.embed(["bb"])
    assert inner.asked == ["a", "a", "bb"]
    embedder.forget("a")
    assert embedder.bytes == SIZE
    embedder.forget()
    assert embedder.bytes == 0


async def test_shared_vectors_cannot_be_changed() -> None:
    embedder = RememberedEmbedder(Counting(), 100 * SIZE)
    await embedder.embed(["a"])
    with pytest.raises(ValueError, match="read-only"):
        (await embedder.embed(["a"]))[0, 0] = 5
