"""A 429 leads to the provider's next key, then to the model that is free, then to a wait; a dead key to the others."""

import asyncio
import time
from itertools import pairwise

import pytest

from headworks.providers.health import Lane
from headworks.testing import Recipe

CLIENTS = ["openai", "anthropic"]
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
PRICE = "{input: 1, output: 2}"


@pytest.fixture(autouse=True)
def _keys(house):
    house.add(
        providers="""
            two: {dialect: openai, base_url: "FAKE/v1", api_keys: [key-aaaa-0001, key-bbbb-0002]}
            narrow: {dialect: openai, base_url: "FAKE/v1", api_key: key-cccc-0003, max_concurrency: 1}
        """,
        models=f"""
            keyed: {{provider: two, model: keyed-1, price_usd_per_mtok: {PRICE}, fallbacks: [third]}}
            sister: {{provider: two, model: keyed-2, price_usd_per_mtok: {PRICE}}}
            alone: {{provider: narrow, model: narrow-1}}
        """,
    )
    house.forget()


def keys(house):
    return [call.headers["authorization"].removeprefix("Bearer ") for call in house.fake.calls]


def models(house, answer):
    return [attempt["model"] for attempt in house.record(answer)["attempts"]]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "full",
    [
        Recipe(status=429),
        Recipe(status=429, retry_after="7"),
        Recipe(status=429, retry_after="3600"),
        Recipe(status=503, retry_after="7"),
    ],
)
def test_a_free_fallback_is_asked_at_once(house, client, stream, full):
    house.fake.script([full])
    begun = time.monotonic()
    answer = house.chat(client, "first", stream=stream, feature="kept")
    assert time.monotonic() - begun < 0.5
    assert answer.text.startswith("Echo:")
    assert models(house, answer) == ["first-1", "second-1"]


@pytest.mark.parametrize("client", CLIENTS)
def test_the_model_that_is_full_is_left_alone_by_the_next_call(house, client):
    house.fake.script([Recipe(status=429, retry_after="7")])
    house.chat(client, "first", feature="kept")
    assert models(house, house.chat(client, "first", feature="kept")) == ["second-1"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [429, 503])
def test_without_a_fallback_the_wait_is_as_long_as_the_provider_says(house, client, stream, status):
    house.fake.script([Recipe(status=status, headers={"retry-after-ms": "120"})])
    begun = time.monotonic()
    answer = house.chat(client, "openai", stream=stream, feature="kept")
    assert answer.status == 200
    assert 0.12 <= time.monotonic() - begun < 1
    assert len(models(house, answer)) == 2


def test_a_wait_beyond_the_deadline_is_told_with_the_time_to_come_back(house):
    house.fake.script([Recipe(status=429, retry_after="7")])
    body = {"model": "openai", "messages": [{"role": "user", "content": "Hi"}]}
    answer = house.ask(body, x_headworks_feature="kept", x_headworks_deadline_ms="2000")
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("failure", [Recipe(status=429), Recipe(status=401), Recipe(error_code="insufficient_quota")])
def test_the_providers_other_key_is_asked_first(house, client, failure):
    house.fake.script([failure])
    answer = house.chat(client, "keyed", feature="kept")
    assert answer.status == 200
    assert models(house, answer) == ["keyed-1", "keyed-1"]
    assert len(set(keys(house))) == 2


def test_a_dead_key_is_not_asked_again_with_any_model(house):
    house.fake.recipes(Recipe(status=401, for_key="key-aaaa-0001"))
    for model in ("keyed", "sister") * 4:
        assert house.chat("openai", model, feature="kept").status == 200
    assert keys(house).count("key-aaaa-0001") == 1
    assert keys(house).count("key-bbbb-0002") == 8


