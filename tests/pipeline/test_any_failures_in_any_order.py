"""Failures of every kind, in any order: an answer is whole or ends in an error, and its record adds up, always."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.testing import Recipe
from headworks.testing.recipe import FakeToolCall

SAID = "Alpha, bravo; charlie delta — echo 日本語 foxtrot\n\ngolf  hotel 👩‍👩‍👧 india juliett kilo lima mike november."
OTHER = "Something else altogether, from the very beginning."
TEXTS = (SAID, OTHER)
CALL = FakeToolCall("weather", {"city": "San Cristóbal de las Casas", "days": 7}, "call_one")
TOOLS = {
    "openai": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
    "anthropic": [{"name": "weather", "input_schema": {"type": "object"}}],
}
REFUSALS = [
    {"status": 500},
    {"status": 503},
    {"status": 503, "headers": {"retry-after-ms": "20"}},
    {"status": 504},
    {"status": 429, "headers": {"retry-after-ms": "20"}},
    {"status": 429, "retry_after": "30"},
    {"status": 401},
    {"status": 403},
    {"status": 404},
    {"status": 400},
    {"error_code": "content_filter"},
    {"error_code": "context_length_exceeded"},
    {"error_code": "insufficient_quota"},
    {"status": 502, "error_body": "<html>"},
    {"hang_up": True},
    {"silence_s": 30},
]
BREAKS = ["cut", "reset", "malformed", "error", "stall"]
HABITS = [
    {},
    {"omit_finish": True, "omit_end": True},
    {"omit_end": True},
    {"usage": "missing"},
    {"usage": "in_last_chunk"},
    {"coalesce": True},
    {"split_utf8": True},
    {"prefill": "rejected"},
    {"prefill": "ignored"},
    {"continuation": "overlapping"},
    {"continuation": "restarted"},
    {"continuation": "off"},
    {"thinking": "I weigh it. "},
]


@pytest.fixture(autouse=True)
def _providers(house):
    timeouts = "{first_byte_s: 0.08, idle_s: 0.08, total_s: 2}"
    for_all = f'base_url: "FAKE/v1", timeouts: {timeouts}'
    price = "price_usd_per_mtok: {input: 1, output: 2}"
    house.add(
        providers=f"""
            o: {{dialect: openai, {for_all}, api_keys: [key-ffff-0006, key-gggg-0007]}}
            a: {{dialect: anthropic, {for_all}, api_key: key-hhhh-0008, capabilities: [chat, prefill]}}
            g: {{dialect: gemini, base_url: "FAKE/v1beta", timeouts: {timeouts}, api_key: key-iiii-0009}}
        """,
        models=f"""
            o1: {{provider: o, model: o-1, {price}, fallbacks: [a1]}}
            a1: {{provider: a, model: a-1, {price}, fallbacks: [g1]}}
            g1: {{provider: g, model: g-1, {price}}}
        """,
        features="""
            usual: {model: o1}
            again: {model: o1, resume: {mode: restart}}
            never: {model: o1, resume: {mode: off}}
            raced: {model: o1, hedge: true}
            free: {model: o1, content_filter: elsewhere, retry: {per_model: 1, calls: 4, usd: 0.0001}}
        """,
    )


@st.composite
def recipes(draw, tools, others):
    """`others`: another answer may come. A model that is asked to go on with one would make a third of both."""
    if draw(st.integers(0, 2)) == 0:
        return Recipe(**draw(st.sampled_from(REFUSALS)))
    said = {"tool_calls": (CALL,)} if tools else {"text": SAID}
    said |= draw(st.sampled_from([*HABITS, {"text": OTHER}] if others else HABITS))
    if draw(st.booleans()):
        said[f"{draw(st.sampled_from(BREAKS))}_after_tokens"] = draw(st.integers(0, 22))
    return Recipe(**said)


def read(answer, client):
    """Text, arguments of tool calls, finish reasons, errors of a stream."""
    arguments, reasons, errors = [], [], []
    for event in answer.events:
        errors += [event["error"]] if event.get("error") else []
        for choice in event.get("choices") or []:
            reasons += [choice["finish_reason"]] if choice.get("finish_reason") else []
            calls = choice["delta"].get("tool_calls") or []
            arguments += [call["function"].get("arguments") or "" for call in calls]
        delta = event.get("delta") or {}
        reasons += [delta["stop_reason"]] if delta.get("stop_reason") else []
        arguments.append(delta.get("partial_json") or "")
    return answer.text, "".join(arguments), reasons, errors


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_answer_is_whole_or_ends_in_an_error(house, data):
    client = data.draw(st.sampled_from(["openai", "anthropic"]))
    model = data.draw(st.sampled_from(["o1", "a1", "g1"]))
    feature = data.draw(st.sampled_from(["usual", "usual", "again", "never", "raced", "free"]))
    stream, tools = data.draw(st.booleans()), data.draw(st.integers(0, 3)) == 0
    script = data.draw(st.lists(recipes(tools, others=feature in ("again", "never")), max_size=5))
    house.forget()
    house.fake.forget()
    house.fake.recipes(Recipe(tool_calls=(CALL,)) if tools else Recipe(text=SAID))
    house.fake.script(script)
    more = {"tools": TOOLS[client]} if tools else {}
    answer = house.chat(client, model, stream=stream, feature=feature, **more)
    assert answer.ended
    record = house.record(answer)
    check_record(house, record, answer)
    if answer.status != 200:
        assert record["status"] == "failed"
        assert answer.error
    elif stream:
        check_stream(record, read(answer, client), tools)
    else:
        assert record["status"] == "ok"
        if not tools:
            assert answer.text in TEXTS


def check_record(house, record, answer):
    attempts = record["attempts"]
    assert len(attempts) <= (4 if record["feature"] == "free" else 8)
    assert record["status"] in ("ok", "failed")
    assert [attempt["status"] for attempt in attempts].count("ok") == (record["status"] == "ok")
    assert record["cost_nano"] == sum(attempt["cost_nano"] for attempt in attempts)
    assert record["total_tokens"] == sum(attempt["tokens"] for attempt in attempts)
    hung_up = sum(call.bytes_sent == 0 for call in house.fake.calls)  # found so, and sent again over a new connection
    late = sum(
        attempt["error_code"] == "provider_timeout" for attempt in attempts
    )  # on a busy machine before it is sent
    assert len(attempts) - late <= len(house.fake.calls) <= len(attempts) + hung_up
    assert house.at_rest()


def check_stream(record, heard, tools):
    text, arguments, reasons, errors = heard
    if record["status"] == "ok":
        assert (len(reasons), errors) == (1, [])
        if tools:
            assert json.loads(arguments) == CALL.arguments if arguments else text in TEXTS
        else:
            assert text in TEXTS
    else:
        assert (reasons, len(errors)) == ([], 1)
        assert any(whole.startswith(text) for whole in TEXTS)
