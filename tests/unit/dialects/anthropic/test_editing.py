"""Messages of Anthropic clients, changed: what changes does, and nothing else."""

import json
from typing import Any

import msgspec
import pytest

from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Message, Target, Text
from headworks.dialects.anthropic import COUNT_TOKENS, EDITOR, MESSAGES
from headworks.dialects.protocols import Envelope, Turn

ENVELOPE = Envelope(trace_id="t", headers={"anthropic-beta": "x"}, created=1)
TARGET = Target(name="m", provider="p", provider_model="pm", dialect="anthropic")
HELLO = {"role": "user", "content": "hello"}


def ask_of(raw_messages: bytes = b"", **fields: Any) -> Ask:
    body = json.dumps({"model": "m", "max_tokens": 8000, "system": "Be brief.", "later": [1]} | fields)[:-1].encode()
    messages = raw_messages or json.dumps([HELLO]).encode()
    return MESSAGES.read(body + b', "messages":' + messages + b"}", ENVELOPE)


def raw(ask: Ask, name: str = "messages") -> bytes:
    return bytes(ask.fields[name])


def test_what_was_said_becomes_the_last_turn_and_every_other_byte_stays() -> None:
    sent = b'[ {"role" : "user","content":[{"type":"text","text":"h\\u00e9llo", "weight": 3} ] } \n]'
    ask = EDITOR.continued(ask_of(sent), "So far", None)
    assert raw(ask) == sent[:-1] + b',{"role":"assistant","content":"So far"}]'
    assert raw(ask, "system") == b'"Be brief."'
    assert raw(ask, "later") == b"[1]"


def test_a_request_follows_what_was_said() -> None:
    ask = EDITOR.continued(ask_of(), "So far ", "Go on.")
    said = {"role": "assistant", "content": "So far "}
    assert json.loads(raw(ask)) == [HELLO, said, {"role": "user", "content": "Go on."}]
    assert ask.prompt.messages[-1] == Message("user", (Text("Go on."),))


def test_white_space_at_the_end_is_left_off_where_the_model_is_to_go_on() -> None:
    assert json.loads(raw(EDITOR.continued(ask_of(), "So far,\n ", None)))[-1]["content"] == "So far,"


def test_nothing_said_is_no_turn() -> None:
    assert json.loads(raw(EDITOR.continued(ask_of(), "\n", None))) == [HELLO]
    assert json.loads(raw(EDITOR.continued(ask_of(), "\n", "Go on."))) == [HELLO, {"role": "user", "content": "Go on."}]


@pytest.mark.parametrize(
    ("content", "continued"),
    [
        ('"{"', '"{upon"'),
        ('[{"type":"text","text":"Once "}]', '[{"type":"text","text":"Once upon"}]'),
        (
            '[{"type":"thinking","thinking":"x","signature":"s"}]',
            '[{"type":"thinking","thinking":"x","signature":"s"},{"type":"text","text":"upon"}]',
        ),
        ("[]", '[{"type":"text","text":"upon"}]'),
    ],
)
def test_an_answer_that_the_client_began_is_lengthened(content: str, continued: str) -> None:
    before = '[{"role":"user","content":"hi"} , '
    ask = EDITOR.continued(ask_of(f'{before}{{"role":"assistant","content":{content}}}\n]'.encode()), "upon", None)
    assert raw(ask) == f'{before}{{"role":"assistant","content":{continued}}}\n]'.encode()


def test_a_count_has_no_answer() -> None:
    count = COUNT_TOKENS.read(json.dumps({"model": "m", "messages": [HELLO]}).encode(), ENVELOPE)
    with pytest.raises(BadAskError):
        EDITOR.continued(count, "x", None)
    assert EDITOR.max_tokens(count) is None
    assert EDITOR.limited(count, 5, TARGET).fields == count.fields
    assert len(EDITOR.turns(count)) == 1


@pytest.mark.parametrize(("wanted", "limited"), [(500, 500), (8000, 8000), (9000, 8000)])
def test_an_answer_is_limited_and_never_made_longer(wanted: int, limited: int) -> None:
    ask = EDITOR.limited(ask_of(), wanted, TARGET)
    assert EDITOR.max_tokens(ask) == ask.prompt.max_tokens == limited


