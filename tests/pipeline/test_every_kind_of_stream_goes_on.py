"""Streams that break off, of every kind: text, tool calls, JSON, several choices, thoughts; once or more than once."""

import json

import pytest

from headworks.testing import Recipe
from headworks.testing.recipe import FakeToolCall

CLIENTS = ["openai", "anthropic"]
MODELS = ["openai", "anthropic", "gemini"]
SAID = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen."
TOKENS = len(SAID.split())
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
ARGUMENTS = {"city": "San Cristóbal de las Casas", "days": 7, "notes": "with wind, rain and snow"}
TOOLS = {
    "openai": [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}],
    "anthropic": [{"name": "weather", "input_schema": WEATHER}],
}


@pytest.fixture(autouse=True)
def _features(house):
    house.add(
        providers="""
            bare: {dialect: openai, base_url: "FAKE/v1", api_key: sk-bare-0009}
            begun: {dialect: anthropic, base_url: "FAKE/v1", api_key: sk-begun-0010, capabilities: [chat, prefill]}
        """,
        models="""
            begun: {provider: begun, model: begun-1}
            chain: {provider: oai, model: first-1, fallbacks: [begun]}
            bare: {provider: bare, model: bare-1, price_usd_per_mtok: {input: 1, output: 2}}
            pair: {provider: oai, model: first-1, price_usd_per_mtok: {input: 1, output: 2}, fallbacks: [bare]}
        """,
        features="""
            off: {model: openai, resume: {mode: off}}
            again: {model: openai, resume: {mode: restart}}
        """,
    )
    house.forget()


def stream(house, client, model, feature="kept", **fields):
    return house.chat(client, model, stream=True, feature=feature, **fields)


def seams(answer):
    lines = answer.body.decode().split("\n")
    return [json.loads(line[17:]) for line in lines if line.startswith(": headworks-seam ")]


def interrupted(house, answer):
    """Ended by an error, on record too, and never by a finish reason."""
    record = house.record(answer)
    assert (record["status"], record["error_code"]) == ("failed", "stream_interrupted")
    assert answer.events[-1]["error"]
    assert finish(answer) is None
    return True


def finish(answer):
    """The finish reason, in whichever dialect."""
    found = [event["choices"][0].get("finish_reason") for event in answer.events if event.get("choices")]
    found += [event["delta"].get("stop_reason") for event in answer.events if event.get("type") == "message_delta"]
    found = [reason for reason in found if reason]
    assert len(found) <= 1
    return found[0] if found else None


def usage(answer):
    """Tokens told in the stream: read, written."""
    told = {}
    for event in answer.events:
        for found in (event.get("message") or {}, event):
            told |= {name: value for name, value in (found.get("usage") or {}).items() if isinstance(value, int)}
    read = told.get("prompt_tokens", told.get("input_tokens"))
    return read, told.get("completion_tokens", told.get("output_tokens"))


def modes(house, answer):
    return [(attempt["model"], attempt["mode"], attempt["status"]) for attempt in house.record(answer)["attempts"]]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
def test_where_the_feature_wants_no_resuming_the_break_is_told(house, client, model):
    house.fake.script([Recipe(text=SAID, cut_after_tokens=5)])
    answer = stream(house, client, model, feature="off")
    assert answer.text == "One two three four five"
    assert interrupted(house, answer)
    house.fake.expect(1)
    assert house.at_rest()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("feature", ["kept", "again"])
def test_one_that_breaks_twice_is_one_answer(house, client, model, feature):
    house.fake.script(
        [Recipe(text=SAID, cut_after_tokens=4), Recipe(text=SAID, reset_after_tokens=7), Recipe(text=SAID)]
    )
    answer = stream(house, client, model, feature=feature)
    assert answer.text == SAID
    assert [seam["attempt"] for seam in seams(answer)] == [2, 3]
    assert finish(answer) in ("stop", "end_turn")
    record = house.record(answer)
    assert [attempt["status"] for attempt in record["attempts"]] == ["failed", "failed", "ok"]
    assert record["cost_nano"] == sum(attempt["cost_nano"] for attempt in record["attempts"])
    assert record["attempts"][-1]["tokens"] == house.fake.calls[-1].told.total_tokens
    assert house.at_rest()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
