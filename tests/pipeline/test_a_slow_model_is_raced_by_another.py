"""Hedging: a second model is started beside one that is slow to begin; the first to speak answers."""

import asyncio
import time

import pytest

from headworks.testing import Recipe

CLIENTS = ["openai", "anthropic"]
SLOW = Recipe(silence_s=30, for_model="first-1")


@pytest.fixture(autouse=True)
def _hedging(house):
    """Nothing is known of the models yet: the second starts after half of the first-byte time."""
    house.add(
        models="pair: {provider: oai, model: first-1, price_usd_per_mtok: {input: 1, output: 2}, fallbacks: [second]}",
        features="""
            hedged: {model: first, hedge: true, latency: {first_byte_s: 0.4}}
            short: {model: first, hedge: true, latency: {first_byte_s: 0.4}, too_long: [trim]}
            stalled: {model: first, hedge: true, latency: {first_byte_s: 0.4, idle_s: 0.2}}
            few: {model: first, hedge: true, latency: {first_byte_s: 0.4}, retry: {calls: 1}}
        """,
    )
    house.forget()


def attempts(record):
    return [(attempt["model"], attempt["status"]) for attempt in record["attempts"]]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
def test_the_second_answers_and_the_first_is_cut_off_and_paid_for(house, client, stream):
    house.fake.recipes(SLOW)
    answer = house.chat(client, "pair", stream=stream, feature="hedged", max_tokens=5)
    assert answer.text.startswith("Echo:")
    assert answer.headers["x-headworks-model"] == "second"
    house.run(house.fake.until(lambda: house.fake.calls[0].cancelled, within_s=1))
    record = house.record(answer)
    assert sorted(attempts(record)) == [("first-1", "superseded"), ("second-1", "ok")]
    lost = next(attempt for attempt in record["attempts"] if attempt["status"] == "superseded")
    assert lost["tokens"] > 0 < lost["cost_nano"]
    assert record["cost_nano"] == sum(attempt["cost_nano"] for attempt in record["attempts"])
    assert record["provider"] == "ant"
    assert house.at_rest()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_model_that_begins_in_time_is_alone(house, client):
    answer = house.chat(client, "pair", stream=True, feature="hedged")
    assert attempts(house.record(answer)) == [("first-1", "ok")]
    house.fake.expect(1)


def test_the_first_may_still_win(house):
    house.fake.recipes(
        Recipe(silence_s=0.3, for_model="first-1", text="Mine."), Recipe(silence_s=30, for_model="second-1")
    )
    answer = house.chat("openai", "pair", stream=True, feature="hedged")
    assert answer.text == "Mine."
    assert sorted(attempts(house.record(answer))) == [("first-1", "ok"), ("second-1", "superseded")]
    assert house.at_rest()


RACES = {
    "first-1": (Recipe(silence_s=0.25, status=500, for_model="first-1"), Recipe(silence_s=0.15)),
    "second-1": (Recipe(status=500, for_model="second-1"), Recipe(silence_s=0.3)),
}


@pytest.mark.parametrize("failing", RACES)
def test_one_that_fails_leaves_the_answer_to_the_other(house, failing):
    house.fake.recipes(*RACES[failing])
    answer = house.chat("openai", "pair", stream=True, feature="hedged")
    assert answer.text.startswith("Echo:")
    other = next(model for model in RACES if model != failing)
    assert sorted(attempts(house.record(answer))) == sorted([(failing, "failed"), (other, "ok")])
    assert house.at_rest()


def test_when_both_fail_they_are_tried_again_one_at_a_time(house):
    house.fake.script([Recipe(silence_s=0.3, status=500), Recipe(status=503)])
    answer = house.chat("openai", "pair", stream=True, feature="hedged")
    assert answer.text.startswith("Echo:")
    assert attempts(house.record(answer)) == [("second-1", "failed"), ("first-1", "failed"), ("first-1", "ok")]
    assert house.at_rest()


def test_a_first_that_fails_at_once_is_tried_again_and_not_raced(house):
    house.fake.script([Recipe(status=500)])
    answer = house.chat("openai", "pair", feature="hedged")
    assert attempts(house.record(answer)) == [("first-1", "failed"), ("first-1", "ok")]


def test_no_second_is_started_beyond_the_calls_that_the_feature_allows(house):
    house.fake.recipes(Recipe(silence_s=0.3))
    answer = house.chat("openai", "pair", stream=True, feature="few")
    assert attempts(house.record(answer)) == [("first-1", "ok")]


def test_a_full_providers_429_beside_a_winner_counts(house):
    house.fake.recipes(Recipe(silence_s=0.3, for_model="first-1"), Recipe(status=429, retry_after="30"))
    answer = house.chat("openai", "pair", stream=True, feature="hedged")
    assert sorted(attempts(house.record(answer))) == [("first-1", "ok"), ("second-1", "failed")]
    states = house.gateway._standings.health.states()
    assert [(state.model, state.state) for state in states] == [("second-1", "limited")]


@pytest.mark.parametrize("when", ["alone", "raced", "one failed"])
def test_a_client_that_leaves_ends_both(house, when):
    second = Recipe(status=500, for_model="second-1") if when == "one failed" else Recipe(silence_s=30)
    house.fake.recipes(SLOW, second)
    body = {"model": "pair", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    wanted = 1 if when == "alone" else 2

    async def leave():
        visit = house.visit(body, x_headworks_feature="hedged")
        await house.fake.until(lambda: len(house.fake.calls) == wanted)
        if when == "one failed":
            await house.fake.until(lambda: house.fake.calls[1].ended)
            await asyncio.sleep(0.01)
        await visit.leave()
        await house.fake.until(lambda: all(call.ended for call in house.fake.calls), within_s=1)

    house.run(leave())
    record = house.last_record()
    assert (record["status"], len(record["attempts"])) == ("client_gone", wanted)
    assert ("first-1", "client_gone") in attempts(record)
    assert house.at_rest()


def test_a_winner_that_stalls_is_gone_on_with_like_any_other(house):
    said = "One two three four five six seven eight nine ten."
    house.fake.recipes(
        Recipe(silence_s=30, for_model="first-1", times=1),
        Recipe(text=said, stall_after_tokens=4, for_model="second-1", times=1),
        Recipe(text=said),
    )
    begun_s = time.monotonic()
    answer = house.chat("openai", "pair", stream=True, feature="stalled")
    assert time.monotonic() - begun_s < 5
    assert answer.text == said
    record = house.record(answer)
    assert ("second-1", "failed") in attempts(record)
    assert record["attempts"][-1]["status"] == "ok"
    assert house.at_rest()


def test_a_prompt_too_long_for_both_is_mended(house):
    house.fake.recipes(
        Recipe(silence_s=0.25, error_code="context_length_exceeded", for_model="first-1", times=1),
        Recipe(error_code="context_length_exceeded", for_model="second-1", times=1),
    )
    said = [{"role": ("user", "assistant")[n % 2], "content": f"turn {n} " + "word " * 20} for n in range(7)]
    answer = house.chat("openai", "pair", stream=True, feature="short", messages=said)
    assert answer.text.startswith("Echo:")
    assert answer.headers["x-headworks-adapted"].startswith("trimmed")
