"""Chats and completions of OpenAI clients, changed: what changes does, and nothing else."""

import json

import msgspec
import pytest
from msgspec.structs import replace
from openai.types.chat import completion_create_params

from headworks.core.errors import BadAskError
from headworks.core.messages import Message, Target, Text, ToolCall, ToolResult
from headworks.dialects import openai
from headworks.dialects.protocols import Envelope, Turn

EDITOR = openai.EDITOR
ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=1)
TARGET = Target(name="m", provider="p", provider_model="pm", dialect="openai")
NEWER = replace(TARGET, capabilities=TARGET.capabilities | {"max_completion_tokens"})
HELLO = {"role": "user", "content": "hello"}


def chat(raw_messages=None, **fields):
    body = json.dumps({"model": "m", "later": [1]} | fields)[:-1].encode()
    messages = json.dumps([HELLO]).encode() if raw_messages is None else raw_messages
    return openai.CHAT.read(body + b', "messages":' + messages + b"}", ENVELOPE)


def completion(**fields):
    return openai.COMPLETIONS.read(json.dumps({"model": "m"} | fields).encode(), ENVELOPE)


def embedding():
    return openai.EMBEDDINGS.read(b'{"model":"m","input":"x"}', ENVELOPE)


def raw(ask, name="messages"):
    return bytes(ask.fields[name])


def test_what_was_said_becomes_the_last_turn_and_every_other_byte_stays():
    sent = b'[ {"role" : "user","content":"h\\u00e9llo", "weight": 3 } \n]'
    ask = EDITOR.continued(chat(sent), 'So "far', None)
    assert raw(ask) == sent[:-1] + b',{"role":"assistant","content":"So \\"far"}]'
    assert raw(ask, "later") == b"[1]"
    assert list(ask.fields) == list(chat(sent).fields)


def test_a_request_follows_what_was_said():
    ask = EDITOR.continued(chat(), "So far ", "Go on.")
    said = {"role": "assistant", "content": "So far "}
    assert json.loads(raw(ask)) == [HELLO, said, {"role": "user", "content": "Go on."}]


def test_white_space_at_the_end_is_left_off_where_the_model_is_to_go_on():
    assert json.loads(raw(EDITOR.continued(chat(), "So far,\n\n", None)))[-1]["content"] == "So far,"
    assert json.loads(raw(EDITOR.continued(chat(), " \n", None))) == [HELLO]


@pytest.mark.parametrize(
    ("content", "continued"),
    [
        ('"Once "', '"Once upon"'),
        ('""', '"upon"'),
        ('"\\u00e9\\n"', '"\\u00e9\\nupon"'),
        ("null", '"upon"'),
        ('[{"type":"text","text":"Once "}]', '[{"type":"text","text":"Once upon"}]'),
        (
            '[ {"type":"text","text":"a"} , {"type":"text","text":"b","cache_control":{"type":"ephemeral"}} ]',
            '[ {"type":"text","text":"a"} , {"type":"text","text":"bupon","cache_control":{"type":"ephemeral"}} ]',
        ),
        ('[{"type":"refusal","refusal":"no"}]', '[{"type":"refusal","refusal":"no"},{"type":"text","text":"upon"}]'),
        ("[]", '[{"type":"text","text":"upon"}]'),
    ],
)
def test_an_answer_that_the_client_began_is_lengthened(content, continued):
    before = '[{"role":"user","content":"hi"}, '
    ask = EDITOR.continued(
        chat(f'{before}{{"role":"assistant","content":{content},"prefix":true}} ]'.encode()), "upon", None
    )
    assert raw(ask) == f'{before}{{"role":"assistant","content":{continued},"prefix":true}} ]'.encode()


def test_an_answer_that_the_client_began_without_content_is_given_some():
    sent = b'[{"role":"user","content":"hi"},{"role":"assistant"}]'
    assert json.loads(raw(EDITOR.continued(chat(sent), "upon", None)))[-1] == {"role": "assistant", "content": "upon"}


