"""The semantic cache in little: learned from the model's answers, served, measured, stopped; vectors made by hand."""

import asyncio
import random

import numpy as np
import pytest

from headworks.cache.decision import Decision
from headworks.cache.entries import Entry, Facets
from headworks.cache.key import Key
from headworks.cache.meaning.answers import Answers
from headworks.cache.meaning.comparing import Comparer
from headworks.cache.meaning.features import Features
from headworks.cache.meaning.finder import ByMeaning
from headworks.cache.meaning.teacher import Teacher
from headworks.cache.protocols import Question
from headworks.core.caching import Caching
from headworks.core.errors import ProviderError
from headworks.core.messages import Ask, Caller, Prompt, Route, Target
from headworks.core.replies import Chunk, Finished, TextDelta
from headworks.embedding.embedder import EmbedderError

CALLER = Caller(key_id="k", key_name="k", org_id="acme")
TARGET = Target(name="m", provider="p", provider_model="pm", dialect="openai")
TOPICS = ["alpaca", "bridge", "candle", "dragon", "engine", "falcon", "garden", "hammer", "island", "jungle"]
WAYS = ("Tell me about the {}", "Please explain the {}", "What do you know of the {}", "Describe the {}")


class HandMade:
    """Satisfies `Embedder`: a topic is a direction, its phrasings lie close to it."""

    def __init__(self) -> None:
        self.away = False
        self._rng = np.random.default_rng(1)
        self._topics: dict[str, np.ndarray] = {}

    async def embed(self, texts):
        if self.away:
            raise EmbedderError("It is away.")
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text):
        topic = text.split()[-1].strip(".?")
        if topic not in self._topics:
            self._topics[topic] = self._rng.standard_normal(64)
        noise = np.random.default_rng(int.from_bytes(text.encode()[-8:], "big") % 2**32).standard_normal(64) * 0.2
        vector = (self._topics[topic] + noise).astype(np.float32)
        return vector / np.linalg.norm(vector)


class Shelf:
    """Satisfies `Index`, by looking at everything."""

    def __init__(self) -> None:
        self.rows: dict[bytes, tuple] = {}

    def add(self, partition, key, vector, expires_s, payload):
        self.rows[key] = (partition, vector, payload)

    def search(self, partition, vector, k):
        near = [(key, float(row[1] @ vector), row[2]) for key, row in self.rows.items() if row[0] == partition]
        return sorted(near, key=lambda one: -one[1])[:k]

    def remove(self, key):
        self.rows.pop(key, None)

    def note(self, key, payload):
        if key in self.rows:
            self.rows[key] = (*self.rows[key][:2], payload)


class Entries(dict):
    """Satisfies `Store`."""

    def put(self, entry, seen=None):
        self[entry.key] = entry

    def mark(self):
        return 0


class World:
    """A feature with a semantic cache, and a model that answers by topic."""

    def __init__(self, tmp_path, *, max_error=0.05, shadow=0.1) -> None:
        self.embedder, self.index, self.store = HandMade(), Shelf(), Entries()
        self.truth = dict.fromkeys(TOPICS, "first")
        self.features = Features(tmp_path / "learned", "model")
        answers = Answers(self.store, None, self.index)
        self.teacher = Teacher(Comparer(self.embedder, _no_judge), self.index, answers, self._ask_model)
        self.finder = ByMeaning(self.embedder, self.index, answers, self.features, self.teacher, random.Random(7))
        self.caching = Caching(exact=True, max_error=max_error, shadow=shadow)
        self.wrong = self.hits = self.calls = self.shadows = 0
        self.broken = False
        self._number = 0

    def answer(self, text):
        topic = text.split()[-1].strip(".?")
        return f"The {topic} is a {self.truth[topic]} thing of the {topic} kind."

    async def _ask_model(self, ask, caller):
        self.shadows += 1
        if self.broken:
            raise ProviderError("No.")
        return [Chunk([TextDelta(self.answer(ask.model)), Finished("stop")])]

    async def call(self, text, *, partition=b"p" * 32, feature="bot"):
        self._number += 1
        self.calls += 1
        key = Key(exact=self._number.to_bytes(32, "big"), partition=partition, question=text, limited=False)
        # The double of the model finds the question where the model's name would stand.
        ask = Ask(
            trace_id=f"t{self._number}", dialect="openai", kind="chat", model=text, fields={}, read_prompt=_nothing
        )
        route = Route(feature=feature, query_type="q", targets=(TARGET,), caching=self.caching)
        search = await self.finder.find(
            Question(ask=ask, caller=CALLER, route=route, key=key, facets=Facets(org="acme"))
        )
        if search.match is not None:
            self.hits += 1
            said = search.match.entry.events[0].text
            self.wrong += said != self.answer(text)
        else:
            entry = Entry(
                key=key.exact,
                facets=Facets(org="acme"),
                created_s=0.0,
                expires_s=1e12,
                model="m",
                provider="p",
                provider_model="pm",
                events=[TextDelta(self.answer(text)), Finished("stop")],
            )
            self.store.put(entry)
            search.answered(entry)
        await self.teacher.idle()
        return search

    async def talk(self, count, seed=3, topics=TOPICS):
        rng = random.Random(seed)
        for _ in range(count):
            await self.call(rng.choice(WAYS).format(rng.choice(topics)) + rng.choice(("", "?", ".")))


