"""A provider that fails is asked again, three times, and then the fallback: the client sees an answer."""

import pytest

from headworks.testing import Recipe

CLIENTS = ["openai", "anthropic"]


@pytest.fixture(autouse=True)
def _new_connections(house):
    """A connection that was used before may be closed at any time: the gateway then tries a new one, unseen."""
    house.run(house.gateway._outbound.close())


FAILURES = {
    "broken": Recipe(status=500),
    "down": Recipe(status=503),
    "overloaded": Recipe(error_code="overloaded"),
    "late itself": Recipe(status=504),
    "not JSON": Recipe(error_body="<html>", status=502),
    "hanging up": Recipe(hang_up=True),
    "cut at once": Recipe(cut_after_tokens=0),
    "reset at once": Recipe(reset_after_tokens=0),
    "malformed": Recipe(malformed_after_tokens=0),
}


def statuses(record):
    return [(attempt["model"], attempt["status"]) for attempt in record["attempts"]]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_one_failure_is_not_seen(house, client, stream, failure):
    house.fake.script([failure])
    answer = house.chat(client, "first", stream=stream, feature="kept")
    assert answer.status == 200
    assert answer.text.startswith("Echo: Hello")
    assert answer.headers["x-headworks-attempts"] == "2"
    record = house.record(answer)
    assert statuses(record) == [("first-1", "failed"), ("first-1", "ok")]
    assert record["cost_nano"] == record["attempts"][1]["cost_nano"] > 0
    assert house.at_rest()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_after_four_failures_the_fallback_is_asked(house, client, failure):
    house.fake.script([failure] * 4)
    answer = house.chat(client, "first", feature="kept")
    assert answer.status == 200
    assert statuses(house.record(answer)) == [("first-1", "failed")] * 4 + [("second-1", "ok")]


@pytest.mark.parametrize("client", CLIENTS)
def test_when_all_fail_the_client_is_told_not_to_try_again(house, client):
    house.fake.recipes(Recipe(status=500))
    answer = house.chat(client, "openai", feature="kept")
    assert (answer.status, answer.headers["x-should-retry"]) == (502, "false")
    assert answer.headers["x-headworks-attempts"] == "4"
    assert house.record(answer)["cost_nano"] == 0


def test_a_client_that_is_alone_with_one_try_may_try_again(house):
    house.fake.recipes(Recipe(status=500))
    answer = house.chat("openai", "openai")
    assert answer.status == 502
    assert "x-should-retry" not in answer.headers


def test_no_more_calls_are_made_than_the_feature_allows(house):
    house.add(features="few: {model: first, retry: {calls: 2}}")
    house.fake.recipes(Recipe(status=500))
    assert house.chat("openai", "first", feature="few").status == 502
    house.fake.expect(2)


def test_what_an_sdk_has_tried_itself_is_on_record(house):
    answer = house.ask(
        {"model": "openai", "messages": [{"role": "user", "content": "Hi"}]}, x_stainless_retry_count="2"
    )
    assert house.record(answer)["client_retries"] == 2


@pytest.mark.parametrize(("usd", "calls"), [("0.000001", 3), ("10", 4)])
def test_the_money_that_failed_tries_cost_bounds_them(house, usd, calls):
    """Two tries cost nothing, the third breaks off and is paid for."""
    house.add(features=f"cheap: {{model: openai, retry: {{usd: {usd}}}}}")
    house.fake.script([Recipe(status=500), Recipe(status=500), Recipe(cut_after_tokens=5)])
    answer = house.chat("openai", "openai", stream=True, feature="cheap")
    house.fake.expect(calls)
    assert (answer.events[-1].get("error", {}).get("code") == "stream_interrupted") is (calls == 3)
    record = house.record(answer)
    assert record["status"] == ("failed" if calls == 3 else "ok")
    assert record["cost_nano"] == sum(attempt["cost_nano"] for attempt in record["attempts"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"model": "openai", "input": ["Hello"]}),
        ("/v1/completions", {"model": "openai", "prompt": "Hello"}),
        ("/v1/messages/count_tokens", {"model": "anthropic", "messages": [{"role": "user", "content": "Hello"}]}),
    ],
)
def test_other_questions_are_tried_again_too(house, path, body):
    house.fake.script([Recipe(status=500), Recipe(status=503)])
    answer = house.ask(body, path=path, x_headworks_feature="kept")
    assert answer.status == 200
    assert [status for _, status in statuses(house.record(answer))] == ["failed", "failed", "ok"]
    assert house.at_rest()
