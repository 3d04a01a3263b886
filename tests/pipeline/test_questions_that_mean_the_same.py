"""The semantic cache through the front door, with the real embedding model: learned, served, checked, invalidated."""

import asyncio
import itertools
import json
import random

import pytest

from headworks.cache.where import Where

FEATURES = """
meaning: {model: topical, cache: {exact: on, semantic: {max_error: 0.05, shadow: 1}}}
elsewhere: {model: topical, cache: {exact: on, semantic: {max_error: 0.05}}}
exact: {model: topical, cache: {exact: on}}
"""
THINGS = [
    "password",
    "router",
    "printer",
    "alarm",
    "oven",
    "thermostat",
    "bicycle lock",
    "phone",
    "camera",
    "dishwasher",
]
WAYS = ["How do I reset my {}?", "How can I reset my {}?", "How to reset my {}?", "How would I reset my {}?"]


class Topical:
    """A provider that answers by what the question is about, however it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                question = json.loads(await reader.readexactly(length))["messages"][-1]["content"]
                self.asked.append(question)
                body = json.dumps(_answer(question)).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
                )
                writer.write(body)
        except asyncio.IncompleteReadError:
            writer.close()


def _answer(question: str) -> dict:
    thing = next((thing for thing in THINGS if thing in question), "thing")
    turned = "Leave" if "not" in question.split() or "n't" in question else "Press"
    words = f"{turned} the button of the {thing} for ten seconds."
    return {
        "id": "a",
        "object": "chat.completion",
        "created": 1,
        "model": "t-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": words}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
    }


@pytest.fixture(scope="module")
def topical(house):
    provider = Topical()
    house.run(provider.start())
    house.add(
        features=FEATURES,
        providers=f'top: {{dialect: openai, base_url: "{provider.url}/v1", api_key: none}}\n',
        models="topical: {provider: top, model: t-1, price_usd_per_mtok: {input: 1, output: 1}}\n",
    )
    assert house.run(house.gateway._outfit.meaning_ready())
    yield provider
    house.configure(lambda text: text)
    house.run(provider.stop())


def ask(house, words, *, feature="meaning", system=None, **headers):
    turns = [{"role": "system", "content": system}] if system else []
    body = {"model": f"feature/{feature}", "messages": [*turns, {"role": "user", "content": words}]}
    return house.ask(body, **headers)


ENDINGS = itertools.count()


def talk(house, count, *, feature="meaning", seed=1):
    """So many calls, each worded anew; (question, answer) of all."""
    rng, said = random.Random(seed), []
    for _ in range(count):
        words = f"{rng.choice(WAYS).format(rng.choice(THINGS))[:-1]}{'!' * (next(ENDINGS) % 3 + 1)}"
        said.append((words, ask(house, words, feature=feature)))
    house.run(house.gateway._outfit.learned())
    return said


@pytest.fixture(scope="module")
def learned(house, topical):
    """All that was said until the cache knows its way."""
    return talk(house, 260)


def kinds(said):
    return [answer.headers["x-headworks-cache"] for _, answer in said]


def test_after_it_has_learned_it_serves_and_every_answer_is_right(house, topical, learned):
    said = talk(house, 60, seed=2)
    assert kinds(said).count("hit-semantic") > 0
    for question, answer in [*learned, *said]:
        assert answer.text == _answer(question)["choices"][0]["message"]["content"]


def semantic_hit(house):
    for seed in range(3, 20):
        for question, answer in talk(house, 20, seed=seed):
            if answer.headers["x-headworks-cache"] == "hit-semantic":
                return question, answer
    raise AssertionError("nothing was served by meaning")


def test_a_hit_says_how_near_it_was_and_how_sure(house, learned):
    _, answer = semantic_hit(house)
    assert 0.5 < float(answer.headers["x-headworks-cache-similarity"]) <= 1
    assert 0.5 < float(answer.headers["x-headworks-cache-bound"]) <= 1
    record = house.record(answer)
    assert (record["cache_hit"], record["cache_kind"], record["attempts"]) == (True, "hit-semantic", [])
    assert record["cache_similarity"] == pytest.approx(float(answer.headers["x-headworks-cache-similarity"]), abs=1e-3)
    assert record["saved_usd"] > 0


@pytest.mark.parametrize("place", ["system", "feature", "org"])
def test_no_answer_crosses_a_partition(house, topical, learned, place):
    before = len(topical.asked)
    words = "How do I reset my router??"
    if place == "system":
        answer = ask(house, words, system="Be rude.")
    elif place == "feature":
        answer = ask(house, words, feature="elsewhere")
    else:
        answer = ask(house, words, authorization=f"Bearer {house.new_key('rival')}")
    assert answer.headers["x-headworks-cache"] == "miss"
    assert len(topical.asked) == before + 1


@pytest.mark.parametrize(
    "words", ["How do I not reset my router?", "How do I reset my 2 routers?", "Wie setze ich meinen router zurück?"]
)
def test_what_means_something_else_is_asked(house, topical, learned, words):
    assert ask(house, words).headers["x-headworks-cache"] == "miss"


def test_a_share_of_hits_is_asked_in_the_shadow_and_on_record(house, learned):
    semantic_hit(house)
    house.run(house.gateway._outfit.learned())
    house.run(house.gateway.recorder.flush())
    (feature,) = [row for row in house.gateway._outfit.upkeep.stats().semantic if row.feature == "meaning"]
    shadows = [trace for trace in house.store.list(limit=500)[0] if trace["tags"].get("headworks") == "shadow"]
    assert feature.shadowed == len(shadows) > 0
    assert feature.wrong == 0
    assert all(trace["cost_usd"] > 0 and trace["cache_kind"] is None for trace in shadows)
    _, answer = semantic_hit(house)
    record = house.record(answer)
    assert 0 <= record["cache_error_low"] < record["cache_error_high"] <= 1
    page = house.ask(b"", path="/metrics", method="GET").body.decode()
    assert 'headworks_cache_semantic_error{end="high",feature="meaning"}' in page
    assert 'headworks_cache_semantic_stopped{feature="meaning"} 0.0' in page


def test_a_feature_without_it_asks_for_every_wording(house, topical, learned):
    assert "hit-semantic" not in kinds(talk(house, 12, feature="exact"))


def test_an_answer_that_a_user_calls_wrong_is_not_given_again(house, learned):
    question, answer = semantic_hit(house)
    house.ask({"trace_id": answer.trace_id, "feedback": "thumbs_down"}, path="/v1/feedback")
    again = ask(house, question)
    assert again.headers["x-headworks-cache"] in ("miss", "hit-semantic")
    assert house.gateway._outfit.room.kit.counts.disliked > 0


def test_what_is_invalidated_is_gone_from_the_index_too(house, learned):
    upkeep = house.gateway._outfit.upkeep
    assert house.run(upkeep.count(Where(feature="meaning")))["semantic"] > 10
    done = house.run(upkeep.run(Where(feature="meaning"), dry_run=False))
    assert done.counts["semantic"] > 10
    assert set(done.left.values()) == {0}
    assert ask(house, "How do I reset my router??").headers["x-headworks-cache"] == "miss"