def test_the_usage_told_is_that_of_the_whole(house, client, model):
    options = {"stream_options": {"include_usage": True}} if client == "openai" else {}
    house.fake.script([Recipe(text=SAID)])
    whole = usage(stream(house, client, model, **options))
    for feature in ("again", "kept"):
        house.fake.script([Recipe(text=SAID, cut_after_tokens=4), Recipe(text=SAID)])
        read, written = usage(stream(house, client, model, feature=feature, **options))
        # What our own turn added is an estimate, better or worse as the vocabulary is loaded or not.
        assert read == pytest.approx(whole[0], rel=0.2 if feature == "again" else 0.4)
        assert written == whole[1] if feature == "again" else written == pytest.approx(whole[1], rel=0.25)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
def test_the_limit_of_the_answer_is_that_of_the_whole(house, client, model):
    house.fake.recipes(Recipe(text=SAID, times_each=1, cut_after_tokens=6), Recipe(text=SAID))
    assert stream(house, client, model, max_tokens=TOKENS).text == SAID
    house.fake.recipes(Recipe(text=SAID, times_each=1, cut_after_tokens=6), Recipe(text=SAID))
    answer = stream(house, client, model, max_tokens=10)
    assert answer.text == " ".join(SAID.split()[:10])
    assert finish(answer) in ("length", "max_tokens")


@pytest.mark.parametrize("client", CLIENTS)
def test_a_model_that_takes_prefill_goes_on_by_it(house, client):
    house.fake.script([Recipe(text=SAID, cut_after_tokens=5), Recipe(text=SAID)])
    answer = stream(house, client, "begun")
    assert answer.text == SAID
    assert seams(answer) == [{"attempt": 2, "mode": "prefill", "model": "begun"}]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_model_that_refuses_prefill_is_asked_to_continue_and_not_asked_for_it_again(house, client):
    for expected in ([None, "prefill", "continue"], [None, "continue"]):
        house.fake.recipes(Recipe(text=SAID, times=1, cut_after_tokens=5), Recipe(text=SAID, prefill="rejected"))
        answer = stream(house, client, "begun")
        assert answer.text == SAID
        assert [mode for _, mode, _ in modes(house, answer)] == expected
        assert [seam["mode"] for seam in seams(answer)] == ["continue"]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_fallback_that_refuses_prefill_goes_on_all_the_same(house, client):
    house.fake.recipes(
        Recipe(text=SAID, times=1, cut_after_tokens=5),
        Recipe(status=503, for_model="first-1"),
        Recipe(text=SAID, prefill="rejected"),
    )
    answer = stream(house, client, "chain")
    assert answer.text == SAID
    found = modes(house, answer)[-2:]
    assert found == [("begun-1", "prefill", "failed"), ("begun-1", "continue", "ok")]
    assert house.at_rest()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("how", [{"prefill": "ignored"}, {"prefill": "rejected", "continuation": "restarted"}])
def test_a_model_that_says_all_of_it_again_is_heard_from_where_it_broke(house, client, how):
    house.fake.recipes(Recipe(text=SAID, times=1, cut_after_tokens=5), Recipe(text=SAID, **how))
    assert stream(house, client, "begun").text == SAID


@pytest.mark.parametrize("client", CLIENTS)
def test_when_the_model_itself_cannot_the_next_one_goes_on(house, client):
    house.fake.recipes(
        Recipe(text=SAID, times=1, cut_after_tokens=5), Recipe(status=503, for_model="first-1"), Recipe(text=SAID)
    )
    answer = stream(house, client, "pair")
    assert answer.text == SAID
    assert seams(answer) == [{"attempt": 5, "mode": "continue", "model": "bare"}]
    assert house.record(answer)["model"] == "bare"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("after", [1, 2, 4])
def test_a_tool_call_is_delivered_once_and_whole(house, client, model, after):
    call = FakeToolCall("weather", ARGUMENTS, "call_one")
    house.fake.script([Recipe(tool_calls=(call,), cut_after_tokens=after), Recipe(tool_calls=(call,))])
    answer = stream(house, client, model, tools=TOOLS[client])
    names, arguments = tool_calls(answer)
    assert names == ["weather"]
    assert json.loads("".join(arguments)) == ARGUMENTS
    assert finish(answer) in ("tool_calls", "tool_use")
    assert house.record(answer)["tool_calls"] == 1


