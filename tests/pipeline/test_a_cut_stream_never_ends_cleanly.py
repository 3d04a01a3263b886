"""A stream that breaks off is an error inside the stream, never a clean end, and what was used is on record and priced.

For every provider dialect and every client dialect: half an answer must not pass for a whole one.
"""

import pytest

from headworks.testing import FakeToolCall, Recipe

CLIENTS = ["openai", "anthropic"]
MODELS = ["openai", "anthropic", "gemini"]
LONG = FakeToolCall("weather", {"city": "a city with a long name, of several words, to be cut in the middle"})
TOOLS = {
    "openai": {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]},
    "anthropic": {"tools": [{"name": "weather", "input_schema": {"type": "object"}}]},
}
FAULTS = {
    "closed": Recipe(tokens=20, cut_after_tokens=5),
    "reset": Recipe(tokens=20, reset_after_tokens=5),
    "malformed": Recipe(tokens=20, malformed_after_tokens=5),
    "error event": Recipe(tokens=20, error_after_tokens=5),
    "no finish reason": Recipe(tokens=20, omit_finish=True, omit_end=True),
    "end marker without finish reason": Recipe(tokens=20, omit_finish=True),
}
CODES = {"stream_interrupted", "provider_error", "overloaded"}


def assert_broken(client, answer):
    """The client's SDK raises: the last event is an error, and nothing says that the answer is complete."""
    assert answer.status == 200
    assert answer.ended, "the connection is closed in order; the error stands in the stream"
    last = answer.events[-1]
    assert last["error"]["message"]
    assert b"[DONE]" not in answer.body
    if client == "openai":
        assert last["error"]["code"] in CODES
        reasons = [choice["finish_reason"] for event in answer.events for choice in event.get("choices", ())]
        assert set(reasons) <= {None}
    else:
        assert last["type"] == "error"
        assert {event["type"] for event in answer.events}.isdisjoint({"message_stop", "message_delta"})


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_client_sees_an_error_and_the_record_tells_the_truth(house, client, model, fault):
    house.fake.script([fault])
    answer = house.chat(client, model, stream=True)
    assert_broken(client, answer)
    assert answer.text.startswith("Echo: Hello")
    found = house.record(answer)
    assert (found["status"], found["error_code"] in CODES) == ("failed", True)
    assert found["completion_tokens"] > 0
    assert found["cost_nano"] > 0
    assert found["finish_reason"] is None
    house.fake.expect(1)  # words have reached the client: nobody else may begin anew


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
def test_a_tool_call_cut_in_its_arguments_is_no_tool_call(house, client, model):
    house.fake.script([Recipe(tool_calls=(LONG,), cut_after_tokens=3)])
    answer = house.chat(client, model, stream=True, **TOOLS[client])
    assert_broken(client, answer)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", [Recipe(tokens=20, cut_after_tokens=5), Recipe(tokens=20, malformed_after_tokens=5)])
def test_a_whole_answer_that_breaks_off_is_an_error_answer(house, client, model, fault):
    house.fake.script([fault])
    answer = house.chat(client, model)
    assert answer.status == 502
    assert answer.error["message"]
    assert house.record(answer)["status"] == "failed"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
def test_a_stream_cut_before_its_first_event_is_never_an_empty_answer(house, client, model):
    house.fake.script([Recipe(tokens=20, cut_after_tokens=0)])
    answer = house.chat(client, model, stream=True)
    assert answer.status >= 500 or answer.events[-1]["error"]
    assert house.record(answer)["status"] == "failed"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
def test_a_missing_end_marker_after_the_finish_reason_cuts_nothing(house, client, model):
    house.fake.script([Recipe(text="All of it.", omit_end=True)])
    answer = house.chat(client, model, stream=True)
    assert answer.text == "All of it."
    assert "error" not in answer.events[-1]
    assert (b"data: [DONE]" in answer.body) == (client == "openai")
    assert house.record(answer)["status"] == "ok"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
def test_a_200_that_holds_an_error_is_an_error_answer(house, client, model):
    house.fake.script([Recipe(error_after_tokens=0)])
    answer = house.chat(client, model)
    assert answer.status >= 500
    assert house.record(answer)["status"] == "failed"
