"""What OpenAI-dialect providers are sent: the client's own fields, or a prompt from another dialect."""

import msgspec
import pytest

from headworks.core.errors import BadAskError
from headworks.core.messages import (
    Ask,
    Audio,
    Document,
    Image,
    Message,
    OutputFormat,
    Prompt,
    Reasoning,
    Target,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from headworks.dialects import openai
from headworks.dialects.protocols import Envelope

ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=7)
TARGET = Target(name="fast", provider="p", provider_model="real", dialect="openai")
DROPS = msgspec.structs.replace(TARGET, unsupported="drop")
HELLO = (Message("user", (Text("hello"),)),)


def sent(prompt, target=TARGET, kind="chat", *, stream=False):
    ask = Ask(
        trace_id="t", dialect="anthropic", kind=kind, model="fast", fields={}, read_prompt=lambda: prompt, stream=stream
    )
    request = openai.DIALECT.request(ask, target)
    return msgspec.json.decode(request.body), request


def test_the_clients_own_fields_pass_with_every_byte_but_the_model():
    body = b'{"model":"fast","messages":[{"role":"user","content":"h\\u00e9"}],"big":12345678901234567890,"x":1.50}'
    request = openai.DIALECT.request(openai.CHAT.read(body, ENVELOPE), TARGET)
    assert request.path == "/chat/completions"
    assert request.body == body.replace(b'"fast"', b'"real"')


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"include_usage": True}),
        ({"stream_options": None}, {"include_usage": True}),
        ({"stream_options": {"include_usage": False, "chunk_size": 2}}, {"include_usage": True, "chunk_size": 2}),
    ],
)
def test_a_stream_is_asked_to_tell_its_usage(options, expected):
    body = {"model": "fast", "messages": [{"role": "user", "content": "x"}], "stream": True} | options
    ask = openai.CHAT.read(msgspec.json.encode(body), ENVELOPE)
    assert msgspec.json.decode(openai.DIALECT.request(ask, TARGET).body)["stream_options"] == expected
    mute = msgspec.structs.replace(TARGET, capabilities=frozenset({"chat"}))
    assert msgspec.json.decode(openai.DIALECT.request(ask, mute).body).get("stream_options") == options.get(
        "stream_options"
    )


def test_a_conversation_of_another_dialect():
    prompt = Prompt(
        messages=(
            Message("system", (Text("Be brief."),)),
            Message("user", (Text("Look"), Image(data="AA", media_type="image/jpeg"), Audio("BB", "wav"))),
            Message("user", (Document(data="CC", media_type="application/pdf", name="a.pdf"), Document(text="plain"))),
            Message("assistant", (Text("Wait"), ToolCall("c", "f", "{}"))),
            Message("tool", (ToolResult("c", (Text("42"),)), Text("and?"))),
        )
    )
    body, _ = sent(prompt)
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AA"}},
                {"type": "input_audio", "input_audio": {"data": "BB", "format": "wav"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,CC", "filename": "a.pdf"}},
                {"type": "text", "text": "plain"},
            ],
        },
        {
            "role": "assistant",
            "content": "Wait",
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "42"},
        {"role": "user", "content": "and?"},
    ]


def test_settings_of_another_dialect():
    prompt = Prompt(
        messages=HELLO,
        tools=(Tool(name="f", parameters={"type": "object"}),),
        tool_choice=ToolChoice("tool", "f"),
        parallel_tools=False,
        output=OutputFormat(mode="json_schema", schema={"type": "object"}, strict=True),
        reasoning=Reasoning(budget_tokens=8000),
        max_tokens=5,
        stop=("END",),
        user="u",
    )
    body, _ = sent(prompt, stream=True)
    assert body == {
        "messages": [{"role": "user", "content": "hello"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "parallel_tool_calls": False,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
        },
        "reasoning_effort": "medium",
        "max_tokens": 5,
        "stop": ["END"],
        "user": "u",
        "model": "real",
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_the_name_of_the_token_limit_is_the_providers():
    wants = msgspec.structs.replace(TARGET, capabilities=frozenset({"chat", "max_completion_tokens"}))
    assert sent(Prompt(messages=HELLO, max_tokens=5), wants)[0]["max_completion_tokens"] == 5


@pytest.mark.parametrize(
    ("prompt", "field"),
    [
        (Prompt(messages=HELLO, top_k=4), "top_k"),
        (Prompt(messages=HELLO, extra={"container": "c"}), "container"),
        (Prompt(messages=(Message("user", (Document(url="https://e.org/a.pdf"),)),)), "messages[0].content[0]"),
        (Prompt(messages=(Message("user", (Image(file_id="f"),)),)), "messages[0].content[0]"),
        (Prompt(messages=(Message("tool", (ToolResult("c", (Image(data="A"),)),)),)), "messages[0].content"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name_or_dropped_and_named(prompt, field):
    with pytest.raises(BadAskError) as caught:
        sent(prompt)
    assert caught.value.code == "unsupported_field"
    assert field in caught.value.message
    assert any(name.startswith(field) for name in sent(prompt, DROPS)[1].dropped)


def test_what_changes_no_answer_is_left_out_and_named():
    prompt = Prompt(
        messages=(
            Message("user", (Text("a", cache_mark={"type": "ephemeral"}),)),
            Message("assistant", (Thinking("hm", "sig"), Text("b"))),
            Message("tool", (ToolResult("c", (Text("boom"),), is_error=True),)),
        ),
        tools=(Tool(name="f", cache_mark={"type": "ephemeral"}),),
    )
    assert sent(prompt)[1].dropped == (
        "messages[0].content[0].cache_control",
        "messages[1].thinking",
        "messages[2].is_error",
        "tools[0].cache_control",
    )


def test_embeddings_and_legacy_prompts_of_another_dialect():
    body, request = sent(Prompt(messages=(), inputs=("a", "b"), dimensions=8), kind="embedding")
    assert (request.path, body) == ("/embeddings", {"input": ["a", "b"], "dimensions": 8, "model": "real"})
    chats = msgspec.structs.replace(TARGET, capabilities=frozenset({"chat"}))
    ask = openai.COMPLETIONS.read(b'{"model":"fast","prompt":"Say hi","max_tokens":3}', ENVELOPE)
    request = openai.DIALECT.request(ask, chats)
    assert request.path == "/chat/completions"
    assert msgspec.json.decode(request.body)["messages"] == [{"role": "user", "content": "Say hi"}]


def test_tokens_cannot_be_counted_here():
    with pytest.raises(BadAskError):
        sent(Prompt(messages=HELLO), kind="count")


def test_nothing_inside_a_conversation_is_left_out_unsaid():
    prompt = Prompt(
        messages=(
            Message("assistant", (ToolCall("c", "f", "{}", signature="s", cache_mark={"type": "ephemeral"}),)),
            Message("tool", (ToolResult("c", (Text("x"),), cache_mark={"type": "ephemeral"}),)),
        ),
        reasoning=Reasoning(enabled=False),
    )
    assert set(sent(prompt)[1].dropped) == {
        "messages[0].tool_use.cache_control",
        "messages[0].tool_use.signature",
        "messages[1].tool_result.cache_control",
        "thinking",
    }
    for document in (Document(text="x", context="c"), Document(text="x", citations=True)):
        with pytest.raises(BadAskError):
            sent(Prompt(messages=(Message("user", (document,)),)))
