"""A prompt that is too long goes to a model that reads more, or loses the middle of its history."""

import time

import pytest

from headworks.testing import Recipe

CLIENTS = ["openai", "anthropic"]
PRICE = "{input: 1, output: 2}"
TOO_LONG = Recipe(error_code="context_length_exceeded")
STEPS = {"trim": "trimmed", "summarise": "summarised"}


@pytest.fixture(autouse=True)
def _windows(house):
    house.add(
        models=f"""
            small: {{provider: oai, model: small-1, context_tokens: 2000, fallbacks: [same, middle, large]}}
            same: {{provider: ant, model: same-1, context_tokens: 2000, price_usd_per_mtok: {PRICE}}}
            middle: {{provider: ant, model: middle-1, context_tokens: 4000}}
            large: {{provider: gem, model: large-1, context_tokens: 200000, price_usd_per_mtok: {PRICE}}}
            lone: {{provider: oai, model: lone-1, context_tokens: 2000, price_usd_per_mtok: {PRICE}}}
            twin: {{provider: oai, model: twin-1, context_tokens: 2000, fallbacks: [same]}}
        """,
        features="""
            longer: {model: small}
            trim: {model: lone, too_long: [trim]}
            summarise: {model: lone, too_long: [summarise]}
            both: {model: twin, too_long: [longer, trim]}
            none: {model: small, too_long: []}
        """,
    )
    house.forget()


def history(words, turns=6):
    said = [
        {"role": ("user", "assistant")[number % 2], "content": f"turn {number} " + "word " * words}
        for number in range(turns)
    ]
    return [*said, {"role": "user", "content": "and the last question"}]


def talk(house, client, feature, words=20, **fields):
    model = {"trim": "lone", "summarise": "lone", "both": "twin"}.get(feature, "small")
    return house.chat(client, model, feature=feature, messages=history(words), **{"max_tokens": 100} | fields)


def models(house, answer):
    return [attempt["model"] for attempt in house.record(answer)["attempts"]]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_reads_more_is_asked_and_none_that_does_not(house, client, stream):
    house.fake.script([TOO_LONG])
    answer = talk(house, client, "longer", stream=stream)
    assert answer.status == 200
    assert models(house, answer) == ["small-1", "middle-1"]
    assert answer.headers["x-headworks-adapted"] == "moved to a model that reads more"
    assert house.record(answer)["adapted"] == ["moved to a model that reads more"]


@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_known_too_long_beforehand_is_sent_only_where_it_fits(house, client):
    answer = talk(house, client, "longer", words=1500)
    assert answer.status == 200
    assert models(house, answer) == ["large-1"]
    house.fake.expect(1)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("words", [20, 1500])
def test_without_a_policy_the_provider_has_the_last_word(house, client, words):
    house.fake.recipes(TOO_LONG)
    answer = talk(house, client, "none", words=words)
    assert (answer.status, answer.headers["x-should-retry"]) == (400, "false")
    assert house.record(answer)["error_code"] == "context_length_exceeded"
    assert models(house, answer) == ["small-1"]


def test_a_prompt_too_long_for_all_is_told_as_that(house):
    house.fake.recipes(TOO_LONG)
    answer = talk(house, "openai", "longer")
    assert (answer.status, answer.error["code"]) == (400, "context_length_exceeded")
    assert models(house, answer) == ["small-1", "middle-1", "large-1"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("words", [20, 400])
@pytest.mark.parametrize("step", STEPS)
def test_the_middle_of_the_history_is_left_out(house, client, stream, words, step):
    """Said by the provider (a prompt of no great length), or known beforehand."""
    house.fake.recipes(*([Recipe(error_code="context_length_exceeded", times=1)] if words == 20 else []))
    answer = talk(house, client, step, words=words, stream=stream)
    assert answer.status == 200
    record = house.record(answer)
    summed_up = ["ok"] if step == "summarise" else []
    refused = ["failed"] if words == 20 else []
    assert [attempt["status"] for attempt in record["attempts"]] == [*refused, *summed_up, "ok"]
    assert record["adapted"][0].startswith(STEPS[step])
    assert answer.headers["x-headworks-adapted"] == record["adapted"][0]
    last = house.fake.calls[-1].json["messages"]
    assert last[-1]["content"] == "and the last question"
    assert not any("turn 2" in str(message) for message in last)
    assert ("summary_of_earlier_conversation" in str(last)) is (step == "summarise")


def test_a_summary_is_paid_for_and_not_seen(house):
    house.fake.recipes(Recipe(error_code="context_length_exceeded", times=1), Recipe(text="What was said."))
    answer = talk(house, "openai", "summarise")
    record = house.record(answer)
    refused, summary, told = record["attempts"]
    assert refused["cost_nano"] == 0
    assert summary["cost_nano"] > 0 < told["cost_nano"]
    assert record["cost_nano"] == summary["cost_nano"] + told["cost_nano"]
    assert [call.told.total_tokens for call in house.fake.calls[1:]] == [summary["tokens"], told["tokens"]]
    assert answer.text == "What was said."
    assert "What was said." in str(house.fake.calls[-1].json["messages"])


@pytest.mark.parametrize("failure", [Recipe(status=500), Recipe(error_code="content_filter"), Recipe(refusal="No.")])
def test_without_a_summary_the_history_is_only_shortened(house, failure):
    house.fake.script([TOO_LONG, failure])
    answer = talk(house, "openai", "summarise")
    assert answer.status == 200
    assert answer.headers["x-headworks-adapted"].startswith("trimmed")


def test_the_steps_are_taken_in_order(house):
    house.fake.script([TOO_LONG])
    answer = talk(house, "openai", "both")
    assert models(house, answer) == ["twin-1", "twin-1"]
    assert answer.headers["x-headworks-adapted"].startswith("trimmed")


def test_a_question_that_is_too_long_by_itself_is_not_cut(house):
    house.fake.recipes(TOO_LONG)
    body = [{"role": "user", "content": "word " * 3000}]
    answer = house.chat("openai", "lone", feature="trim", messages=body)
    assert (answer.status, answer.error["code"]) == (400, "context_length_exceeded")
    house.fake.expect(1)


def test_an_sdk_that_waits_for_a_stream_is_told_in_time_though_a_summary_came(house):
    house.fake.script([TOO_LONG, Recipe(text="What was said."), Recipe(silence_s=30)])
    body = {"model": "lone", "stream": True, "max_tokens": 100, "messages": history(20)}
    begun_s = time.monotonic()
    answer = house.ask(body, x_headworks_feature="summarise", x_stainless_read_timeout="1")
    assert time.monotonic() - begun_s < 1
    assert answer.status == 504
    assert house.record(answer)["error_code"] == "deadline_exceeded"
    house.fake.expect(3)
