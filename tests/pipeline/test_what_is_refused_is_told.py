"""Refusals that lie in the question: the caller's own mistake, and what a content filter does not let through."""

import pytest

from headworks.testing import Recipe

CLIENTS = ["openai", "anthropic"]
FILTERED = Recipe(error_code="content_filter")


def models(house, answer):
    return [attempt["model"] for attempt in house.record(answer)["attempts"]]


@pytest.fixture(autouse=True)
def _features(house):
    house.add(features="free: {model: first, content_filter: elsewhere}")
    house.forget()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
def test_the_callers_mistake_is_passed_on_and_not_tried_again(house, client, stream):
    house.fake.recipes(Recipe(status=400))
    answer = house.chat(client, "first", stream=stream, feature="kept")
    assert (answer.status, answer.headers["x-should-retry"]) == (400, "false")
    assert models(house, answer) == ["first-1"]


@pytest.mark.parametrize("client", CLIENTS)
def test_what_the_fallback_takes_for_a_mistake_does_not_hide_why_it_was_asked(house, client):
    house.fake.recipes(Recipe(status=503, for_model="first-1"), Recipe(status=400))
    answer = house.chat(client, "first", feature="kept")
    assert answer.status in (503, 529)  # as each dialect says it
    assert models(house, answer) == ["first-1"] * 4 + ["second-1", "third-1"]


def test_the_first_models_own_word_on_a_mistake_counts_also_after_a_failure(house):
    house.fake.script([Recipe(status=503), Recipe(status=400)])
    answer = house.chat("openai", "first", feature="kept")
    assert (answer.status, models(house, answer)) == (400, ["first-1", "first-1"])


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_content_filter_is_reported(house, client, stream):
    house.fake.recipes(FILTERED)
    answer = house.chat(client, "first", stream=stream, feature="kept")
    assert (answer.status, answer.headers["x-should-retry"]) == (400, "false")
    assert house.record(answer)["error_code"] == "content_policy_violation"
    assert models(house, answer) == ["first-1"]


def test_a_fallbacks_content_filter_is_reported_too(house):
    house.fake.recipes(Recipe(status=503, for_model="first-1"), FILTERED)
    answer = house.chat("openai", "first", feature="kept")
    assert (answer.status, answer.error["code"]) == (400, "content_policy_violation")
    assert models(house, answer) == ["first-1"] * 4 + ["second-1"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
def test_another_model_is_asked_where_the_feature_wants_that(house, client, stream):
    house.fake.recipes(Recipe(error_code="content_filter", for_model="first-1"))
    answer = house.chat(client, "first", stream=stream, feature="free")
    assert answer.text.startswith("Echo:")
    assert models(house, answer) == ["first-1", "second-1"]


def test_when_all_filter_it_is_reported(house):
    house.fake.recipes(FILTERED)
    answer = house.chat("openai", "first", feature="free")
    assert (answer.status, answer.error["code"]) == (400, "content_policy_violation")
    assert models(house, answer) == ["first-1", "second-1", "third-1"]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_filter_that_falls_in_the_middle_is_reported_in_the_stream(house, client):
    house.fake.recipes(Recipe(tokens=20, error_after_tokens=5, error_code="content_filter"))
    answer = house.chat(client, "first", stream=True, feature="kept")
    assert answer.events[-1]["error"]
    record = house.record(answer)
    assert (record["status"], record["error_code"]) == ("failed", "content_policy_violation")
    assert models(house, answer) == ["first-1"]


def test_no_call_opens_a_breaker_by_its_own_mistakes(house):
    house.fake.recipes(Recipe(status=400, for_stream=False))
    for _ in range(8):
        assert house.chat("openai", "first", feature="kept").status == 400
    assert house.chat("openai", "first", stream=True, feature="kept").headers["x-headworks-model"] == "first"