async def _no_judge(model, turns, max_tokens, org_id):
    raise AssertionError("no judge is named")


def _nothing() -> Prompt:
    return Prompt(messages=())


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def run(work):
    return asyncio.run(work)


def feature(world):
    (one,) = world.features.all()
    return one


def test_what_means_the_same_is_served_once_that_is_learned(world):
    run(world.talk(600))
    assert world.hits > 300
    assert world.wrong == 0
    assert feature(world).looked_up == 600


def test_nothing_is_served_before_anything_was_learned(world):
    run(world.talk(60))
    assert world.hits == 0
    assert feature(world).explored > 20


def test_a_share_of_what_is_served_is_asked_in_the_shadow(world):
    run(world.talk(800))
    measured = feature(world).measured()
    assert measured.checked == world.shadows > 20
    assert measured.wrong == 0
    assert measured.error[2] < 0.2


def test_another_partition_has_other_answers(world):
    async def talk():
        await world.talk(600)
        before = world.hits
        await world.call("Tell me about the alpaca", partition=b"q" * 32)
        return before

    assert run(talk()) == world.hits


def test_when_answers_change_serving_stops_and_what_is_served_then_is_right_again(world):
    async def talk():
        await world.talk(800)
        world.truth = dict.fromkeys(TOPICS, "second")
        world.store.clear()  # as time would: entries expire
        before = world.wrong
        await world.talk(600, seed=4)
        return world.wrong - before

    assert run(talk()) == 0


def test_a_cache_that_turns_wrong_is_noticed(world):
    async def talk():
        await world.talk(800)
        world.truth = dict.fromkeys(TOPICS, "second")  # what is kept is wrong from now on
        await world.talk(1500, seed=4)

    run(talk())
    assert 0 < world.wrong < 0.05 * world.calls


def test_guards_keep_apart_what_vectors_cannot(world):
    async def talk():
        await world.talk(600)
        return await world.call("Do not tell me about the alpaca")

    assert run(talk()).match is None
    assert feature(world).guarded


def test_an_entry_that_is_gone_is_not_served_and_leaves_the_index(world):
    async def talk():
        await world.talk(600)
        world.store.clear()
        return await world.call("Tell me about the alpaca")

    assert run(talk()).match is None


def test_an_embedder_that_is_away_costs_hits_and_nothing_else(world):
    async def talk():
        await world.talk(600)
        world.embedder.away = True
        search = await world.call("Tell me about the alpaca")
        world.embedder.away = False
        return search, await world.call("Tell me about the alpaca")

    blind, seeing = run(talk())
    assert (blind.match, seeing.match is None) == (None, False)
    assert feature(world).blinded == 1


def test_a_shadow_that_fails_teaches_nothing(world):
    async def talk():
        await world.talk(400)
        world.broken = True
        await world.talk(200, seed=5)

    run(talk())
    assert feature(world).measured().checked < world.shadows


def test_users_who_say_no_are_heard(world):
    async def talk():
        await world.talk(600)
        rng, told = random.Random(9), 0
        while told < 200 and feature(world).meter.serving:
            search = await world.call(rng.choice(WAYS).format(rng.choice(TOPICS)))
            if search.match is not None:
                world.finder.feedback(f"t{world._number}", wrong=True)
                told += 1
        return told

    assert 0 < run(talk()) < 200
    assert not feature(world).meter.serving


def test_feedback_on_what_was_not_served_by_meaning_says_nothing(world):
    world.finder.feedback("unknown", wrong=True)
    assert world.features.all() == []


def test_what_was_learned_outlives_a_restart(world, tmp_path):
    run(world.talk(300))
    world.features.save()
    again = Features(tmp_path / "learned", "model")
    again.load()
    assert again.of("bot", 0.05).decision == feature(world).decision
    other = Features(tmp_path / "learned", "another model")
    other.load()
    assert other.of("bot", 0.05).decision == Decision()


@pytest.mark.parametrize("junk", [b"", b"\x00" * 50, b"\xff" * 50])
def test_a_broken_file_counts_as_none(world, tmp_path, junk):
    run(world.talk(50))
    world.features.save()
    (path,) = tmp_path.glob("learned*")
    path.write_bytes(junk)
    again = Features(tmp_path / "learned", "model")
    again.load()
    assert again.all() == []


def test_another_promise_is_measured_anew_and_keeps_what_was_learned(world):
    run(world.talk(300))
    decision = feature(world).decision
    changed = world.features.of("bot", 0.01)
    assert changed.decision is decision
    assert changed.meter.max_error == 0.01


@pytest.mark.parametrize("text", ["", "   ", "x" * 5000])
def test_what_an_embedding_says_nothing_of_is_not_looked_up(world, text):
    search = run(world.finder.find(_question(world, text)))
    assert search.match is None
    assert world.features.all() == []


def _question(world, text):
    key = Key(exact=b"e" * 32, partition=b"p" * 32, question=text, limited=False)
    ask = Ask(trace_id="t", dialect="openai", kind="chat", model="m", fields={}, read_prompt=_nothing)
    route = Route(feature="bot", query_type="q", targets=(TARGET,), caching=world.caching)
    return Question(ask=ask, caller=CALLER, route=route, key=key, facets=Facets())
