"""Bodies of `/v1/messages` and `/v1/messages/count_tokens`: checked once, passed on as sent."""

import json
from typing import Any

import msgspec
import pytest

from headworks.core.errors import BadAskError
from headworks.dialects.anthropic import COUNT_TOKENS, MESSAGES
from headworks.dialects.protocols import Envelope

HI = {"role": "user", "content": "hi"}


def envelope(**headers: str) -> Envelope:
    return Envelope(trace_id="t" * 32, headers={k.replace("_", "-"): v for k, v in headers.items()}, created=1)


def body(**changes: Any) -> bytes:
    fields = {"model": "fast", "max_tokens": 10, "messages": [HI]} | changes
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def refusal(sent: bytes) -> BadAskError:
    with pytest.raises(BadAskError) as caught:
        MESSAGES.read(sent, envelope())
    assert caught.value.status == 400
    assert not caught.value.retryable
    return caught.value


def test_an_ask_keeps_every_field_as_sent_and_in_order() -> None:
    sent = b'{"tomorrow": [1 , 2],"model":"fast","max_tokens":10, "messages":[{"role":"user","content":"h\\u00e9"}]}'
    ask = MESSAGES.read(sent, envelope())
    assert list(ask.fields) == ["tomorrow", "model", "max_tokens", "messages"]
    assert bytes(ask.fields["tomorrow"]) == b"[1 , 2]"
    assert bytes(ask.fields["messages"]) == b'[{"role":"user","content":"h\\u00e9"}]'


def test_an_ask_says_what_is_wanted() -> None:
    ask = MESSAGES.read(
        body(stream=True, metadata={"user_id": "u-1"}),
        envelope(anthropic_beta="x", anthropic_version="2023-06-01", te="y"),
    )
    assert (ask.dialect, ask.kind, ask.model, ask.stream, ask.user_id) == ("anthropic", "chat", "fast", True, "u-1")
    assert ask.headers == {"anthropic-beta": "x", "anthropic-version": "2023-06-01"}
    assert ask.trace_id == "t" * 32


def test_a_count_needs_no_max_tokens() -> None:
    ask = COUNT_TOKENS.read(body(max_tokens=...), envelope())
    assert (ask.kind, ask.stream, ask.user_id) == ("count", False, None)


def test_unknown_fields_blocks_and_tools_are_let_through() -> None:
    blocks = [{"type": "hologram", "source": 5, "name": {"a": 1}, "content": 7, "text": None}]
    MESSAGES.read(
        body(
            messages=[{"role": "user", "content": blocks, "weight": 3}],
            tools=[{"type": "web_search_20250305", "name": "web_search", "max_uses": 5}, {"type": "mcp_toolset"}],
            thinking={"type": "between_tools"},
            tool_choice={"type": "auto"},
            output_config={"format": None, "new": 1},
            later={"deep": [[]]},
            system=[{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}],
            temperature=1,
        ),
        envelope(),
    )


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"model": ...}, "model"),
        ({"model": ""}, "model"),
        ({"model": 3}, "model"),
        ({"messages": ...}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [HI, HI, {"role": "user", "content": 5}]}, "messages[2].content"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "image", "source": "x"}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}, "messages[0].content[0]"),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": 5}]}]},
            "messages[0].content[0]",
        ),
        (
            {
                "messages": [
                    {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "b", "input": []}]}
                ]
            },
            "messages[0].content[0]",
        ),
        ({"max_tokens": ...}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -5}, "max_tokens"),
        ({"max_tokens": "10"}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"system": 5}, "system"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": -0.1}, "temperature"),
        ({"top_p": 1.5}, "top_p"),
        ({"top_k": -1}, "top_k"),
        ({"stop_sequences": "x"}, "stop_sequences"),
        ({"stop_sequences": [1]}, "stop_sequences[0]"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"name": "f"}]}, "tools[0]"),
        ({"tools": [{"input_schema": {}}]}, "tools[0]"),
        ({"tools": [{"name": "f", "input_schema": "x"}]}, "tools[0].input_schema"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice"),
        ({"thinking": {"type": "enabled", "budget_tokens": -1}}, "thinking.budget_tokens"),
        ({"metadata": {"user_id": 5}}, "metadata.user_id"),
        ({"output_config": {"format": "json"}}, "output_config.format"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], param: str) -> None:
    error = refusal(body(**changes))
    assert error.param == param
    assert param in error.message


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"nonsense",
        b'{"model": "fast", "messages": [}',
        b'{"model":"\xff"}',
        b'{"model":"fast","max_tokens":1,"messages":[{"role":"user","content":"\xc3\x28"}]}',
        b'{"model":"fast","max_tokens":1,"messages":' + b"[" * 200_000,
        b'{"model":"fast","max_tokens":1,"later":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"model":"fast","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text","text":"x","a":'
        + b'{"a":' * 200_000
        + b"1"
        + b"}" * 200_000
        + b"}]}]}",
    ],
)
def test_what_is_no_json_object_is_refused(sent: bytes) -> None:
    assert refusal(sent).code == "invalid_request"


def test_a_large_image_is_passed_on_as_sent() -> None:
    data = "A" * 1_000_000
    block = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
    ask = MESSAGES.read(body(messages=[{"role": "user", "content": [block]}]), envelope())
    assert msgspec.json.decode(ask.fields["messages"])[0]["content"][0]["source"]["data"] == data