def test_the_prompt_of_a_changed_ask_says_what_was_changed():
    ask = chat()
    assert [message.role for message in ask.prompt.messages] == ["user"]
    changed = EDITOR.continued(ask, "So far", "Go on.")
    assert changed.prompt.messages[1:] == (Message("assistant", (Text("So far"),)), Message("user", (Text("Go on."),)))
    assert changed.prompt.extra == {"later": [1]}
    assert len(ask.prompt.messages) == 1


def test_a_completion_goes_on_with_its_prompt():
    ask = EDITOR.continued(completion(prompt="Once", suffix="end"), " upon\n", "ignored")
    assert raw(ask, "prompt") == b'"Once upon\\n"'
    assert raw(ask, "suffix") == b'"end"'
    assert ask.prompt.messages == (Message("user", (Text("Once upon\n"),)),)
    assert raw(EDITOR.continued(completion(prompt=["Once"]), " upon", None), "prompt") == b'"Once upon"'


@pytest.mark.parametrize(
    "fields",
    [{"prompt": ["one", "two"]}, {"prompt": [1, 2]}, {"prompt": [[1]]}, {"prompt": "one", "echo": True}],
)
def test_a_completion_of_several_prompts_or_of_tokens_cannot_be_gone_on_with(fields):
    with pytest.raises(BadAskError):
        EDITOR.continued(completion(**fields), "x", None)


def test_what_is_no_chat_has_no_answer_and_no_turns():
    with pytest.raises(BadAskError):
        EDITOR.continued(embedding(), "x", None)
    with pytest.raises(BadAskError):
        EDITOR.with_turns(completion(prompt="x"), [])
    assert EDITOR.turns(completion(prompt="x")) == []
    assert EDITOR.limited(embedding(), 5, TARGET).fields == embedding().fields


@pytest.mark.parametrize(
    ("fields", "limited"),
    [
        ({}, {"max_tokens": 50}),
        ({"max_completion_tokens": None}, {"max_completion_tokens": None, "max_tokens": 50}),
        ({"max_tokens": 80}, {"max_tokens": 50}),
        ({"max_completion_tokens": 80}, {"max_completion_tokens": 50}),
        ({"max_completion_tokens": 80, "max_tokens": 90}, {"max_completion_tokens": 50, "max_tokens": 50}),
        ({"max_tokens": 20}, {"max_tokens": 20}),
    ],
)
def test_an_answer_is_limited_by_the_name_the_client_uses_and_never_made_longer(fields, limited):
    ask = EDITOR.limited(chat(**fields), 50, TARGET)
    said = {name: msgspec.json.decode(value) for name, value in ask.fields.items()}
    assert {name: said[name] for name in said if name.startswith("max_")} == limited
    assert EDITOR.max_tokens(ask) == ask.prompt.max_tokens == min(50, *(n for n in limited.values() if n))


@pytest.mark.parametrize("fields", [{}, {"max_tokens": None}])
def test_a_limit_that_the_client_has_no_name_for_has_the_one_the_provider_wants(fields):
    assert raw(EDITOR.limited(chat(**fields), 50, NEWER), "max_completion_tokens") == b"50"
    assert raw(EDITOR.limited(chat(**fields), 50, TARGET), "max_tokens") == b"50"
    assert "max_completion_tokens" not in EDITOR.limited(chat(**fields), 50, TARGET).fields
    assert "max_completion_tokens" not in EDITOR.limited(chat(max_tokens=80), 50, NEWER).fields


def test_a_completion_knows_only_one_name_for_its_limit():
    assert raw(EDITOR.limited(completion(prompt="x"), 50, NEWER), "max_tokens") == b"50"
    assert EDITOR.max_tokens(completion(prompt="x", max_tokens=7)) == 7


def test_the_limit_is_named_as_the_official_client_does():
    assert {"max_completion_tokens", "max_tokens"} <= set(
        completion_create_params.CompletionCreateParamsBase.__annotations__
    )


