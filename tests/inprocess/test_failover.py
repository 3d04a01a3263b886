"""A provider that fails before its answer begins is replaced; one that fails later is an honest error."""

import pytest

from headworks.testing import Recipe

BROKEN = [Recipe(status=500), Recipe(status=503), Recipe(status=429), Recipe(hang_up=True), Recipe(silence_s=5)]


@pytest.mark.parametrize("recipe", BROKEN, ids=["500", "503", "429", "closed", "silent"])
@pytest.mark.parametrize("stream", [False, True])
async def test_the_fallback_answers_and_both_attempts_are_on_record(house, recipe, stream):
    house.fake.script([recipe, Recipe(text="from the fallback")])
    answer = await house.chat("safe", stream=stream)
    assert answer.status == 200
    assert b"fallback" in answer.body
    assert answer.headers["x-headworks-attempts"] == "2"
    record = await house.record(answer)
    assert [attempt["provider"] for attempt in record["attempts"]] == ["oai", "ant"]
    assert record["attempts"][0]["error_code"]
    assert (record["status"], record["provider"]) == ("ok", "ant")


async def test_the_callers_own_mistake_is_not_tried_again(house):
    house.fake.script([Recipe(status=400)])
    answer = await house.chat("safe")
    assert answer.status == 400
    assert answer.headers["x-should-retry"] == "false"
    house.fake.expect(1)


@pytest.mark.parametrize("status", [401, 402, 403, 404])
async def test_a_fault_of_the_gateways_account_or_config_is_not_the_callers_who_is_answered_elsewhere(house, status):
    house.fake.script([Recipe(status=status)])
    answer = await house.chat("safe")
    assert (answer.status, answer.headers["x-headworks-provider"]) == (200, "ant")
    house.fake.expect(2)


async def test_when_all_fail_the_last_failure_is_told(house):
    house.fake.script([Recipe(status=500), Recipe(status=429, retry_after="7")])
    answer = await house.chat("safe")
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")


async def test_a_redirect_is_not_followed(house):
    house.fake.script([Recipe(status=302, redirect_to="http://127.0.0.1:9/")])
    answer = await house.chat("gpt")
    assert answer.status == 502
    assert "redirect" in answer.json["error"]["message"]
    house.fake.expect(1)


@pytest.mark.parametrize("model", ["gpt", "claude", "gemini"])
@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(tokens=20, cut_after_tokens=5),
        Recipe(tokens=20, reset_after_tokens=5),
        Recipe(tokens=20, malformed_after_tokens=5),
        Recipe(tokens=20, error_after_tokens=5),
        Recipe(tokens=20, omit_finish=True),
    ],
    ids=["cut", "reset", "malformed", "error", "no finish"],
)
async def test_a_broken_stream_ends_in_an_error_and_never_cleanly(house, model, recipe):
    house.fake.recipes(recipe)
    openai = await house.chat(model, stream=True)
    anthropic = await house.message(model, stream=True)
    assert b"[DONE]" not in openai.body
    assert b"message_stop" not in anthropic.body
    if openai.status == 200:
        assert openai.events()[-1]["error"]["code"]
    if anthropic.status == 200:
        assert anthropic.events()[-1]["type"] == "error"
    assert (await house.record(openai))["status"] == "failed"
    assert (await house.record(anthropic))["status"] == "failed"
