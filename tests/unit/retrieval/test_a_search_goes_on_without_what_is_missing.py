"""Hooks, deadlines, a model that is away, and questions of any kind."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from tests.unit.retrieval.conftest import HereReading, House, WordEmbedder

from headworks.core.errors import ProviderError, StoreError
from headworks.retrieval.indexer import Indexer
from headworks.retrieval.ingest.options import Options
from headworks.retrieval.passages import Passage
from headworks.retrieval.retriever import Hooks, Retriever


@pytest.fixture
async def filled(house: House) -> House:
    house.write("a.txt", "apples are red")
    house.write("b.txt", "bananas are yellow")
    await house.add()
    house.clock.advance(2)
    return house


async def test_without_vectors_words_are_searched(filled: House) -> None:
    filled.embedder.fails = True
    found = await filled.find("yellow bananas")
    assert [(one.text, one.dense_rank) for one in found] == [("bananas are yellow", None)]


async def test_vectors_of_another_model_are_not_compared(filled: House) -> None:
    retriever = Retriever(filled.index, WordEmbedder("words-2"), filled.clock)
    assert [one.dense_rank for one in await retriever.search("bananas", top_k=3)] == [None]


@pytest.mark.parametrize(
    "query", ["", "   ", '"', "NOT OR AND", "a*", "text:apples", "(", "\ud800", "-", "日本", "the"]
)
async def test_no_question_is_an_error(filled: House, query: str) -> None:
    await filled.find(query)


async def test_a_question_of_words_that_only_ask_is_searched_by_them(filled: House) -> None:
    assert await filled.names("are", mode="lexical") != []


async def test_a_search_that_is_late_says_so(filled: House) -> None:
    never = asyncio.Event()

    async def rewrite(query: str) -> str:
        await never.wait()
        return query

    with pytest.raises(StoreError, match="not searched in time") as caught:
        await filled.retriever(Hooks(rewrite=rewrite)).search(
            "apples", top_k=1, deadline_s=filled.clock.monotonic() + 0.01
        )
    assert caught.value.code == "retrieval_timeout"


async def test_hooks_rewrite_the_question_and_order_what_was_found(filled: House) -> None:
    async def rewrite(query: str) -> str:
        return "are"

    async def rerank(query: str, passages: Sequence[Passage]) -> list[float]:
        return [1.0 if "yellow" in passage.text else 0.5 for passage in passages]

    found = await filled.retriever(Hooks(rewrite, rerank)).search("it?", top_k=1)
    assert [(one.text, one.score) for one in found] == [("bananas are yellow", 1.0)]


async def test_hooks_that_fail_are_passed_over(filled: House) -> None:
    async def rewrite(query: str) -> str:
        raise ProviderError("away")

    async def rerank(query: str, passages: Sequence[Passage]) -> list[float]:
        raise ProviderError("away")

    async def short(query: str, passages: Sequence[Passage]) -> list[float]:
        return []

    for hook in (rerank, short):
        found = await filled.retriever(Hooks(rewrite, hook)).search("red apples", top_k=1)
        assert [one.text for one in found] == ["apples are red"]


async def test_files_are_never_touched_on_the_event_loop(filled: House) -> None:
    here = threading.get_ident()
    seen: set[int] = set()

    class Watched(Retriever):
        def _find(self, *arguments: object) -> list[Passage]:
            seen.add(threading.get_ident())
            return super()._find(*arguments)  # type: ignore[arg-type]

    await Watched(filled.index, filled.embedder, filled.clock).search("apples", top_k=1)
    assert seen
    assert here not in seen


async def test_an_index_of_words_alone_needs_no_model(house: House) -> None:
    house.write("a.txt", "apples are red")
    indexer = Indexer(house.shelf, None, house.settings, house.clock, HereReading)
    assert (await indexer.add("book", [str(house.docs)], Options())).embedded == 0
    assert [one.dense_rank for one in await house.find("apples")] == [None]
    assert indexer.overview()[0]["model"] is None


async def test_an_index_that_is_no_database_is_an_error_of_ours(house: House) -> None:
    house.shelf.first("book").write_bytes(b"no database at all, and long enough to be read as one" * 100)
    with pytest.raises(StoreError):
        await house.find("apples")
