"""A provider that fails before it answers is followed by the fallback, and both attempts are on record."""

import pytest

from headworks.testing import Recipe

CLIENTS = ["openai", "anthropic"]
FAILURES = {
    "down": Recipe(status=503),
    "broken": Recipe(status=500),
    "rate limited": Recipe(status=429, retry_after="7"),
    "overloaded": Recipe(error_code="overloaded"),
    "cut before the first word": Recipe(cut_after_tokens=0),
    "reset before the first word": Recipe(reset_after_tokens=0),
    "error before the first word": Recipe(error_after_tokens=0),
    "nonsense before the first word": Recipe(malformed_after_tokens=0),
    "no JSON": Recipe(status=502, error_body="<html>bad gateway</html>"),
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_the_fallback_answers_and_both_attempts_are_on_record(house, client, stream, failure):
    house.fake.script([failure, Recipe(text="Here I am.")])
    answer = house.chat(client, "first", stream=stream)
    assert (answer.status, answer.text) == (200, "Here I am.")
    assert answer.headers["x-headworks-attempts"] == "2"
    assert answer.headers["x-headworks-provider"] == "ant"
    found = house.record(answer)
    assert (found["status"], found["model"], found["provider"]) == ("ok", "second", "ant")
    first, second = found["attempts"]
    assert (first["provider"], first["status"], first["cost_usd"]) == ("oai", "failed", 0)
    assert first["error_code"]
    assert (second["provider"], second["status"]) == ("ant", "ok")
    assert found["cost_nano"] == second["cost_nano"] > 0


def test_every_fallback_is_tried_in_turn_and_the_last_failure_is_told(house):
    house.fake.script([Recipe(status=503), Recipe(status=500), Recipe(status=429)])
    answer = house.chat("openai", "first")
    assert answer.status == 429
    paths = [call.path for call in house.fake.expect(3)]
    assert paths == ["/v1/chat/completions", "/v1/messages", "/v1beta/models/third-1:generateContent"]
    found = house.record(answer)
    assert [attempt["status"] for attempt in found["attempts"]] == ["failed"] * 3
    assert (found["status"], found["cost_usd"]) == ("failed", 0)


def test_a_provider_nobody_listens_for_is_followed_by_its_fallback(house):
    answer = house.chat("openai", "absent")
    assert answer.status == 200
    first, second = house.record(answer)["attempts"]
    assert (first["provider"], first["error_code"]) == ("away", "provider_error")
    assert (second["provider"], second["status"]) == ("oai", "ok")


def test_a_provider_that_hangs_up_is_tried_on_a_new_connection_and_then_left(house):
    assert house.chat("openai", "openai").status == 200  # leaves a connection to use again
    house.fake.script([Recipe(hang_up=True), Recipe(hang_up=True)])
    answer = house.chat("openai", "first")
    assert answer.headers["x-headworks-provider"] == "ant"
    assert len(house.record(answer)["attempts"]) == 2
    house.fake.expect(4)


@pytest.mark.parametrize("model", ["openai", "anthropic", "gemini"])
@pytest.mark.parametrize("refusal", [Recipe(status=401), Recipe(status=403)])
def test_a_refused_account_of_the_gateway_looks_like_no_fault_of_the_caller(house, model, refusal):
    house.fake.recipes(refusal)
    answer = house.chat("openai", model)
    assert (answer.status, answer.error["code"]) == (502, "provider_error")
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("client", CLIENTS)
def test_an_empty_account_of_the_gateway_is_not_to_be_retried(house, client):
    house.fake.recipes(Recipe(error_code="insufficient_quota"))
    answer = house.chat(client, "openai")
    assert answer.status == 502 if client == "openai" else answer.status >= 500
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_whole_reply_that_is_cut_is_asked_for_elsewhere(house, client):
    house.fake.script([Recipe(cut_after_tokens=3), Recipe(text="All of it.")])
    answer = house.chat(client, "first")
    assert (answer.status, answer.text) == (200, "All of it.")
    assert [attempt["status"] for attempt in house.record(answer)["attempts"]] == ["failed", "ok"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", ["first", "second"])
def test_after_the_first_word_nobody_else_is_asked(house, client, model):
    house.fake.recipes(Recipe(tokens=20, cut_after_tokens=1))
    answer = house.chat(client, model, stream=True)
    assert answer.text == "Echo:"
    assert answer.events[-1]["error"]
    house.fake.expect(1)


def test_an_error_event_after_the_opening_of_a_message_goes_to_the_fallback(house, replay):
    start = b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","model":"m","usage":{}}}\n\n'
    error = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    replay.pieces = [start, b'event: ping\ndata: {"type":"ping"}\n\n', error]
    answer = house.chat("anthropic", "safe-anthropic", stream=True)
    assert answer.headers["x-headworks-provider"] == "oai"
    assert answer.events[-1]["type"] == "message_stop"
    first, second = house.record(answer)["attempts"]
    assert (first["status"], first["error_code"], second["status"]) == ("failed", "overloaded", "ok")
