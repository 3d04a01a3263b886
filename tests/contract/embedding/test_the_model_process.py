"""The real model in its real child process: what its vectors are worth, and what happens when it is killed."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from headworks.embedding.assets import find_assets
from headworks.embedding.config import EmbeddingSettings
from headworks.embedding.embedder import EmbedderBusyError, EmbedderError, PartlyReadError
from headworks.embedding.frames import Order
from headworks.embedding.local import LocalEmbedder
from headworks.embedding.process import EmbeddingProcess
from headworks.embedding.remembered import RememberedEmbedder
from headworks.testing import FakeClock

SOURCE = str(Path(__file__).parents[4] / "src")
PATIENT = EmbeddingSettings(timeout_s=30)


class Watched:
    """A local embedder whose children are known."""

    def __init__(self, *, hang_s: float = 30.0) -> None:
        self.clock = FakeClock()
        self.children: list[EmbeddingProcess] = []
        self.embedder = LocalEmbedder(PATIENT, self.clock, start=self._start, hang_s=hang_s)

    async def _start(self, order: Order) -> EmbeddingProcess:
        self.children.append(await EmbeddingProcess.start(order))
        return self.children[-1]


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    found = Watched()
    await found.embedder.start()
    yield found
    await found.embedder.stop()


async def test_what_means_the_same_is_nearer_than_what_does_not(watched: Watched) -> None:
    texts = [
        "How do I reset my password?",
        "I forgot my password, how can I change it?",
        "What is the weather in Paris?",
    ]
    rows = await watched.embedder.embed(texts)
    assert rows.shape == (3, 384)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[0] @ rows[1] > 0.8 > 0.3 > rows[0] @ rows[2]
    # Batches do not change a vector, nor does its place in them.
    alone = (await watched.embedder.embed([texts[2]]))[0]
    assert np.allclose(alone, rows[2], atol=1e-5)
    assert watched.embedder.name.startswith("all-MiniLM-L6-v2-")

    # Odd texts: empty, halves of characters, zeros, mixed scripts.
    odd = await watched.embedder.embed(["", " ", "\ud800 half", "zero\0byte", "naïve Straße", "e\u0301"])
    assert np.isfinite(odd).all()
    assert np.allclose(np.linalg.norm(odd, axis=1), 1, atol=1e-5)

    # A text is read whole, or has no vector: also where every letter is one token, and where signs are unknown.
    for text in ["word " * 255, "word " * 100_000, "a" * 6_145, "\u732b " * 300, "What does \U0001f600 mean?"]:
        with pytest.raises(PartlyReadError):
            await watched.embedder.embed([text])
    assert (await watched.embedder.embed(["word " * 254])).shape == (1, 384)

    # Thousands at once: some are answered, the others told at once; and leaving callers leave nothing behind.
    calls = [asyncio.create_task(watched.embedder.embed([f"Question {number}?"])) for number in range(3000)]
    await asyncio.sleep(0)
    for call in calls[:200]:
        call.cancel()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends[:200])
    kinds = {type(end) for end in ends[200:]}
    assert kinds == {np.ndarray, EmbedderBusyError}
    assert (await watched.embedder.embed(["Still there?"])).shape == (1, 384)
    assert len(watched.children) == 1


async def test_a_question_that_everybody_asks_is_embedded_once(watched: Watched) -> None:
    embedder = RememberedEmbedder(watched.embedder, 1 << 20)
    rows = await asyncio.gather(*(embedder.embed(["What are your opening hours?"]) for _ in range(2000)))
    assert {row.shape for row in rows} == {(1, 384)}
    assert (embedder.misses, len(watched.children)) == (1, 1)
    again = await embedder.embed(["What are your opening hours?"])
    assert np.array_equal(again, rows[0])
    assert embedder.hits == 1


async def test_a_killed_child_is_an_error_for_those_who_wait_and_is_replaced(watched: Watched) -> None:
    await watched.embedder.embed(["Hello?"])
    first = watched.children[0]
    os.kill(first.pid, signal.SIGSTOP)  # so that the question is under way for certain
    call = asyncio.create_task(watched.embedder.embed(["Are you there?"]))
    await asyncio.sleep(0)
    os.kill(first.pid, signal.SIGKILL)
    with pytest.raises(EmbedderError, match="ended"):
        await call
    with pytest.raises(EmbedderError, match="started again in 1 s"):
        await watched.embedder.embed(["Are you there?"])
    watched.clock.advance(1.1)
    assert (await watched.embedder.embed(["Are you there?"])).shape == (1, 384)
    assert len(watched.children) == 2

    watched.clock.advance(61)  # it has lived long: it is replaced at once
    os.kill(watched.children[1].pid, signal.SIGKILL)
    with pytest.raises(EmbedderError, match="ended"):
        await watched.embedder.embed(["And now?"])
    assert (await watched.embedder.embed(["And now?"])).shape == (1, 384)


async def test_a_frozen_child_is_ended() -> None:
    watched = Watched(hang_s=0.2)
    await watched.embedder.start()
    await watched.embedder.embed(["Hello?"])
    os.kill(watched.children[0].pid, signal.SIGSTOP)
    with pytest.raises(EmbedderError, match=r"did not answer within 0\.2 s"):
        await watched.embedder.embed(["Hello?"])
    assert not watched.children[0].alive
    await watched.embedder.stop()


PARENT = """
import asyncio
from headworks.embedding.assets import find_assets
from headworks.embedding.frames import Order
from headworks.embedding.process import EmbeddingProcess
async def main():
    found = find_assets()
    child = await EmbeddingProcess.start(Order(str(found.tokenizer), str(found.weights), 256))
    print(child.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def test_the_child_dies_with_its_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env={"PYTHONPATH": SOURCE})
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    descriptor = os.pidfd_open(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    signalled = bool(select.select([descriptor], [], [], 10)[0])
    os.close(descriptor)
    assert signalled


async def test_a_model_that_does_not_load_says_so(tmp_path: Path) -> None:
    found = find_assets()
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(EmbedderError, match="embedding"):
        await EmbeddingProcess.start(Order(str(found.tokenizer), str(broken), 256))