def test_a_key_that_is_not_allowed_one_model_serves_the_others(house):
    house.fake.recipes(Recipe(status=403, for_model="keyed-1"))
    answer = house.chat("openai", "keyed", feature="kept")
    assert models(house, answer) == ["keyed-1", "keyed-1", "third-1"]
    assert models(house, house.chat("openai", "sister", feature="kept")) == ["keyed-2"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
def test_without_a_living_key_the_next_model_serves(house, client, stream):
    house.fake.recipes(Recipe(status=401, for_model="keyed-1"))
    answer = house.chat(client, "keyed", stream=stream, feature="kept")
    assert answer.text.startswith("Echo:")
    assert models(house, answer) == ["keyed-1", "keyed-1", "third-1"]
    assert models(house, house.chat(client, "keyed", stream=stream, feature="kept")) == ["third-1"]


def test_without_a_living_key_and_a_fallback_the_client_is_not_to_blame(house):
    house.fake.recipes(Recipe(status=401))
    answer = house.chat("openai", "sister", feature="kept")
    assert (answer.status, answer.error["code"], answer.headers["x-should-retry"]) == (502, "provider_error", "false")
    again = house.chat("openai", "sister", feature="kept")
    assert (again.status, again.error["code"]) == (503, "overloaded")
    assert 0 < int(again.headers["retry-after"]) <= 60
    house.fake.expect(2)


def test_a_429_within_the_stream_goes_on_elsewhere(house):
    said = "One two three four five six seven eight nine ten."
    house.fake.script([Recipe(text=said, error_after_tokens=5, error_code="rate_limit_exceeded"), Recipe(text=said)])
    answer = house.chat("openai", "first", stream=True, feature="kept")
    assert answer.text == said
    assert models(house, answer) == ["first-1", "second-1"]


def test_a_provider_that_takes_one_call_at_once_is_sent_one_after_the_other(house):
    house.fake.recipes(Recipe(silence_s=0.02))

    async def all_at_once():
        body = {"model": "alone", "messages": [{"role": "user", "content": "Hi"}]}
        visits = [house.visit(body, x_headworks_feature="kept") for _ in range(3)]
        await asyncio.gather(*(visit.task for visit in visits))
        return [visit.sent[0]["status"] for visit in visits]

    assert house.run(all_at_once()) == [200, 200, 200]
    calls = sorted(house.fake.calls, key=lambda call: call.received_s)
    assert all(one.ended_s <= other.received_s for one, other in pairwise(calls))
    assert house.at_rest()


def test_a_line_that_is_too_long_is_told_at_once_with_the_time_to_come_back(house):
    house.fake.recipes(Recipe(silence_s=0.05))

    async def all_at_once():
        body = {"model": "alone", "messages": [{"role": "user", "content": "Hi"}]}
        visits = [house.visit(body, x_headworks_feature="kept") for _ in range(6)]
        await asyncio.gather(*(visit.task for visit in visits))
        return [visit.sent[0] for visit in visits]

    answers = house.run(all_at_once())
    refused = [dict(answer["headers"]) for answer in answers if answer["status"] == 503]
    assert len(refused) == 3  # one is inside, two may wait
    assert all(0 < int(headers[b"retry-after"]) <= 60 for headers in refused)
    assert house.at_rest()


def test_organisations_take_turns(house):
    """One that sends many calls does not keep another's single call waiting behind them all."""
    other = house.new_key("other")
    house.add(
        providers='wide: {dialect: openai, base_url: "FAKE/v1", api_key: key-dddd-0004, max_concurrency: 4}',
        models="shared: {provider: wide, model: wide-1}",
    )
    house.forget()
    house.fake.recipes(Recipe(silence_s=0.03))

    async def all_at_once():
        def visit(said, **headers):
            body = {"model": "shared", "messages": [{"role": "user", "content": said}]}
            return house.visit(body, x_headworks_feature="kept", **headers)

        visits = [visit("many") for _ in range(10)]
        await house.fake.until(lambda: len(house.fake.calls) == 4)
        visits.append(visit("single", authorization=f"Bearer {other}"))
        await asyncio.gather(*(visit.task for visit in visits))

    house.run(all_at_once())
    order = ["single" if b"single" in call.body else "many" for call in house.fake.calls]
    assert order.index("single") <= 6
    assert house.at_rest()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_in_line_is_told_within_its_deadline(house, client):
    house.fake.recipes(Recipe(silence_s=30))

    async def second_in_line():
        body = {"model": "alone", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
        first = house.visit(body, x_headworks_feature="kept")
        await house.fake.until(lambda: len(house.fake.calls) == 1)
        begun_s = time.monotonic()
        second = house.visit(body, path=PATHS[client], x_headworks_feature="kept", x_headworks_deadline_ms="200")
        await second.task
        took_s = time.monotonic() - begun_s
        await first.leave()
        return second.sent[0]["status"], took_s

    status, took_s = house.run(second_in_line())
    assert status in (503, 529, 504)
    assert took_s < 1.5
    house.fake.expect(1)
    assert house.at_rest()


def test_a_model_that_went_down_while_its_line_was_waited_in_is_not_asked(house):
    house.fake.recipes(Recipe(silence_s=0.1))
    health, lane = house.gateway._standings.health, Lane("narrow", "narrow-1", 0)

    async def second_in_line():
        body = {"model": "alone", "messages": [{"role": "user", "content": "Hi"}]}
        visits = [house.visit(body, x_headworks_feature="kept") for _ in range(2)]
        await house.fake.until(lambda: len(house.fake.calls) == 1)
        health.denied(health.admit(lane), whole_key=True)
        await asyncio.gather(*(visit.task for visit in visits))
        return [visit.sent[0]["status"] for visit in visits]

    assert house.run(second_in_line()) == [200, 503]
    house.fake.expect(1)
    assert house.at_rest()


def test_a_fallback_that_cannot_be_put_the_question_leaves_no_place_taken(house):
    house.fake.recipes(Recipe(status=500))
    answer = house.chat("openai", "first", feature="kept", logit_bias={"5": 1})
    assert answer.status == 502
    assert set(models(house, answer)) == {"first-1"}
    assert house.at_rest()
