"""The queue before the embedding process, with a child that is scripted."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from headworks.embedding.config import EmbeddingSettings
from headworks.embedding.embedder import EmbedderBusyError, EmbedderError, EmbedderMissingError, PartlyReadError
from headworks.embedding.frames import CHARS_PER_TOKEN, Made, Order
from headworks.embedding.local import BATCH_TEXTS, MOST_WAITING, LocalEmbedder
from headworks.testing import FakeClock

DIMS = 8


class ScriptedChild:
    """Answers with the length of each text; waits before each batch until it may go on."""

    def __init__(self) -> None:
        self.dims = DIMS
        self.alive = True
        self.ended = False
        self.batches: list[list[str]] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.fails = False

    async def ask(self, texts: list[str], timeout_s: float) -> Made:
        self.batches.append(texts)
        await self.may_go_on.wait()
        if self.fails:
            raise EmbedderError("The embedding process ended.")
        rows = np.zeros((len(texts), DIMS), np.float32)
        rows[:, 0] = [len(text) for text in texts]
        return Made(rows.tobytes(), bytes("?" not in text for text in texts))

    async def end(self) -> None:
        self.alive = False
        self.ended = True


class House:
    def __init__(self, timeout_s: float = 5.0) -> None:
        self.clock = FakeClock()
        self.children: list[ScriptedChild] = []
        self.refuse_starts = False
        self.prepare: Callable[[ScriptedChild], None] = lambda child: None
        settings = EmbeddingSettings(timeout_s=timeout_s, model_dims=DIMS)
        self.embedder = LocalEmbedder(settings, self.clock, start=self.start)

    async def start(self, order: Order) -> ScriptedChild:
        if self.refuse_starts:
            raise EmbedderError("The embedding process ended while it started.")
        child = ScriptedChild()
        self.prepare(child)
        self.children.append(child)
        return child


@pytest.fixture
async def house() -> House:
    found = House()
    await found.embedder.start()
    return found


async def test_what_waits_while_a_batch_is_under_way_becomes_the_next_one(house: House) -> None:
    house.prepare = lambda child: child.may_go_on.clear()
    calls = [asyncio.create_task(house.embedder.embed(["x" * (number + 1)])) for number in range(100)]
    for _ in range(5):
        await asyncio.sleep(0)
    child = house.children[0]
    calls[50].cancel()
    child.may_go_on.set()
    rows = await asyncio.gather(*calls, return_exceptions=True)
    assert [len(batch) for batch in child.batches] == [32, 32, 32, 3]
    assert "x" * 51 not in [text for batch in child.batches for text in batch]
    lengths = [row[0, 0] for row in rows if isinstance(row, np.ndarray)]
    assert lengths == [number + 1 for number in range(100) if number != 50]


async def test_a_batch_is_small_when_texts_are_long(house: House) -> None:
    await asyncio.gather(*(house.embedder.embed(["x" * 4000]) for _ in range(5)))
    assert [len(batch) for batch in house.children[0].batches] == [2, 2, 1]


async def test_many_texts_of_one_call_come_back_in_order(house: House) -> None:
    rows = await house.embedder.embed(["x" * (number % 90) for number in range(200)])
    assert [int(length) for length in rows[:, 0]] == [number % 90 for number in range(200)]
    assert (await house.embedder.embed([])).shape == (0, DIMS)


async def test_too_many_waiting_texts_are_refused_at_once(house: House) -> None:
    house.prepare = lambda child: child.may_go_on.clear()
    calls = [asyncio.create_task(house.embedder.embed(["x"])) for _ in range(MOST_WAITING + 100)]
    for _ in range(5):
        await asyncio.sleep(0)
    refused = [call for call in calls if call.done()]
    assert len(refused) == 100
    assert all(isinstance(call.exception(), EmbedderBusyError) for call in refused)
    for call in calls[BATCH_TEXTS:MOST_WAITING]:
        call.cancel()
    await asyncio.sleep(0)
    late = asyncio.create_task(house.embedder.embed(["late"]))  # those who have left make room
    await asyncio.sleep(0)
    house.children[0].may_go_on.set()
    assert (await late)[0, 0] == 4
    await asyncio.gather(*calls, return_exceptions=True)


async def test_a_call_does_not_wait_longer_than_it_may() -> None:
    house = House(timeout_s=0.01)
    await house.embedder.start()
    house.prepare = lambda child: child.may_go_on.clear()
    with pytest.raises(EmbedderError, match=r"within 0\.01 s"):
        await house.embedder.embed(["x"])
    await house.embedder.stop()
    assert house.children[0].ended


async def test_a_text_that_is_not_read_whole_spoils_no_other(house: House) -> None:
    ends = await asyncio.gather(house.embedder.embed(["a?"]), house.embedder.embed(["b"]), return_exceptions=True)
    assert isinstance(ends[0], PartlyReadError)
    assert isinstance(ends[1], np.ndarray)
    with pytest.raises(PartlyReadError):
        await house.embedder.embed(["x" * 10_000])
    assert len(house.children[0].batches) == 1


async def test_a_child_that_keeps_dying_is_started_ever_more_rarely(house: House) -> None:
    def deadly(child: ScriptedChild) -> None:
        child.fails = True

    house.prepare = deadly
    pauses: list[int] = []
    for _ in range(9):
        with pytest.raises(EmbedderError, match="ended"):
            await house.embedder.embed(["x"])
        seconds = 0
        started = len(house.children)
        while True:
            try:
                await house.embedder.embed(["x"])
            except EmbedderError as error:
                if "started again" not in str(error):
                    break
            seconds += 1
            house.clock.advance(1)
        assert len(house.children) == started + 1
        pauses.append(seconds)
        house.clock.advance(61)
    assert all(child.ended for child in house.children)
    assert max(pauses) == 60
    assert pauses[:3] == [1, 4, 16]


async def test_a_start_that_fails_is_tried_again_later(house: House) -> None:
    house.refuse_starts = True
    with pytest.raises(EmbedderError, match="while it started"):
        await house.embedder.embed(["x"])
    house.refuse_starts = False
    with pytest.raises(EmbedderError, match="started again in 1 s"):
        await house.embedder.embed(["x"])
    house.clock.advance(1)
    assert (await house.embedder.embed(["x"])).shape == (1, DIMS)


async def test_vectors_of_another_length_are_never_taken(house: House) -> None:
    house.prepare = lambda child: setattr(child, "dims", DIMS + 1)
    with pytest.raises(EmbedderError, match="`model_dims`"):
        await house.embedder.embed(["x"])
    assert house.children[0].ended


async def test_stopping_tells_those_who_wait(house: House) -> None:
    house.prepare = lambda child: child.may_go_on.clear()
    calls = [asyncio.create_task(house.embedder.embed(["x"])) for _ in range(40)]
    for _ in range(5):
        await asyncio.sleep(0)
    await house.embedder.stop()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(end, EmbedderError) and "stopped" in str(end) for end in ends)
    assert house.children[0].ended


async def test_a_missing_model_says_how_to_get_it(tmp_path: object) -> None:
    embedder = LocalEmbedder(EmbeddingSettings(model_path=str(tmp_path)), FakeClock())
    with pytest.raises(EmbedderMissingError, match=r"pip install 'headworks\[embed\]'"):
        await embedder.start()
    with pytest.raises(EmbedderError, match="not started"):
        await embedder.embed(["x"])


async def test_where_the_beginning_is_enough_a_long_text_has_a_vector_too() -> None:
    house = House()
    settings = EmbeddingSettings(timeout_s=5.0, model_dims=DIMS)
    embedder = LocalEmbedder(settings, house.clock, start=house.start, whole=False)
    await embedder.start()
    rows = await embedder.embed(["x" * 100_000, "what?"])
    most_chars = settings.max_tokens * CHARS_PER_TOKEN
    assert [int(length) for length in rows[:, 0]] == [most_chars, 5]
    await embedder.stop()
