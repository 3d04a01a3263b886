"""A call ends by the time its client names, whatever its providers do; what can still be asked in it is asked."""

import time

import pytest

from headworks.testing import Recipe

CLIENTS = ["openai", "anthropic"]
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
SILENT = Recipe(silence_s=30)
SOON_S = 1.5
"""Late for a busy machine, and soon for a provider that takes half a minute."""


@pytest.fixture(autouse=True)
def _models(house):
    house.add(
        models="""
            two: {provider: oai, model: first-1, fallbacks: [two-b, second]}
            two-b: {provider: oai, model: first-2}
        """,
        features="""
            brief: {model: openai, latency: {deadline_s: 0.3}}
            fragile: {model: openai, resume: {mode: off}}
        """,
    )
    house.forget()


def ask(house, client, model, *, stream=False, feature="kept", **headers):
    body = {
        "model": model,
        "max_tokens": 500,
        "stream": stream,
        "messages": [{"role": "user", "content": "Hello there"}],
    }
    begun_s = time.monotonic()
    answer = house.ask(body, path=PATHS[client], x_headworks_feature=feature, **headers)
    return answer, time.monotonic() - begun_s


def models(house, answer):
    return [attempt["model"] for attempt in house.record(answer)["attempts"]]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_silent_provider_is_given_up_in_time(house, client, stream):
    house.fake.recipes(SILENT)
    answer, took_s = ask(house, client, "openai", stream=stream, x_headworks_deadline_ms="300")
    assert took_s < SOON_S
    assert (answer.status, answer.headers["x-should-retry"]) == (504, "false")
    record = house.record(answer)
    assert (record["status"], record["error_code"]) == ("failed", "deadline_exceeded")
    assert models(house, answer) == ["my-oai"]
    assert house.at_rest()


def test_a_feature_may_name_the_deadline(house):
    house.fake.recipes(SILENT)
    answer, took_s = ask(house, "openai", "openai", feature="brief")
    assert (answer.status, answer.error["code"]) == (504, "deadline_exceeded")
    assert took_s < SOON_S


@pytest.mark.parametrize("stream", [False, True])
def test_with_a_fallback_there_is_time_for_it(house, stream):
    house.fake.recipes(Recipe(silence_s=30, for_model="first-1"))
    answer, took_s = ask(house, "openai", "first", stream=stream, x_headworks_deadline_ms="800")
    assert answer.text.startswith("Echo:")
    assert took_s < 0.8
    assert models(house, answer) == ["first-1", "second-1"]


def test_another_model_of_a_silent_provider_is_no_help_and_takes_no_time(house):
    house.fake.recipes(Recipe(silence_s=30, for_model="first-1"))
    answer, _ = ask(house, "openai", "two", x_headworks_deadline_ms="800")
    assert models(house, answer) == ["first-1", "second-1"]


def test_headers_and_an_opening_without_a_word_leave_time_for_the_fallback_too(house):
    house.fake.recipes(Recipe(first_token_s=30, for_model="first-1"))
    answer, took_s = ask(house, "openai", "first", stream=True, x_headworks_deadline_ms="800")
    assert answer.text.startswith("Echo:")
    assert took_s < 0.8
    assert models(house, answer) == ["first-1", "second-1"]


@pytest.mark.parametrize(("client", "feature"), [("openai", "kept"), ("anthropic", "fragile")])
@pytest.mark.parametrize("recipe", [Recipe(tokens=40, tokens_per_second=50), Recipe(tokens=40, stall_after_tokens=5)])
def test_a_stream_that_is_not_done_in_time_says_so(house, client, feature, recipe):
    house.fake.recipes(recipe)
    answer, took_s = ask(house, client, "openai", stream=True, feature=feature, x_headworks_deadline_ms="300")
    assert took_s < SOON_S
    assert answer.status == 200
    assert answer.text.startswith("Echo: Hello")
    assert answer.events[-1]["error"]
    record = house.record(answer)
    assert (record["status"], record["error_code"]) == ("failed", "deadline_exceeded")
    assert record["adapted"] == []
    assert record["cost_nano"] > 0
    house.fake.expect(1)
    assert house.at_rest()


def test_a_back_off_does_not_outlast_the_deadline(house):
    house.gateway._standings.rng.uniform = lambda low, high: high
    house.fake.recipes(Recipe(status=500))
    answer, took_s = ask(house, "openai", "openai", x_headworks_deadline_ms="400")
    assert took_s < SOON_S
    assert (answer.status, answer.headers["x-should-retry"]) == (502, "false")


@pytest.mark.parametrize("stream", [False, True])
def test_an_sdk_is_told_before_it_gives_up(house, stream):
    house.fake.recipes(SILENT)
    answer, took_s = ask(house, "openai", "openai", stream=stream, x_stainless_read_timeout="0.8")
    assert took_s < 0.8
    assert answer.status == 504
    assert house.record(answer)["error_code"] == "deadline_exceeded"


def test_an_sdk_waits_for_the_beginning_of_a_stream_not_for_its_end(house):
    house.fake.recipes(Recipe(tokens=15, tokens_per_second=20))
    answer, took_s = ask(house, "openai", "openai", stream=True, x_stainless_read_timeout="0.6")
    assert took_s > 0.6
    assert answer.text == "Echo:" + " Hello there" * 7
    assert house.record(answer)["status"] == "ok"


def test_an_sdk_waits_for_the_end_of_a_whole_answer(house):
    house.fake.recipes(Recipe(tokens=10, tokens_per_second=20))
    answer, took_s = ask(house, "openai", "openai", x_stainless_read_timeout="0.4")
    assert took_s < SOON_S
    assert answer.error["code"] == "deadline_exceeded"


def test_clients_in_a_hurry_do_not_make_a_provider_look_down(house):
    house.fake.recipes(Recipe(silence_s=0.1))
    for _ in range(7):
        assert ask(house, "openai", "openai", x_headworks_deadline_ms="20")[0].status == 504
    answer, _ = ask(house, "openai", "openai")
    assert (answer.status, answer.headers["x-headworks-attempts"]) == (200, "1")


@pytest.mark.parametrize("said", ["0", "-5", "soon", "1.5", "99999999999"])
def test_a_deadline_that_is_none_is_refused(house, said):
    answer, _ = ask(house, "openai", "openai", x_headworks_deadline_ms=said)
    assert answer.status == 400
    house.fake.expect(0)
