"""The client gets back its own names and words, whatever the provider's."""

import itertools

import pytest

from headworks.testing import Recipe

MODELS = ["gpt", "claude", "gemini"]


@pytest.mark.parametrize(("model", "stream"), list(itertools.product(MODELS, [False, True])))
async def test_the_model_name_asked_for_comes_back(house, model, stream):
    openai = await house.chat(model, stream=stream)
    anthropic = await house.message(model, stream=stream)
    if not stream:
        assert openai.json["model"] == anthropic.json["model"] == model
        return
    assert {event["model"] for event in openai.events()} == {model}
    assert anthropic.events()[0]["message"]["model"] == model


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("wanted", [True, False])
async def test_usage_in_a_stream_is_for_those_who_asked_and_always_on_record(house, model, wanted):
    options = {"stream_options": {"include_usage": True}} if wanted else {}
    answer = await house.chat(model, stream=True, **options)
    told = [event for event in answer.events() if event.get("usage")]
    assert len(told) == (1 if wanted else 0)
    assert (await house.record(answer))["total_tokens"] > 0


async def test_a_dropped_field_is_named_in_a_header(house):
    answer = await house.chat("lenient", seed=5, logit_bias={"1": 1})
    assert answer.status == 200
    assert set(answer.headers["x-headworks-dropped"].split(", ")) == {"seed", "logit_bias"}
    streamed = await house.chat("lenient", stream=True, seed=5)
    assert streamed.headers["x-headworks-dropped"] == "seed"
    refused = await house.chat("claude", seed=5)
    assert (refused.status, refused.json["error"]["param"]) == (400, "seed")


@pytest.mark.parametrize(("model", "stream"), list(itertools.product(MODELS, [False, True])))
async def test_text_is_whole_however_the_providers_bytes_fall(house, model, stream):
    text = "Grüße aus 東京 🗼 — naïve café"
    for recipe in (Recipe(text=text, split_utf8=True), Recipe(text=text, coalesce=True), Recipe(text=text)):
        house.fake.script([recipe])
        answer = await house.chat(model, stream=stream)
        if stream:
            choices = [event["choices"][0]["delta"] for event in answer.events() if event["choices"]]
            assert "".join(delta.get("content") or "" for delta in choices) == text
        else:
            assert answer.json["choices"][0]["message"]["content"] == text
