"""A provider that is silent is not asked again by the call; one that fails in a row, by nobody until it is back."""

import asyncio
import time

import pytest

from headworks.providers.health import Lane
from headworks.testing import Recipe

CLIENTS = ["openai", "anthropic"]


@pytest.fixture(autouse=True)
def _providers(house):
    house.add(
        providers="""
            quick:
              dialect: openai
              base_url: "FAKE/v1"
              api_key: key-quick-0001
              timeouts: {connect_s: 0.2, first_byte_s: 0.12, idle_s: 0.12, total_s: 0.5}
        """,
        models="""
            quick: {provider: quick, model: quick-1, fallbacks: [quick-b, third]}
            quick-b: {provider: quick, model: quick-2}
            alone: {provider: quick, model: quick-3}
        """,
    )
    house.forget()


def models(house, answer):
    return [attempt["model"] for attempt in house.record(answer)["attempts"]]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_silent_provider_is_asked_once_whatever_models_it_has(house, client, stream):
    house.fake.recipes(Recipe(silence_s=30, for_model="quick-1"), Recipe(silence_s=30, for_model="quick-2"))
    answer = house.chat(client, "quick", stream=stream, feature="kept")
    assert answer.text.startswith("Echo:")
    assert models(house, answer) == ["quick-1", "third-1"]
    assert all(call.cancelled for call in house.fake.calls[:1])


def test_a_silent_provider_without_a_fallback_is_told(house):
    house.fake.recipes(Recipe(silence_s=30))
    answer = house.chat("openai", "alone", feature="kept")
    assert (answer.status, answer.error["code"], answer.headers["x-should-retry"]) == (504, "provider_timeout", "false")
    house.fake.expect(1)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_stream_that_stalls_goes_on_elsewhere(house, client):
    said = "One two three four five six seven eight nine ten."
    house.fake.recipes(Recipe(text=said, stall_after_tokens=5, for_model="quick-1"), Recipe(text=said))
    answer = house.chat(client, "quick", stream=True, feature="kept")
    assert answer.text == said
    assert models(house, answer) == ["quick-1", "third-1"]
    assert house.record(answer)["attempts"][0]["error_code"] == "provider_timeout"
    assert house.at_rest()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_provider_that_dribbles_single_bytes_is_taken_for_silent(house, client):
    house.fake.recipes(Recipe(bytes_per_second=40, for_model="quick-1"))
    answer = house.chat(client, "quick", stream=True, feature="kept")
    assert answer.text.startswith("Echo:")
    assert models(house, answer) == ["quick-1", "third-1"]


def test_an_answer_that_takes_all_its_time_is_gone_on_with_and_limited(house):
    said = " ".join(f"word-{number}" for number in range(30))
    house.fake.recipes(Recipe(text=said, tokens_per_second=40, for_model="quick-3"))
    answer = house.chat("openai", "alone", stream=True, feature="kept", max_tokens=44)
    assert answer.text == said
    record = house.record(answer)
    assert {attempt["mode"] for attempt in record["attempts"]} == {None, "continue"}
    assert all(note.startswith("max_tokens ") for note in record["adapted"])
    asked = [call.json.get("max_tokens") or call.json.get("max_completion_tokens") for call in house.fake.calls]
    assert asked[0] == 44
    assert asked == sorted(asked, reverse=True)
    assert asked[1] >= 16  # of the rest, not of what was said already


def test_another_model_that_goes_on_is_not_limited(house):
    said = " ".join(f"word-{number}" for number in range(30))
    house.fake.recipes(Recipe(text=said, tokens_per_second=40, for_model="quick-1"), Recipe(text=said))
    answer = house.chat("openai", "quick", stream=True, feature="kept", max_tokens=400)
    assert answer.text == said
    assert models(house, answer) == ["quick-1", "quick-2"]
    assert house.record(answer)["adapted"] == []


def test_after_five_failures_in_a_row_nobody_asks_until_it_is_back(house):
    house.fake.recipes(Recipe(status=503, for_model="first-1"))
    assert len(models(house, house.chat("openai", "first", feature="kept"))) == 5
    assert models(house, house.chat("openai", "first", feature="kept")) == ["first-1", "second-1"]
    shown = house.gateway.edge.house.metrics().decode()
    breakers = [line for line in shown.splitlines() if line.startswith("headworks_breaker_state")]
    assert [line.rpartition(" ")[2] for line in breakers if 'model="first-1"' in line] == ["2.0"]
    assert {line.rpartition(" ")[2] for line in breakers if 'model="first-1"' not in line} == {"0.0"}
    before = len(house.fake.calls)
    for _ in range(5):
        assert models(house, house.chat("openai", "first", feature="kept")) == ["second-1"]
    assert len(house.fake.calls) == before + 5
    house.fake.recipes()
    begun_s = time.monotonic()
    while models(house, house.chat("openai", "first", feature="kept")) != ["first-1"]:
        assert time.monotonic() - begun_s < 5
        house.run(asyncio.sleep(0.05))
    assert time.monotonic() - begun_s > 0.7


def limit(house, seconds):
    health = house.gateway._standings.health
    health.limited(health.admit(Lane("oai", "my-oai", 0)), seconds)


def test_when_every_model_rests_the_client_is_told_when_to_come_back(house):
    limit(house, 45.0)
    answer = house.chat("openai", "openai", feature="kept")
    assert (answer.status, answer.error["code"]) == (503, "overloaded")
    assert 40 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["x-headworks-attempts"] == "0"
    house.fake.expect(0)


def test_a_call_waits_for_a_model_that_is_back_soon(house):
    limit(house, 0.2)
    begun_s = time.monotonic()
    assert house.chat("openai", "openai", feature="kept").status == 200
    assert 0.2 <= time.monotonic() - begun_s < 5
