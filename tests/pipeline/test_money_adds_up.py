"""The record's cost is the sum of its attempts, and price times tokens by hand, whatever usage was reported."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.core.replies import Usage
from headworks.testing import Recipe

CLIENTS = ["openai", "anthropic"]
MODELS = ["openai", "anthropic", "gemini"]
INPUT, OUTPUT, CACHED, WRITE_5M, WRITE_1H, REASONING = 1500, 6000, 250, 2000, 3000, 7000
"""Nano-dollars a token: the prices of the config, thousandfold."""
TOKENS = st.integers(0, 3_000_000)


@st.composite
def usages(draw, model):
    """What a provider may report: each share within its whole, and only the shares its dialect knows."""
    cached, plain, write_5m, write_1h, reasoning, words = (draw(TOKENS) for _ in range(6))
    writes = {"cache_write_5m_tokens": write_5m, "cache_write_1h_tokens": write_1h} if model == "anthropic" else {}
    return Usage(
        input_tokens=plain + cached + sum(writes.values()),
        output_tokens=words + reasoning,
        cached_tokens=cached,
        reasoning_tokens=reasoning,
        **writes,
    )


def by_hand(usage):
    """The price of `usage` in nano-dollars."""
    plain = usage.input_tokens - usage.cached_tokens - usage.cache_write_5m_tokens - usage.cache_write_1h_tokens
    read = plain * INPUT + usage.cached_tokens * CACHED
    written = usage.cache_write_5m_tokens * WRITE_5M + usage.cache_write_1h_tokens * WRITE_1H
    said = (usage.output_tokens - usage.reasoning_tokens) * OUTPUT + usage.reasoning_tokens * REASONING
    return read + written + said


def told(client, answer, *, stream):
    """Input (cached included), cached and output tokens as the client is told, in its own convention."""
    if client == "openai":
        usage = answer.events[-1]["usage"] if stream else answer.json["usage"]
        return usage["prompt_tokens"], usage["prompt_tokens_details"]["cached_tokens"], usage["completion_tokens"]
    if stream:
        (usage,) = [event["usage"] for event in answer.events if event["type"] == "message_delta"]
    else:
        usage = answer.json["usage"]
    cached, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
    return usage["input_tokens"] + cached + written, cached, usage["output_tokens"]


@settings(max_examples=15, deadline=None)
@given(data=st.data(), stream=st.booleans())
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
def test_cost_is_price_times_tokens_in_every_dialect(house, client, model, data, stream):
    usage = data.draw(usages(model))
    house.fake.script([Recipe(text="ok", counts=usage)])
    wish = {"stream_options": {"include_usage": True}} if client == "openai" and stream else {}
    answer = house.chat(client, model, stream=stream, **wish)
    found = house.record(answer)
    assert found["prompt_tokens"] == usage.input_tokens
    assert found["completion_tokens"] == usage.output_tokens
    assert found["cached_tokens"] == usage.cached_tokens
    assert found["cache_write_tokens"] == usage.cache_write_tokens
    assert found["reasoning_tokens"] == usage.reasoning_tokens
    assert found["total_tokens"] == usage.total_tokens
    assert not found["usage_estimated"]
    assert found["cost_nano"] == by_hand(usage) == sum(attempt["cost_nano"] for attempt in found["attempts"])
    assert told(client, answer, stream=stream) == (usage.input_tokens, usage.cached_tokens, usage.output_tokens)


@settings(max_examples=15, deadline=None)
@given(data=st.data(), failures=st.integers(0, 2))
@pytest.mark.parametrize("client", CLIENTS)
def test_failed_attempts_cost_nothing_and_are_added_all_the_same(house, client, data, failures):
    answering = MODELS[failures]
    usage = data.draw(usages(answering))
    house.forget()  # or a breaker would open over the examples
    house.fake.script([*[Recipe(status=503)] * failures, Recipe(text="ok", counts=usage)])
    found = house.record(house.chat(client, "first"))
    assert [attempt["cost_nano"] for attempt in found["attempts"]] == [0] * failures + [by_hand(usage)]
    assert found["cost_nano"] == by_hand(usage)
    assert sum(attempt["tokens"] for attempt in found["attempts"]) == found["total_tokens"] == usage.total_tokens


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_model_without_a_price_is_unpriced_and_never_free(house, client, model, stream):
    answer = house.chat(client, f"unpriced-{model}", stream=stream)
    found = house.record(answer)
    assert found["total_tokens"] > 0
    assert (found["priced"], found["cost_usd"], found["cost_nano"]) == (False, None, None)
    assert found["attempts"][0]["cost_usd"] is None
    assert "x-headworks-cost-usd" not in answer.headers
    if stream:
        assert answer.facts["cost_usd"] is None


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
def test_the_client_is_told_the_cost_on_record(house, client, stream):
    house.fake.script([Recipe(text="ok", counts=Usage(input_tokens=1_000_000, output_tokens=3))])
    answer = house.chat(client, "openai", stream=stream)
    said = answer.facts["cost_usd"] if stream else answer.headers["x-headworks-cost-usd"]
    assert said == "1.500018"
    assert house.record(answer)["cost_usd"] == float(said)


def test_the_metrics_count_the_same_money(house):
    before = metric(house, "headworks_cost_usd_total")
    house.fake.script([Recipe(text="ok", counts=Usage(input_tokens=2_000_000, output_tokens=0))])
    house.record(house.chat("openai", "openai"))
    assert metric(house, "headworks_cost_usd_total") - before == pytest.approx(3.0)


def metric(house, name):
    """The sum of a metric over its labels."""
    page = house.gateway.recorder.metrics_text().decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith(name))


@settings(max_examples=40, deadline=None)
@given(
    usage=st.dictionaries(
        st.sampled_from(["prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details"]),
        st.none() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=3) | st.just({"cached_tokens": -5}),
    )
)
def test_nonsense_for_usage_never_breaks_a_call_or_makes_money(house, usage):
    house.forget()  # what is nonsense as a whole counts as a failure of the provider
    choice = {"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    house.fake.script([Recipe(status=200, error_body=json.dumps(body))])
    answer = house.chat("openai", "openai")
    found = house.record(answer)
    assert answer.status in (200, 502)
    assert found["cost_nano"] is None or 0 <= found["cost_nano"] < 2**63
    assert found["prompt_tokens"] >= 0
    assert found["completion_tokens"] >= 0
