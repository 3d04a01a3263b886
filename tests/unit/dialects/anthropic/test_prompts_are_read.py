"""Anthropic bodies as neutral prompts: everything known has its place, everything else is named."""

import json
from typing import Any

import pytest

from headworks.core.errors import BadAskError
from headworks.core.messages import (
    Document,
    Image,
    Message,
    OutputFormat,
    Prompt,
    Reasoning,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from headworks.dialects.anthropic import COUNT_TOKENS, MESSAGES
from headworks.dialects.protocols import Envelope

ENVELOPE = Envelope(trace_id="t", headers={}, created=1)
MARK = {"type": "ephemeral", "ttl": "1h"}


def prompt(**fields: Any) -> Prompt:
    body = {"model": "fast", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]} | fields
    return MESSAGES.read(json.dumps(body).encode(), ENVELOPE).prompt


def parts(*blocks: dict[str, Any], role: str = "user") -> Prompt:
    return prompt(messages=[{"role": role, "content": list(blocks)}])


def test_plain_text_needs_no_more_than_that() -> None:
    assert prompt() == Prompt(messages=(Message("user", (Text("hi"),)),), max_tokens=10)


def test_the_system_prompt_comes_first() -> None:
    assert prompt(system="be brief").messages[0] == Message("system", (Text("be brief"),))
    blocks = [{"type": "text", "text": "a", "cache_control": MARK}, {"type": "text", "text": "b"}]
    assert prompt(system=blocks).messages[0] == Message("system", (Text("a", cache_mark=MARK), Text("b")))


def test_a_system_turn_keeps_its_place() -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]
    assert [message.role for message in prompt(messages=turns).messages] == ["user", "system"]


def test_images_of_every_source() -> None:
    read = parts(
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "AA=="},
            "cache_control": MARK,
        },
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
    )
    assert read.messages[0].parts == (
        Image(data="AA==", media_type="image/png", cache_mark=MARK),
        Image(url="https://example.com/a.png"),
        Image(file_id="file_1"),
    )
    assert read.extra == {}


def test_documents_of_every_source() -> None:
    read = parts(
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
            "title": "T",
            "context": "C",
            "citations": {"enabled": True},
        },
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
        {"type": "document", "source": {"type": "file", "file_id": "file_2"}},
    )
    assert read.messages[0].parts == (
        Document(data="JVBERi0=", media_type="application/pdf", name="T", context="C", citations=True),
        Document(text="words", media_type="text/plain"),
        Document(url="https://example.com/a.pdf"),
        Document(file_id="file_2"),
    )
    assert read.extra == {}


def test_an_assistant_turn_keeps_thoughts_and_calls() -> None:
    read = parts(
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "sealed"},
        {"type": "text", "text": "ok", "citations": None},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": "é"}, "caller": {"type": "direct"}},
        role="assistant",
    )
    assert read.messages == (
        Message(
            "assistant",
            (
                Thinking("hm", signature="sig"),
                Thinking("", redacted="sealed"),
                Text("ok"),
                ToolCall("t1", "f", '{"a":"é"}'),
            ),
        ),
    )
    assert read.extra == {}


def test_tool_results_stand_in_messages_of_their_own() -> None:
    read = parts(
        {"type": "tool_result", "tool_use_id": "t1", "content": "sunny"},
        {"type": "tool_result", "tool_use_id": "t2", "content": [{"type": "text", "text": "no"}], "is_error": True},
        {"type": "tool_result", "tool_use_id": "t3"},
        {"type": "text", "text": "go on"},
    )
    assert read.messages == (
        Message("tool", (ToolResult("t1", (Text("sunny"),)),)),
        Message("tool", (ToolResult("t2", (Text("no"),), is_error=True),)),
        Message("tool", (ToolResult("t3", ()),)),
        Message("user", (Text("go on"),)),
    )


def test_citations_keep_the_providers_own_object() -> None:
    wire = {
        "type": "char_location",
        "cited_text": "q",
        "document_title": "T",
        "start_char_index": 1,
        "end_char_index": 2,
    }
    read = parts({"type": "text", "text": "x", "citations": [wire]}, role="assistant")
    (text,) = read.messages[0].parts
    assert isinstance(text, Text)
    assert (text.citations[0].title, text.citations[0].start, text.citations[0].wire) == ("T", 1, wire)


def test_tools_and_choices() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    tool = {
        "type": "custom",
        "name": "f",
        "description": "d",
        "input_schema": schema,
        "strict": True,
        "cache_control": MARK,
    }
    read = prompt(tools=[tool], tool_choice={"type": "any", "disable_parallel_tool_use": True})
    assert read.tools == (Tool(name="f", description="d", parameters=schema, strict=True, cache_mark=MARK),)
    assert (read.tool_choice, read.parallel_tools) == (ToolChoice("required"), False)
    assert prompt(tools=[tool], tool_choice={"type": "tool", "name": "f"}).tool_choice == ToolChoice("tool", "f")
    assert prompt(tools=[tool], tool_choice={"type": "none"}).tool_choice == ToolChoice("none")
    assert prompt(tools=[tool], tool_choice={"type": "auto"}).parallel_tools is None
    assert read.extra == {}


def test_the_rest_of_the_body_has_its_place() -> None:
    schema = {"type": "object"}
    read = prompt(
        temperature=1,
        top_p=0.5,
        top_k=3,
        stop_sequences=["a", "b"],
        metadata={"user_id": "u"},
        service_tier="standard_only",
        output_config={"effort": "low", "format": {"type": "json_schema", "schema": schema}},
        stream=True,
        inference_geo=None,
    )
    assert (read.temperature, read.top_p, read.top_k, read.stop, read.user) == (1.0, 0.5, 3, ("a", "b"), "u")
    assert read.service_tier == "default"
    assert read.output == OutputFormat(mode="json_schema", schema=schema, strict=True)
    assert read.reasoning == Reasoning(effort="low")
    assert read.extra == {}