@pytest.mark.parametrize(
    ("fields", "json_wanted"),
    [
        ({}, False),
        ({"response_format": None}, False),
        ({"response_format": {"type": "text"}}, False),
        ({"response_format": {"type": "json_object"}}, True),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}, True),
    ],
)
def test_json_is_expected_where_the_format_says_so(fields, json_wanted):
    assert EDITOR.expects_json(chat(**fields)) is json_wanted


def test_one_choice_unless_more_are_asked_for():
    assert (EDITOR.choices(chat()), EDITOR.choices(chat(n=3)), EDITOR.choices(completion(prompt="x", n=2))) == (1, 3, 2)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, False),
        ({"reasoning_effort": "low"}, True),
        ({"reasoning_effort": "none"}, False),
        ({"reasoning_effort": None}, False),
        ({"reasoning": {"effort": "high"}}, True),
        ({"reasoning": {"enabled": False}}, False),
        ({"thinking": {"type": "enabled"}}, True),
        ({"thinking": {"type": "disabled"}}, False),
        ({"enable_thinking": True}, True),
        ({"enable_thinking": False}, False),
    ],
)
def test_reasoning_is_wanted_where_a_field_says_so(fields, wanted):
    assert EDITOR.wants_reasoning(chat(**fields)) is wanted


CALLS = [
    {"role": "system", "content": "Be brief."},
    HELLO,
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "c2", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "one"},
    {"role": "tool", "tool_call_id": "c2", "content": "two"},
    {"role": "assistant", "content": None, "function_call": {"name": "g", "arguments": "{}"}},
    {"role": "function", "name": "g", "content": "three"},
]


def test_turns_know_their_calls_and_results():
    ask = chat(json.dumps(CALLS).encode())
    turns = EDITOR.turns(ask)
    assert [turn.role for turn in turns] == [message["role"] for message in CALLS]
    assert [turn.call_ids for turn in turns] == [(), (), ("c1", "c2"), (), (), ("g",), ()]
    assert [turn.result_ids for turn in turns] == [(), (), (), ("c1",), ("c2",), (), ("g",)]
    assert [json.loads(turn.raw) for turn in turns] == CALLS


def test_an_ask_with_other_turns_keeps_all_else():
    ask = chat(json.dumps(CALLS[:5]).encode(), temperature=0.5)
    turns = EDITOR.turns(ask)
    changed = EDITOR.with_turns(ask, [turns[0], EDITOR.user_turn('Say "hi"'), *turns[2:]])
    assert json.loads(raw(changed))[1] == {"role": "user", "content": 'Say "hi"'}
    assert changed.prompt.messages[1] == Message("user", (Text('Say "hi"'),))
    assert changed.prompt.messages[2].parts == (ToolCall("c1", "f", "{}"), ToolCall("c2", "f", "{}"))
    assert changed.prompt.messages[3].parts == (ToolResult("c1", (Text("one"),)),)
    assert raw(changed, "temperature") == b"0.5"


def test_an_aside_is_a_chat_of_its_own():
    ask = chat(tools=[{"type": "function", "function": {"name": "f"}}], stream=True, max_tokens=9, n=2)
    ask.headers["x"] = "y"
    aside = EDITOR.aside(ask, [Turn("user", b'{"role":"user","content":"Sum up."}')], 500, NEWER)
    assert json.loads(msgspec.json.encode(aside.fields)) == {
        "model": "m",
        "max_tokens": 500,
        "messages": [{"role": "user", "content": "Sum up."}],
    }
    assert (aside.kind, aside.stream, aside.headers) == ("chat", False, {})
    assert aside.prompt.max_tokens == 500
    assert ask.stream
    assert set(EDITOR.aside(chat(), [], 5, NEWER).fields) == {"model", "messages", "max_completion_tokens"}
    assert set(EDITOR.aside(chat(), [], 5, TARGET).fields) == {"model", "messages", "max_tokens"}
