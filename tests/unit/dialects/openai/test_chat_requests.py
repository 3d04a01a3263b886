"""What a chat request may look like, and what is said of one that may not."""

import msgspec
import pytest

from headworks.core.errors import BadAskError
from headworks.core.messages import (
    Audio,
    Document,
    Image,
    Message,
    OutputFormat,
    Refusal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from headworks.dialects import openai
from headworks.dialects.protocols import Envelope

ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=1)
HELLO = [{"role": "user", "content": "hello"}]


def read(**body):
    return openai.CHAT.read(msgspec.json.encode({"model": "m", "messages": HELLO} | body), ENVELOPE)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", None),
        (b"nonsense", None),
        (b'{"model":"m","messages":[{"role":"user","content":"\xff"}]}', None),
        (b'{"model":"m","x":' + b"[" * 20_000 + b"]" * 20_000 + b"}", None),
        (b'{"messages":[{"role":"user","content":"x"}]}', "model"),
        (b'{"model":"","messages":[]}', "model"),
        (b'{"model":7,"messages":[]}', "model"),
        (b'{"model":"m"}', "messages"),
        (b'{"model":"m","messages":[]}', "messages"),
        (b'{"model":"m","messages":"hi"}', "messages"),
        (b'{"model":"m","messages":[{"content":"hi"}]}', "messages[0].role"),
        (b'{"model":"m","messages":[{"role":"owner","content":"hi"}]}', "messages[0].role"),
        (b'{"model":"m","messages":[{"role":"user"}]}', "messages[0].content"),
        (b'{"model":"m","messages":[{"role":"user","content":null}]}', "messages[0].content"),
        (
            b'{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":1}]}]}',
            "messages[0].content[0].text",
        ),
        (b'{"model":"m","messages":[{"role":"tool","content":"x"}]}', "messages[0].tool_call_id"),
    ],
)
def test_a_bad_body_is_refused_by_name(body, param):
    with pytest.raises(BadAskError) as caught:
        openai.CHAT.read(body, ENVELOPE)
    assert caught.value.status == 400
    assert caught.value.code == "invalid_request"
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_tokens", -1),
        ("max_tokens", 0),
        ("max_tokens", "many"),
        ("max_completion_tokens", 1.5),
        ("temperature", 2.1),
        ("temperature", "hot"),
        ("top_p", -0.1),
        ("n", 0),
        ("stream", "yes"),
        ("logprobs", 1),
        ("top_logprobs", 21),
        ("presence_penalty", 3),
        ("tools", {}),
        ("tools", [{"type": "function", "function": {"name": ""}}]),
        ("metadata", []),
        ("stop", 5),
        ("seed", "x"),
    ],
)
def test_a_field_of_the_wrong_type_or_value_is_named(field, value):
    with pytest.raises(BadAskError) as caught:
        read(**{field: value})
    assert caught.value.param is not None
    assert caught.value.param.startswith(field)


def test_null_means_not_sent():
    ask = read(temperature=None, tools=None, stop=None, stream=None)
    assert ask.stream is False
    assert ask.prompt.temperature is None


def test_unknown_fields_are_kept_as_sent_and_named_as_extra():
    ask = read(tomorrow={"a": 1.50})
    assert bytes(ask.fields["tomorrow"]) == b'{"a":1.5}'
    assert ask.prompt.extra == {"tomorrow": {"a": 1.5}}


def test_gateway_matters_are_no_extra():
    ask = read(user="u", store=False, metadata={"user_id": "x"}, stream=True, stream_options={"include_usage": True})
    assert ask.prompt.extra == {}
    assert read(store=True).prompt.extra == {"store": True}
    assert read(metadata={"team": "red"}).prompt.extra == {"metadata": {"team": "red"}}


@pytest.mark.parametrize(
    ("body", "user"),
    [
        ({"user": "a", "safety_identifier": "b"}, "a"),
        ({"safety_identifier": "b", "metadata": {"user_id": "c"}}, "b"),
        ({"metadata": {"user_id": "c"}}, "c"),
        ({"metadata": {"user_id": 7}}, None),
        ({}, None),
    ],
)
def test_the_end_user_is_found_in_the_body(body, user):
    assert read(**body).user_id == user


