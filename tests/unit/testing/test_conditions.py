"""Recipes that are for some calls only, first tokens that come late, errors in the middle, and what was told."""

import time
from typing import Any

import pytest

from headworks.core.replies import Usage
from headworks.testing import FakeClock, FakeProvider, Recipe

CHAT = {"model": "m", "messages": [{"role": "user", "content": "good morning"}]}
STREAM = CHAT | {"stream": True, "stream_options": {"include_usage": True}}
PATH = "/v1/chat/completions"


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "Bearer sk-1"}, {"x_api_key": "sk-1"}, {"x_goog_api_key": "sk-1"}, {"api_key": "sk-1"}],
)
async def test_a_recipe_for_a_key_leaves_other_keys_alone(
    fake: FakeProvider, ask: Any, headers: dict[str, str]
) -> None:
    fake.recipes(Recipe(status=401, for_key="sk-1"))
    assert (await ask(fake, PATH, CHAT, **headers)).status == 401
    assert (await ask(fake, PATH, CHAT, authorization="Bearer sk-2")).status == 200
    assert (await ask(fake, PATH, CHAT)).status == 200


async def test_a_recipe_may_be_for_one_model_or_for_streams_only(fake: FakeProvider, ask: Any) -> None:
    fake.recipes(Recipe(status=503, for_model="m", for_stream=True), Recipe(status=500, for_stream=False, times=1))
    assert (await ask(fake, PATH, STREAM)).status == 503
    assert (await ask(fake, PATH, STREAM | {"model": "n"})).status == 200
    assert [(await ask(fake, PATH, CHAT)).status for _ in range(2)] == [500, 200]


async def test_a_recipe_may_strike_each_question_once(fake: FakeProvider, ask: Any) -> None:
    fake.recipes(Recipe(status=500, times_each=1, tokens=4))
    other = CHAT | {"messages": [{"role": "user", "content": "good night"}]}
    begun = [{"role": "assistant", "content": "Echo: good"}, {"role": "user", "content": "Continue."}]
    gone_on = CHAT | {"messages": [*CHAT["messages"], *begun]}
    assert [(await ask(fake, PATH, body)).status for body in (CHAT, other, CHAT, gone_on)] == [500, 500, 200, 200]
    fake.name("once", Recipe(status=500, times_each=1))
    asked = [(await ask(fake, PATH, body | {"model": "fake/once"})).status for body in (CHAT, CHAT, other)]
    assert asked == [500, 200, 500]


async def test_a_script_waits_for_the_calls_it_is_for(fake: FakeProvider, ask: Any) -> None:
    fake.script([Recipe(status=503, for_stream=True), Recipe(status=500)])
    assert [(await ask(fake, PATH, body)).status for body in (CHAT, CHAT, STREAM, STREAM)] == [500, 200, 503, 200]


async def test_a_recipe_that_the_call_names_must_be_for_it_too(fake: FakeProvider, ask: Any) -> None:
    asked = '{"status": 503, "for_stream": true}'
    assert (await ask(fake, PATH, CHAT, x_fake_recipe=asked)).status == 200
    assert (await ask(fake, PATH, STREAM, x_fake_recipe=asked)).status == 503


@pytest.mark.parametrize("body", [CHAT, STREAM])
async def test_the_first_token_may_come_late(fake: FakeProvider, ask: Any, body: dict[str, Any]) -> None:
    fake.recipes(Recipe(first_token_s=0.05))
    begun = time.perf_counter()
    assert (await ask(fake, PATH, body)).end == "complete"
    assert 0.05 <= time.perf_counter() - begun < 0.5


async def test_a_stream_opens_before_its_late_first_token(fake: FakeProvider, ask: Any) -> None:
    fake.recipes(Recipe(first_token_s=0.2, cut_after_tokens=1))
    answer = await ask(fake, PATH, STREAM)
    assert b'"role":"assistant"' in answer.pieces[0]
    assert b"Echo:" not in answer.pieces[0]
    assert answer.events[-1]["choices"][0]["delta"] == {"content": "Echo:"}


@pytest.mark.parametrize(
    ("path", "kind"), [(PATH, "requests"), ("/v1/messages", "rate_limit_error")], ids=["openai", "anthropic"]
)
@pytest.mark.parametrize("stream", [True, False])
async def test_the_error_in_the_middle_can_be_another(
    fake: FakeProvider, ask: Any, path: str, kind: str, stream: bool
) -> None:
    fake.recipes(Recipe(error_after_tokens=2, error_code="rate_limit_exceeded"))
    answer = await ask(fake, path, CHAT | {"stream": stream, "max_tokens": 9})
    assert answer.status == 200
    assert (answer.events[-1] if stream else answer.json)["error"]["type"] == kind


@pytest.mark.parametrize("body", [CHAT, STREAM])
async def test_a_call_knows_the_tokens_it_told(fake: FakeProvider, ask: Any, body: dict[str, Any]) -> None:
    answer = await ask(fake, PATH, body)
    usage = (answer.events[-2] if body is STREAM else answer.json)["usage"]
    told = fake.calls[0].told
    assert told is not None
    assert (told.input_tokens, told.output_tokens) == (usage["prompt_tokens"], usage["completion_tokens"])


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(status=500),
        Recipe(cut_after_tokens=3),
        Recipe(reset_after_tokens=3),
        Recipe(hang_up=True),
        Recipe(malformed_after_tokens=3),
        Recipe(error_after_tokens=3),
        Recipe(omit_finish=True),
        Recipe(usage="missing"),
    ],
    ids=str,
)
async def test_a_call_that_did_not_leave_whole_told_nothing(fake: FakeProvider, ask: Any, recipe: Recipe) -> None:
    fake.recipes(recipe)
    await ask(fake, PATH, STREAM)
    await fake.until(lambda: fake.calls[0].ended)
    assert fake.calls[0].told is None


async def test_a_stream_that_was_not_asked_to_count_tells_nothing(fake: FakeProvider, ask: Any) -> None:
    await ask(fake, PATH, CHAT | {"stream": True})
    assert fake.calls[0].told is None


async def test_a_call_knows_when_it_ended(ask: Any) -> None:
    async with FakeProvider(clock=FakeClock(now_s=50.0)) as fake:
        await ask(fake, PATH, CHAT)
        assert (fake.calls[0].ended, fake.calls[0].ended_s) == (True, 50.0)
        listed = (await ask(fake, "/fake/calls")).json
        assert Usage(**listed[0]["told"]) == fake.calls[0].told