@pytest.mark.parametrize(
    ("budget", "wanted", "limit", "left"),
    [(4000, 5000, 5000, 4000), (4000, 4000, 4000, 2000), (4000, 300, 2048, 1024), (1024, 1500, 2048, 1024)],
)
def test_a_limit_leaves_room_to_think_and_to_answer(budget: int, wanted: int, limit: int, left: int) -> None:
    thinking = {"type": "enabled", "budget_tokens": budget, "display": "summarized"}
    ask = EDITOR.limited(ask_of(thinking=thinking), wanted, TARGET)
    assert EDITOR.max_tokens(ask) == limit
    assert json.loads(raw(ask, "thinking")) == thinking | {"budget_tokens": left}
    assert ask.prompt.reasoning is not None
    assert ask.prompt.reasoning.budget_tokens == left


def test_thinking_without_a_budget_is_limited_like_all_else() -> None:
    ask = EDITOR.limited(ask_of(thinking={"type": "adaptive"}), 300, TARGET)
    assert (EDITOR.max_tokens(ask), raw(ask, "thinking")) == (300, b'{"type": "adaptive"}')


@pytest.mark.parametrize(
    ("fields", "json_wanted"),
    [
        ({}, False),
        ({"output_config": {"effort": "low"}}, False),
        ({"output_config": {"format": None}}, False),
        ({"output_config": {"format": {"type": "json_schema", "schema": {}}}}, True),
        ({"output_format": {"type": "json_schema", "schema": {}}}, True),
    ],
)
def test_json_is_expected_where_the_format_says_so(fields: dict[str, Any], json_wanted: bool) -> None:
    assert EDITOR.expects_json(ask_of(**fields)) is json_wanted
    assert EDITOR.choices(ask_of(**fields)) == 1


@pytest.mark.parametrize(
    ("thinking", "wanted"),
    [
        (None, False),
        ({"type": "disabled"}, False),
        ({"type": "enabled", "budget_tokens": 1024}, True),
        ({"type": "adaptive"}, True),
    ],
)
def test_reasoning_is_wanted_where_thinking_is_on(thinking: dict[str, Any] | None, wanted: bool) -> None:
    assert EDITOR.wants_reasoning(ask_of(thinking=thinking)) is wanted
    assert EDITOR.wants_reasoning(ask_of()) is False


CALLS = [
    HELLO,
    {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "c1", "name": "f", "input": {}},
            {"type": "tool_use", "id": "c2", "name": "f", "input": {}},
            {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
            {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
            {"type": "strange_tool_use", "id": 7},
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": "one"},
            {"type": "tool_result", "tool_use_id": "c2", "content": [{"type": "text", "text": "two"}]},
            {"type": "text", "text": "and?"},
        ],
    },
]


def test_turns_know_their_calls_and_results() -> None:
    turns = EDITOR.turns(ask_of(json.dumps(CALLS).encode()))
    assert [turn.role for turn in turns] == ["user", "assistant", "user"]
    assert [turn.call_ids for turn in turns] == [(), ("c1", "c2", "s1"), ()]
    assert [turn.result_ids for turn in turns] == [(), ("s1",), ("c1", "c2")]
    assert [json.loads(turn.raw) for turn in turns] == CALLS


def test_an_ask_with_other_turns_keeps_all_else() -> None:
    ask = ask_of()
    changed = EDITOR.with_turns(ask, [EDITOR.user_turn('Say "hi"')])
    assert raw(changed) == b'[{"role":"user","content":"Say \\"hi\\""}]'
    assert changed.prompt.messages == (Message("system", (Text("Be brief."),)), Message("user", (Text('Say "hi"'),)))
    assert [*changed.fields] == [*ask.fields]
    assert ask.prompt.messages[-1] == Message("user", (Text("hello"),))


def test_an_aside_is_a_chat_of_its_own() -> None:
    ask = ask_of(stream=True, tools=[{"name": "f", "input_schema": {}}])
    aside = EDITOR.aside(ask, [Turn("user", b'{"role":"user","content":"Sum up."}')], 500, TARGET)
    assert json.loads(msgspec.json.encode(aside.fields)) == {
        "model": "m",
        "max_tokens": 500,
        "messages": [{"role": "user", "content": "Sum up."}],
    }
    assert (aside.kind, aside.stream, aside.headers) == ("chat", False, {})
    assert ask.stream
    assert ask.headers == {"anthropic-beta": "x"}