def test_a_whole_conversation_becomes_a_prompt():
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Really."}]},
        {
            "role": "user",
            "name": "ann",
            "content": [
                {"type": "text", "text": "Look", "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                {"type": "input_audio", "input_audio": {"data": "BBBB", "format": "wav"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,CCCC", "filename": "a.pdf"}},
                {"type": "file", "file": {"file_id": "file-1"}},
            ],
        },
        {
            "role": "assistant",
            "content": "Wait",
            "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "sig"}],
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
        {"role": "assistant", "content": None, "refusal": "No."},
    ]
    prompt = read(messages=messages).prompt
    assert prompt.messages == (
        Message("system", (Text("Be brief."),)),
        Message("system", (Text("Really."),)),
        Message(
            "user",
            (
                Text("Look", cache_mark={"type": "ephemeral"}),
                Image(data="AAAA", media_type="image/png", detail="low"),
                Image(url="https://example.com/a.png"),
                Audio("BBBB", "wav"),
                Document(data="CCCC", media_type="application/pdf", name="a.pdf"),
                Document(file_id="file-1"),
            ),
            "ann",
        ),
        Message("assistant", (Thinking("hm", "sig"), Text("Wait"), ToolCall("c1", "f", '{"a": 1}'))),
        Message("tool", (ToolResult("c1", (Text("42"),)),)),
        Message("assistant", (Refusal("No."),)),
    )


def test_tools_choices_and_formats_become_neutral():
    prompt = read(
        tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}}],
        tool_choice={"type": "function", "function": {"name": "f"}},
        response_format={"type": "json_schema", "json_schema": {"name": "s", "schema": {}, "strict": True}},
        max_completion_tokens=9,
        stop="END",
    ).prompt
    assert prompt.tools == (Tool(name="f", parameters={"type": "object"}, strict=True),)
    assert prompt.tool_choice == ToolChoice("tool", "f")
    assert prompt.output == OutputFormat(mode="json_schema", name="s", schema={}, strict=True)
    assert prompt.max_tokens == 9
    assert prompt.stop == ("END",)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url"},
        {"type": "image_url", "image_url": "https://example.com/a.png"},
        {"type": "image_url", "image_url": {"url": 5}},
        {"type": "input_audio", "input_audio": {"format": "wav"}},
        {"type": "file", "file": {"file_data": "not a data url"}},
        {"type": "hologram", "hologram": {}},
    ],
)
def test_a_part_that_cannot_be_translated_is_named_and_still_passes_to_its_own_dialect(part):
    ask = read(messages=[{"role": "user", "content": [part]}])
    with pytest.raises(BadAskError) as caught:
        _ = ask.prompt
    assert caught.value.param is not None
    assert caught.value.param.startswith("messages[0].content[0]")


def test_unknown_fields_inside_messages_are_extra_by_their_place():
    part = {"type": "text", "text": "x", "tomorrow": 1}
    prompt = read(messages=[{"role": "user", "content": [part], "mood": "fine"}]).prompt
    assert prompt.extra == {"messages[0].mood": "fine", "messages[0].content[0].tomorrow": 1}


@pytest.mark.parametrize(
    ("message", "param"),
    [
        (
            {"role": "assistant", "thinking_blocks": [{"type": "thinking", "thinking": "x", "signature": 5}]},
            "messages[0].thinking_blocks[0].signature",
        ),
        (
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "c",
                        "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                        "extra_content": {"google": {"thought_signature": []}},
                    }
                ],
            },
            "messages[0].tool_calls.extra_content.google.thought_signature",
        ),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.b/c", "detail": 3}}]},
            "messages[0].content[0].image_url.detail",
        ),
        (
            {"role": "user", "content": [{"type": "file", "file": {"file_id": {}}}]},
            "messages[0].content[0].file.file_id",
        ),
    ],
)
def test_what_the_shapes_leave_unchecked_is_named_when_it_is_read(message, param):
    ask = read(messages=[message])
    with pytest.raises(BadAskError) as caught:
        _ = ask.prompt
    assert caught.value.param == param