def tool_calls(answer):
    """Names of the calls begun, and the pieces of their arguments."""
    names, arguments = [], []
    for event in answer.events:
        for choice in event.get("choices") or []:
            for call in choice["delta"].get("tool_calls") or []:
                names += [call["function"]["name"]] if call["function"].get("name") else []
                arguments.append(call["function"].get("arguments") or "")
        if (event.get("content_block") or {}).get("type") == "tool_use":
            names.append(event["content_block"]["name"])
        arguments.append((event.get("delta") or {}).get("partial_json") or "")
    return names, arguments


@pytest.mark.parametrize("model", ["openai", "gemini"])
@pytest.mark.parametrize("after", [1, 3])
def test_json_is_told_anew_and_whole(house, model, after):
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 3},
        },
        "required": ["name", "tags"],
    }
    shape = {"type": "json_schema", "json_schema": {"name": "thing", "schema": schema}}
    whole = stream(house, "openai", model, response_format=shape).text
    house.fake.recipes(Recipe(times_each=1, cut_after_tokens=after))
    answer = stream(house, "openai", model, response_format=shape)
    assert json.loads(answer.text) == json.loads(whole)
    assert [seam["mode"] for seam in seams(answer)] == ["restart"]


@pytest.mark.parametrize("after", [1, 5, 20])
def test_two_choices_are_both_whole(house, after):
    house.fake.script([Recipe(text=SAID, cut_after_tokens=after), Recipe(text=SAID)])
    answer = stream(house, "openai", "openai", n=2)
    for number in (0, 1):
        pieces = [
            choice["delta"].get("content") or ""
            for event in answer.events
            for choice in event["choices"]
            if choice["index"] == number
        ]
        assert "".join(pieces) == SAID
    assert [seam["mode"] for seam in seams(answer)] == ["restart"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("after", [1, 3, 8, 12])
def test_an_answer_that_was_thought_about_is_whole(house, client, model, after):
    thought = "I weigh one thing against another."
    house.fake.script(
        [Recipe(thinking=thought, text=SAID, cut_after_tokens=after), Recipe(thinking=thought, text=SAID)]
    )
    answer = stream(house, client, model)
    assert answer.text == SAID
    assert finish(answer) in ("stop", "end_turn")
    assert thoughts(answer) == thought


def thoughts(answer):
    pieces = []
    for event in answer.events:
        pieces += [choice["delta"].get("reasoning_content") or "" for choice in event.get("choices") or []]
        pieces.append((event.get("delta") or {}).get("thinking") or "")
    return "".join(pieces)


@pytest.mark.parametrize("client", CLIENTS)
def test_another_answer_is_never_joined_to_what_was_said(house, client):
    """Whatever model is asked says something else from the beginning: there is nothing to go on with."""
    house.fake.script([Recipe(text=SAID, cut_after_tokens=8), *[Recipe(text="Quite another answer. " * 5)] * 8])
    answer = stream(house, client, "pair", feature="again")
    assert answer.text == "One two three four five six seven eight"
    assert interrupted(house, answer)
    record = house.record(answer)
    assert [(model, mode) for model, mode, _ in modes(house, answer)] == [
        ("first-1", None),
        ("first-1", "restart"),
        ("bare-1", "restart"),
    ]
    assert all(attempt["tokens"] > 0 < attempt["cost_nano"] for attempt in record["attempts"])
    assert house.gateway._standings.health.states() == []
    assert house.at_rest()


@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_that_begins_again_in_other_words_is_asked_for_in_another_way(house, client):
    """The continuation begins the answer again and then differs: each way is tried once with each model."""
    other = SAID.replace("seven", "SEVEN")
    house.fake.script([Recipe(text=SAID, cut_after_tokens=8), *[Recipe(text=other, continuation="off")] * 8])
    answer = stream(house, client, "pair")
    assert answer.text == "One two three four five six seven eight"
    assert interrupted(house, answer)
    assert [(model, mode) for model, mode, _ in modes(house, answer)] == [
        ("first-1", None),
        ("first-1", "continue"),
        ("first-1", "restart"),
        ("bare-1", "continue"),
        ("bare-1", "restart"),
    ]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_continuation_that_is_filtered_is_reported_and_not_asked_for_in_another_way(house, client):
    house.fake.script([Recipe(text=SAID, cut_after_tokens=8), Recipe(error_code="content_filter")])
    answer = stream(house, client, "pair")
    assert answer.events[-1]["error"]
    assert house.record(answer)["error_code"] == "content_policy_violation"
    house.fake.expect(2)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_continuation_that_is_too_long_is_told_anew(house, client):
    """The question and half the answer do not fit where the question alone does."""
    house.fake.script([Recipe(text=SAID, cut_after_tokens=8), Recipe(error_code="context_length_exceeded")])
    house.fake.recipes(Recipe(text=SAID))
    answer = stream(house, client, "bare")
    assert answer.text == SAID
    assert [mode for _, mode, _ in modes(house, answer)] == [None, "continue", "restart"]


def test_a_rest_whose_history_was_shortened_stays_so_when_it_breaks_again(house):
    house.add(
        models="lone: {provider: oai, model: lone-1, context_tokens: 2000}",
        features="trim: {model: lone, too_long: [trim]}",
    )
    house.forget()
    too_long = Recipe(error_code="context_length_exceeded")
    house.fake.script([Recipe(text=SAID, cut_after_tokens=4), too_long, Recipe(text=SAID, cut_after_tokens=3)])
    house.fake.recipes(Recipe(text=SAID))
    said = [{"role": ("user", "assistant")[n % 2], "content": f"turn {n} " + "word " * 20} for n in range(7)]
    answer = stream(house, "openai", "lone", feature="trim", messages=said, max_tokens=100)
    assert answer.text == SAID
    assert ["turn 2" in call.body.decode() for call in house.fake.calls] == [True, True, False, False]


def test_a_restart_that_differs_gives_way_to_the_next_model(house):
    house.fake.script([Recipe(text=SAID, cut_after_tokens=8), Recipe(text="Quite another answer."), Recipe(text=SAID)])
    answer = stream(house, "openai", "pair", feature="again")
    assert answer.text == SAID
    assert [seam["model"] for seam in seams(answer)] == ["bare"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
def test_a_model_that_always_breaks_off_ends_with_an_error(house, client, model):
    house.fake.recipes(Recipe(text="word " * 500, cut_after_tokens=4))
    answer = stream(house, client, model)
    assert interrupted(house, answer)
    assert len(house.fake.calls) <= 8
    assert house.at_rest()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("end", [{"omit_end": True}, {"omit_end": True, "reset_after_tokens": 10_000}, {}])
def test_after_the_finish_reason_nothing_that_is_missing_matters(house, client, model, end):
    house.fake.recipes(Recipe(text=SAID, **end))
    answer = stream(house, client, model)
    assert answer.text == SAID
    if "reset_after_tokens" not in end:  # which strikes before the finish reason
        assert finish(answer) in ("stop", "end_turn")
        house.fake.expect(1)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
def test_an_answer_without_a_finish_reason_is_not_taken_for_whole(house, client, model):
    house.fake.script([Recipe(text=SAID, omit_finish=True), Recipe(text=SAID)])
    answer = stream(house, client, model)
    assert answer.text == SAID
    assert finish(answer) in ("stop", "end_turn")
    assert [status for _, _, status in modes(house, answer)] == ["failed", "ok"]


def test_a_legacy_completion_goes_on_by_itself(house):
    house.fake.script([Recipe(text=SAID, cut_after_tokens=5), Recipe(text=SAID)])
    body = {"model": "openai", "prompt": "Count:", "stream": True, "max_tokens": 500}
    answer = house.ask(body, path="/v1/completions", x_headworks_feature="kept")
    assert "".join(choice["text"] for event in answer.events for choice in event["choices"]) == SAID
    assert [seam["mode"] for seam in seams(answer)] == ["prefill"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
def test_a_whole_answer_without_a_finish_reason_is_none_and_is_paid_for(house, client, model):
    house.fake.script([Recipe(text=SAID, omit_finish=True), Recipe(text=SAID)])
    answer = house.chat(client, model, feature="kept")
    assert answer.text == SAID
    attempts = house.record(answer)["attempts"]
    assert [attempt["status"] for attempt in attempts] == ["failed", "ok"]
    assert attempts[0]["tokens"] == attempts[1]["tokens"] > 0