@pytest.mark.parametrize(
    ("thinking", "reasoning"),
    [
        ({"type": "enabled", "budget_tokens": 2000}, Reasoning(budget_tokens=2000)),
        ({"type": "adaptive"}, Reasoning()),
        ({"type": "disabled"}, Reasoning(enabled=False)),
    ],
)
def test_thinking_of_every_type(thinking: dict[str, Any], reasoning: Reasoning) -> None:
    assert prompt(thinking=thinking).reasoning == reasoning


def test_a_mark_on_the_request_is_a_mark_on_its_last_block() -> None:
    read = prompt(
        cache_control=MARK,
        messages=[{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
    )
    assert read.messages[0].parts == (Text("a"), Text("b", cache_mark=MARK))
    assert read.extra == {}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"container": "c"}, "container"),
        ({"context_management": {"edits": []}}, "context_management"),
        ({"mcp_servers": [1]}, "mcp_servers"),
        ({"speed": "fast"}, "speed"),
        ({"tomorrow": 1}, "tomorrow"),
        ({"metadata": {"user_id": "u", "more": 1}}, "metadata.more"),
        ({"thinking": {"type": "adaptive", "display": "omitted"}}, "thinking.display"),
        ({"thinking": {"type": "between_tools"}}, "thinking.type"),
        ({"output_config": {"task_budget": 1}}, "output_config.task_budget"),
        ({"output_config": {"format": {"type": "grammar"}}}, "output_config.format"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0]"),
        ({"tools": [{"name": "f", "input_schema": {}, "defer_loading": True}]}, "tools[0].defer_loading"),
        ({"tool_choice": {"type": "auto", "more": 1}}, "tool_choice.more"),
        ({"tool_choice": {"type": "later"}}, "tool_choice.type"),
        ({"messages": [{"role": "user", "content": "a", "weight": 1}]}, "messages[0].weight"),
    ],
)
def test_what_has_no_neutral_meaning_is_named(fields: dict[str, Any], path: str) -> None:
    assert list(prompt(**fields).extra) == [path]


@pytest.mark.parametrize(
    ("block", "path"),
    [
        ({"type": "hologram"}, "messages[0].content[0]"),
        ({"type": "search_result", "source": "s", "title": "t", "content": []}, "messages[0].content[0]"),
        ({"type": "document", "source": {"type": "content", "content": "x"}}, "messages[0].content[0]"),
        ({"type": "image", "source": {"type": "later"}}, "messages[0].content[0]"),
        ({"type": "text", "text": "x", "more": 1}, "messages[0].content[0].more"),
        (
            {"type": "image", "source": {"type": "url", "url": "u"}, "transformations": {}},
            "messages[0].content[0].transformations",
        ),
        ({"type": "image", "source": {"type": "url", "url": "u", "more": 1}}, "messages[0].content[0].source.more"),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "tool_reference", "tool_name": "f"}]},
            "messages[0].content[0].content[0]",
        ),
        (
            {"type": "tool_use", "id": "a", "name": "f", "input": {}, "caller": {"type": "code_execution_20260120"}},
            "messages[0].content[0].caller",
        ),
    ],
)
def test_blocks_without_neutral_meaning_are_named(block: dict[str, Any], path: str) -> None:
    assert list(parts(block).extra) == [path]


@pytest.mark.parametrize(
    ("block", "param"),
    [
        ({"type": "image", "source": {"type": "url", "url": 5}}, "messages[0].content[0].source.url"),
        ({"type": "image", "source": {"type": "url"}}, "messages[0].content[0].source.url"),
        ({"type": "text", "text": "x", "citations": [5]}, "messages[0].content[0].citations"),
        ({"type": "tool_result", "tool_use_id": "t", "content": ["x"]}, "messages[0].content[0].content[0]"),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": []}]},
            "messages[0].content[0].content[0].type",
        ),
        (
            {
                "type": "tool_result",
                "tool_use_id": "t",
                "content": [{"type": "tool_result", "tool_use_id": "u", "content": 5}],
            },
            "messages[0].content[0].content[0].content",
        ),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "thinking", "thinking": "x"}]},
            "messages[0].content[0].content",
        ),
    ],
)
def test_nested_faults_are_named_when_they_are_read(block: dict[str, Any], param: str) -> None:
    with pytest.raises(BadAskError) as caught:
        parts(block)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", []),
        ("temperature", "warm"),
        ("top_p", True),
        ("top_p", 10**400),
        ("top_k", True),
        ("max_tokens", "many"),
        ("stop_sequences", [1]),
        ("service_tier", {}),
    ],
)
def test_what_the_shape_of_a_count_leaves_unchecked_is_named_when_it_is_read(field: str, value: Any) -> None:
    body = json.dumps({"model": "fast", "messages": [{"role": "user", "content": "hi"}], field: value}).encode()
    ask = COUNT_TOKENS.read(body, ENVELOPE)
    with pytest.raises(BadAskError) as caught:
        _ = ask.prompt
    assert caught.value.param == field


def test_a_count_reads_the_same_prompt() -> None:
    body = json.dumps({"model": "fast", "messages": [{"role": "user", "content": "hi"}], "system": "s"}).encode()
    read = COUNT_TOKENS.read(body, ENVELOPE).prompt
    assert [message.role for message in read.messages] == ["system", "user"]
    assert (read.max_tokens, read.extra) == (None, {})
