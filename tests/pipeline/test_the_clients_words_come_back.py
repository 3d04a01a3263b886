"""The client hears the model name it used, and usage if it asked; the real names stand in headers and the record."""

import json

import pytest

from headworks.testing import Recipe

CLIENTS = ["openai", "anthropic"]
MODELS = ["openai", "anthropic", "gemini"]
PROVIDERS = {"openai": ("oai", "my-oai"), "anthropic": ("ant", "my-ant"), "gemini": ("gem", "my-gem")}


def models_said(answer):
    """Every model name in the body, or in the events of a stream."""
    said = answer.events if answer.headers["content-type"].startswith("text/event-stream") else [answer.json]
    holders = [event.get("message", event) for event in said]
    return {holder["model"] for holder in holders if "model" in holder}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["{}", "loose-{}", "feature/for-{}"])
def test_the_name_asked_for_comes_back_whoever_answers(house_of_names, client, model, stream, name):
    house = house_of_names
    asked = name.format(model)
    answer = house.chat(client, asked, stream=stream)
    assert models_said(answer) == {asked}
    provider, provider_model = PROVIDERS[model]
    assert answer.headers["x-headworks-provider"] == provider
    found = house.record(answer)
    assert (found["provider"], found["provider_model"]) == (provider, provider_model)
    assert provider_model.encode() not in answer.body


@pytest.fixture
def house_of_names(house):
    """A house with a feature for each dialect."""
    features = "".join(f"  for-{model}: {{model: {model}}}\n" for model in MODELS)
    house.configure(lambda text: text + features)
    yield house
    house.configure(lambda text: text)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
def test_after_a_fallback_the_name_asked_for_still_comes_back(house, client, stream):
    house.fake.script([Recipe(status=503)])
    answer = house.chat(client, "first", stream=stream)
    assert models_said(answer) == {"first"}
    assert answer.headers["x-headworks-model"] == "second"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
def test_the_name_comes_back_from_the_legacy_endpoint(house, model, stream):
    answer = house.ask({"model": model, "prompt": "one two", "stream": stream}, path="/v1/completions")
    assert models_said(answer) == {model}


@pytest.mark.parametrize("model", ["openai", "gemini"])
def test_the_name_comes_back_with_embeddings(house, model):
    answer = house.ask({"model": model, "input": ["one"]}, path="/v1/embeddings")
    assert models_said(answer) == {model}


@pytest.mark.parametrize("model", MODELS)
def test_an_openai_stream_tells_usage_only_when_asked_but_the_record_always_has_it(house, model):
    silent = house.chat("openai", model, stream=True)
    assert all(not event.get("usage") and event["choices"] for event in silent.events)
    asked = house.chat("openai", model, stream=True, stream_options={"include_usage": True})
    usage = [event["usage"] for event in asked.events if event.get("usage")]
    assert len(usage) == 1
    assert asked.events[-1]["choices"] == []
    for answer in (silent, asked):
        found = house.record(answer)
        assert found["prompt_tokens"] > 0
        assert found["completion_tokens"] == 16
        assert not found["usage_estimated"]
        assert answer.facts["completion_tokens"] == 16
    assert (usage[0]["prompt_tokens"], usage[0]["completion_tokens"]) == (found["prompt_tokens"], 16)


@pytest.mark.parametrize("model", MODELS)
def test_an_anthropic_stream_always_tells_usage(house, model):
    answer = house.chat("anthropic", model, stream=True)
    (closing,) = [event for event in answer.events if event["type"] == "message_delta"]
    assert closing["usage"]["output_tokens"] == 16


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_provider_that_never_tells_usage_is_counted_here_and_marked_so(house, client, model, stream):
    house.fake.recipes(Recipe(usage="missing"))
    found = house.record(house.chat(client, model, stream=stream))
    assert (found["status"], found["usage_estimated"]) == ("ok", True)
    assert found["prompt_tokens"] > 0
    assert found["completion_tokens"] > 0
    assert found["cost_nano"] > 0


def test_usage_that_came_before_the_words_is_completed_by_our_own_count(house, replay):
    start = {"id": "msg_1", "model": "m", "usage": {"input_tokens": 25, "output_tokens": 1}}
    events = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "many words " * 20}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ]
    replay.pieces = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]
    found = house.record(house.chat("openai", "replay-anthropic", stream=True))
    assert (found["status"], found["prompt_tokens"], found["usage_estimated"]) == ("ok", 25, True)
    assert 20 <= found["completion_tokens"] <= 80
