"""Two nodes over a real server: a question asked on one is found on the other, with its answer, and purged on both."""

import numpy as np
import pytest
from tests.contract.cache.shared.conftest import until
from tests.contract.cache.test_an_invalidation_reaches_every_tier import CLOCK, SETTINGS, entry
from tests.contract.cache.valkey import Valkey

from headworks.cache.decision import Record
from headworks.cache.guards import read
from headworks.cache.index.config import IndexSettings
from headworks.cache.index.kept import SemanticIndex
from headworks.cache.local import LocalSettings, LocalStore
from headworks.cache.meaning.answers import Answers
from headworks.cache.meaning.known import Known, describe, encode
from headworks.cache.meaning.nodes import FEED, SharedIndex
from headworks.cache.shared.relay import Relay
from headworks.cache.shared.store import SharedStore
from headworks.cache.where import Where

PARTITION = b"p" * 32
VECTOR = np.eye(8, dtype=np.float32)[0]


class Model:
    """Stands for an embedder that is never asked."""

    def __init__(self, name: str = "model-1") -> None:
        self.name, self.dims = name, 8


class Node:
    """One node's answers and questions."""

    def __init__(self, folder, valkey: Valkey, model: str = "model-1") -> None:
        folder.mkdir()
        self.store = LocalStore(folder, LocalSettings(), CLOCK)
        self.shared = SharedStore(valkey.url, SETTINGS, CLOCK)
        own = SemanticIndex(folder, IndexSettings(), Model(model), CLOCK, describe)  # type: ignore[arg-type]
        self.index = SharedIndex(own, self.shared.feed(FEED), lambda: model, 8)
        self.answers = Answers(self.store, self.shared, self.index)
        self.relay = Relay(self.shared, self, folder, worker="0")

    async def purge(self, where: Where) -> None:
        await self.store.purge(where)
        await self.index.purge(where)

    async def start(self) -> "Node":
        await self.store.start()
        await self.relay.start()
        await self.index.start()
        return self

    async def stop(self) -> None:
        await self.index.stop()
        await self.relay.stop()
        await self.store.stop()

    def answer(self, number: int, text: str, **facets: str):
        """This node has asked the model, and keeps what it said."""
        made = entry(number, **facets)
        self.store.put(made, self.store.mark())
        self.shared.put(made)
        known = Known(text, read(text), made.facets, made.created_s, Record(made.key[:8]))
        self.index.add(PARTITION, made.key, VECTOR, made.expires_s, encode(known))
        return made

    def found(self) -> list[bytes]:
        return [key for key, _, _ in self.index.search(PARTITION, VECTOR, 5)]


@pytest.fixture
async def pair(tmp_path, valkey):
    made = [await Node(tmp_path / name, valkey).start() for name in ("one", "two")]
    yield made
    for node in made:
        await node.stop()


async def test_a_question_of_one_node_is_found_by_the_other_with_its_answer(pair):
    one, two = pair
    made = one.answer(1, "What is the capital of France?")
    await until(lambda: two.found() == [made.key])
    await one.shared.writer.drained()
    assert await two.answers.get(made.key) == made
    assert two.store.get(made.key) == made


async def test_what_is_purged_for_all_is_gone_from_the_other_s_questions(pair):
    one, two = pair
    ann, bob = one.answer(1, "By Ann.", user="ann"), one.answer(2, "By Bob.", user="bob")
    await until(lambda: sorted(two.found()) == [ann.key, bob.key])
    await two.shared.purge(Where(user="ann", org="acme"))
    await until(lambda: one.found() == two.found() == [bob.key])


async def test_a_question_whose_answer_is_gone_leaves_the_index(pair):
    one, two = pair
    made = one.answer(1, "What is the capital of France?")
    await until(lambda: two.found() == [made.key])
    await one.shared.writer.drained()
    await one.shared.remove(made.key)
    assert await two.answers.get(made.key) is None
    assert two.found() == []


async def test_vectors_of_another_model_are_passed_by(pair, tmp_path, valkey):
    other = await Node(tmp_path / "other", valkey, "model-2").start()
    made = pair[0].answer(1, "What is the capital of France?")
    await until(lambda: pair[1].found() == [made.key])
    assert other.found() == []
    await other.stop()
