"""Requests to Anthropic providers: the client's own fields, or a prompt of another dialect translated."""

import base64
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from headworks.core.errors import BadAskError
from headworks.core.messages import (
    Ask,
    Audio,
    Citation,
    Document,
    Image,
    Kind,
    Message,
    OutputFormat,
    Part,
    Prompt,
    Reasoning,
    Refusal,
    Target,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from headworks.dialects.anthropic import COUNT_TOKENS, DIALECT, MESSAGES
from headworks.dialects.protocols import Envelope, WireRequest

HI = Message("user", (Text("hi"),))
MARK = {"type": "ephemeral"}
TOOL = Tool(name="f", parameters={"type": "object"})


def target(model: str = "claude-sonnet-4-6", **fields: Any) -> Target:
    return Target(name="fast", provider="p", provider_model=model, dialect="anthropic", **fields)


def ask(prompt: Prompt, *, kind: Kind = "chat", stream: bool = False) -> Ask:
    return Ask(
        trace_id="t", dialect="openai", kind=kind, model="fast", fields={}, read_prompt=lambda: prompt, stream=stream
    )


def request(to: Target | None = None, **fields: Any) -> WireRequest:
    return DIALECT.request(ask(Prompt(**({"messages": (HI,)} | fields))), to or target())


def body(to: Target | None = None, **fields: Any) -> dict[str, Any]:
    sent: dict[str, Any] = msgspec.json.decode(request(to, **fields).body)
    return sent


def content(*parts: Part, role: Any = "user") -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = body(messages=(Message(role, parts),))["messages"][0]["content"]
    return written


def test_fields_of_the_same_dialect_are_passed_on_but_for_the_model() -> None:
    sent = b'{"later":[1 , 2],"model":"fast","max_tokens":10,"messages":[{"role":"user","content":"h\\u00e9"}]}'
    envelope = Envelope(trace_id="t", headers={"anthropic-beta": "x"}, created=1)
    wire = DIALECT.request(MESSAGES.read(sent, envelope), target())
    assert wire.body == sent.replace(b'"fast"', b'"claude-sonnet-4-6"')
    assert wire.path == "/messages"
    assert wire.headers == {"anthropic-version": "2023-06-01", "anthropic-beta": "x"}
    assert wire.dropped == ()


def test_the_clients_version_header_wins() -> None:
    envelope = Envelope(trace_id="t", headers={"anthropic-version": "2030-01-01"}, created=1)
    sent = b'{"model":"fast","messages":[{"role":"user","content":"x"}]}'
    wire = DIALECT.request(COUNT_TOKENS.read(sent, envelope), target())
    assert (wire.path, wire.headers) == ("/messages/count_tokens", {"anthropic-version": "2030-01-01"})


def test_a_prompt_is_translated() -> None:
    assert body() == {
        "model": "claude-sonnet-4-6",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    }
    assert request().headers == {"anthropic-version": "2023-06-01"}


def test_max_tokens_comes_from_client_config_or_default() -> None:
    assert body(max_tokens=7)["max_tokens"] == 7
    assert body(target(max_output_tokens=900))["max_tokens"] == 900


def test_a_stream_is_asked_for() -> None:
    wire = DIALECT.request(ask(Prompt(messages=(HI,)), stream=True), target())
    assert msgspec.json.decode(wire.body)["stream"] is True


def test_a_count_carries_only_what_is_counted() -> None:
    wire = DIALECT.request(ask(Prompt(messages=(HI,), temperature=0.5, tools=(TOOL,)), kind="count"), target())
    assert wire.path == "/messages/count_tokens"
    assert set(msgspec.json.decode(wire.body)) == {"model", "messages", "tools"}


def test_a_legacy_completion_is_a_chat() -> None:
    assert DIALECT.request(ask(Prompt(messages=(HI,)), kind="completion"), target()).path == "/messages"


def test_embeddings_are_refused() -> None:
    with pytest.raises(BadAskError, match="embedding"):
        DIALECT.request(ask(Prompt(messages=(), inputs=("x",)), kind="embedding"), target())


def test_system_messages_are_hoisted_in_order() -> None:
    written = body(
        messages=(
            Message("system", (Text("a", cache_mark=MARK),)),
            HI,
            Message("system", (Text("b"),)),
        )
    )
    assert written["system"] == [
        {"type": "text", "text": "a", "cache_control": MARK},
        {"type": "text", "text": "b"},
    ]
    assert [turn["role"] for turn in written["messages"]] == ["user"]


def test_neighbours_of_one_role_are_merged() -> None:
    written = body(
        messages=(
            HI,
            Message("user", (Text("there"),)),
            Message("assistant", (ToolCall("c1", "f", "{}"), ToolCall("c2", "f", "{}"))),
            Message("tool", (ToolResult("c1", (Text("1"),)),)),
            Message("tool", (ToolResult("c2", (Text("2"),), is_error=True),)),
            Message("user", (Text("go on"),)),
        )
    )
    assert [(turn["role"], [block["type"] for block in turn["content"]]) for turn in written["messages"]] == [
        ("user", ["text", "text"]),
        ("assistant", ["tool_use", "tool_use"]),
        ("user", ["tool_result", "tool_result", "text"]),
    ]
    assert written["messages"][2]["content"][1] == {
        "type": "tool_result",
        "tool_use_id": "c2",
        "content": [{"type": "text", "text": "2"}],
        "is_error": True,
    }


@pytest.mark.parametrize("messages", [(), (Message("system", (Text("only"),)),), (Message("user", (Text(""),)),)])
def test_a_prompt_without_a_turn_is_refused(messages: tuple[Message, ...]) -> None:
    with pytest.raises(BadAskError) as caught:
        request(messages=messages)
    assert caught.value.param == "messages"


def test_images_and_documents_of_every_source() -> None:
    assert content(
        Image(data="AA==", media_type="image/png", cache_mark=MARK),
        Image(url="https://example.com/a.png", detail="auto"),
        Image(file_id="file_1"),
        Document(data="JVBERi0=", media_type="application/pdf", name="T", context="C", citations=True),
        Document(text="words"),
        Document(data=base64.b64encode("Grüße".encode()).decode(), media_type="text/plain; charset=utf-8"),
        Document(url="https://example.com/a.pdf", cache_mark=MARK),
        Document(file_id="file_2"),
    ) == [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "AA=="},
            "cache_control": MARK,
        },
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
            "title": "T",
            "context": "C",
            "citations": {"enabled": True},
        },
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Grüße"}},
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}, "cache_control": MARK},
        {"type": "document", "source": {"type": "file", "file_id": "file_2"}},
    ]


def test_a_text_file_that_is_no_base64_is_the_callers_fault() -> None:
    with pytest.raises(BadAskError, match="base64"):
        content(Document(data="***", media_type="text/plain"))


def test_an_assistants_past_turn_is_written_whole() -> None:
    wire = {"type": "char_location", "cited_text": "q"}
    assert content(
        Thinking("hm", signature="sig"),
        Thinking("", redacted="sealed"),
        Text("x", citations=(Citation(wire=wire),)),
        Refusal("no"),
        ToolCall("call|1", "f", '{"a": 1.0}', cache_mark=MARK),
        role="assistant",
    ) == [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "sealed"},
        {"type": "text", "text": "x", "citations": [wire]},
        {"type": "text", "text": "no"},
        {"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1.0}, "cache_control": MARK},
    ]


@pytest.mark.parametrize(
    ("arguments", "written"),
    [("", {}), ("{}", {}), ('{"a":', {"INVALID_JSON": '{"a":'}), ("[1]", {"INVALID_JSON": "[1]"})],
)
def test_arguments_are_always_an_object(arguments: str, written: dict[str, Any]) -> None:
    assert content(ToolCall("c", "f", arguments), role="assistant")[0]["input"] == written


def test_tools_are_written() -> None:
    tools = (
        Tool(name="f", description="d", parameters={"properties": {}}, strict=True, cache_mark=MARK),
        Tool(name="g", strict=False),
    )
    assert body(tools=tools)["tools"] == [
        {
            "name": "f",
            "description": "d",
            "input_schema": {"type": "object", "properties": {}},
            "strict": True,
            "cache_control": MARK,
        },
        {"name": "g", "input_schema": {"type": "object"}},
    ]


@pytest.mark.parametrize(
    ("choice", "parallel", "written"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("auto"), None, {"type": "auto"}),
        (ToolChoice("required"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoice("none"), False, {"type": "none"}),
        (ToolChoice("tool", "f"), True, {"type": "tool", "name": "f"}),
    ],
)
def test_tool_choices_are_written(choice: ToolChoice | None, parallel: bool | None, written: Any) -> None:
    assert body(tools=(TOOL,), tool_choice=choice, parallel_tools=parallel).get("tool_choice") == written


def test_sampling_and_labels_are_written() -> None:
    written = body(temperature=1.0, top_p=0.9, top_k=5, stop=("a", "b"), user="u", service_tier="default")
    assert {name: written[name] for name in ("temperature", "top_p", "top_k", "stop_sequences")} == {
        "temperature": 1.0,
        "top_p": 0.9,
        "top_k": 5,
        "stop_sequences": ["a", "b"],
    }
    assert (written["metadata"], written["service_tier"]) == ({"user_id": "u"}, "standard_only")
    assert body(service_tier="auto")["service_tier"] == "auto"


def test_a_schema_is_an_output_format() -> None:
    output = OutputFormat(mode="json_schema", name="answer", schema={"type": "object"}, description="why")
    written = body(output=output, reasoning=Reasoning(effort="high"))
    assert written["output_config"] == {
        "effort": "high",
        "format": {"type": "json_schema", "schema": {"description": "why", "type": "object"}},
    }


@pytest.mark.parametrize(
    ("reasoning", "model", "thinking", "effort"),
    [
        (Reasoning(), "claude-opus-4-7", {"type": "adaptive"}, None),
        (Reasoning(effort="minimal"), "claude-sonnet-4-6", {"type": "adaptive"}, "low"),
        (Reasoning(effort="xhigh"), "claude-opus-5", {"type": "adaptive"}, "xhigh"),
        (Reasoning(effort="none"), "claude-opus-4-7", {"type": "disabled"}, None),
        (Reasoning(enabled=False), "claude-haiku-4-5", {"type": "disabled"}, None),
        (Reasoning(budget_tokens=2000), "claude-haiku-4-5", {"type": "enabled", "budget_tokens": 2000}, None),
        (Reasoning(effort="low"), "claude-haiku-4-5-20251001", {"type": "enabled", "budget_tokens": 2048}, None),
        (Reasoning(effort="high"), "claude-sonnet-4-20250514", {"type": "enabled", "budget_tokens": 4000}, None),
        (Reasoning(effort="medium"), "claude-3-7-sonnet-latest", {"type": "enabled", "budget_tokens": 4000}, None),
        (Reasoning(effort="medium"), "anthropic/claude-opus-4.1", {"type": "enabled", "budget_tokens": 4000}, None),
    ],
)
def test_reasoning_is_written_as_the_model_family_takes_it(
    reasoning: Reasoning, model: str, thinking: dict[str, Any], effort: str | None
) -> None:
    written = body(target(model), reasoning=reasoning, max_tokens=8000)
    assert written["thinking"] == thinking
    assert written.get("output_config", {}).get("effort") == effort


LOOP = (
    HI,
    Message("assistant", (ToolCall("c", "f", "{}"),)),
    Message("tool", (ToolResult("c", (Text("1"),)),)),
)


@pytest.mark.parametrize(
    "fields",
    [{"messages": LOOP}, {"tools": (TOOL,), "tool_choice": ToolChoice("required")}],
    ids=["a tool loop without its thoughts", "a forced tool"],
)
def test_a_budget_to_think_is_left_out_where_the_provider_refuses_it(fields: dict[str, Any]) -> None:
    fields = fields | {"reasoning": Reasoning(effort="low"), "max_tokens": 8000}
    old, new = request(target("claude-haiku-4-5"), **fields), request(target("claude-opus-4-7"), **fields)
    assert "thinking" not in msgspec.json.decode(old.body)
    assert old.dropped == ("reasoning_effort",)
    assert msgspec.json.decode(new.body)["thinking"] == {"type": "adaptive"}


def test_a_tool_loop_with_its_thoughts_goes_on_thinking() -> None:
    thought = Message("assistant", (Thinking("hm", signature="s"), ToolCall("c", "f", "{}")))
    written = body(target("claude-haiku-4-5"), messages=(HI, thought, LOOP[2]), reasoning=Reasoning(budget_tokens=2000))
    assert written["thinking"]["type"] == "enabled"


GAPS: list[tuple[str, dict[str, Any]]] = [
    ("n", {"n": 2}),
    ("seed", {"seed": 0}),
    ("logprobs", {"logprobs": True}),
    ("top_logprobs", {"top_logprobs": 3}),
    ("presence_penalty", {"presence_penalty": 0.5}),
    ("frequency_penalty", {"frequency_penalty": -0.5}),
    ("temperature", {"temperature": 1.2}),
    ("service_tier", {"service_tier": "flex"}),
    ("response_format", {"output": OutputFormat(mode="json")}),
    ("reasoning_effort", {"reasoning": Reasoning(effort="immense")}),
    ("logit_bias", {"extra": {"logit_bias": {"50256": -100}}}),
    ("messages[0].name", {"messages": (Message("user", (Text("hi"),), "ann"),)}),
    ("messages[0].content[1].input_audio", {"messages": (Message("user", (Text("hi"), Audio("AA==", "wav"))),)}),
    ("messages[0].content[1].image_url", {"messages": (Message("user", (Text("hi"), Image(data="AA=="))),)}),
    (
        "messages[0].content[1].file",
        {"messages": (Message("user", (Text("hi"), Document(data="AA==", media_type="text/csv"))),)},
    ),
    (
        "messages[0].content",
        {"messages": (Message("system", (Text("s"), Image(url="https://example.com/a.png"))), HI)},
    ),
]


@pytest.mark.parametrize(("field", "fields"), GAPS, ids=[name for name, _ in GAPS])
def test_a_field_without_counterpart_is_refused_by_name(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(BadAskError) as caught:
        request(**fields)
    assert (caught.value.code, caught.value.param, caught.value.status) == ("unsupported_field", field, 400)
    assert f"`{field}`" in caught.value.message


@pytest.mark.parametrize(("field", "fields"), GAPS, ids=[name for name, _ in GAPS])
def test_a_field_without_counterpart_is_dropped_by_name(field: str, fields: dict[str, Any]) -> None:
    wire = request(target(unsupported="drop"), **fields)
    assert wire.dropped == (field,)
    sent = msgspec.json.decode(wire.body)
    assert set(sent) <= {"model", "max_tokens", "messages", "system"}
    assert sent["messages"] == [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]


@pytest.mark.parametrize(
    ("hint", "fields"),
    [
        ("reasoning_effort", {"reasoning": Reasoning(effort="low"), "max_tokens": 100}),
        (
            "messages[0].content[1].image_url.detail",
            {"messages": (Message("user", (Text("hi"), Image(url="u", detail="low"))),)},
        ),
        ("messages[1].content[0].thinking", {"messages": (HI, Message("assistant", (Thinking("hm"), Text("x"))))}),
        (
            "messages[1].content[0].signature",
            {"messages": (HI, Message("assistant", (ToolCall("c", "f", "{}", signature="s"),)))},
        ),
        (
            "messages[1].content[0].annotations",
            {"messages": (HI, Message("assistant", (Text("x", (Citation(url="u"),)),)))},
        ),
    ],
)
def test_what_does_not_change_the_question_is_left_out_but_named(hint: str, fields: dict[str, Any]) -> None:
    assert request(target("claude-haiku-4-5"), **fields).dropped == (hint,)


def test_values_that_mean_the_default_are_no_gaps() -> None:
    wire = request(n=1, logprobs=False, top_logprobs=0, presence_penalty=0.0, frequency_penalty=0.0, temperature=1)
    assert wire.dropped == ()


def test_every_field_of_a_prompt_is_written_or_named() -> None:
    """A field added to `Prompt` later must be thought of here."""
    covered = {
        *{"messages", "tools", "tool_choice", "parallel_tools", "output", "reasoning", "max_tokens", "temperature"},
        *{"top_p", "top_k", "stop", "seed", "n", "logprobs", "top_logprobs", "presence_penalty", "frequency_penalty"},
        *{"service_tier", "user", "inputs", "dimensions", "extra"},
    }
    assert set(Prompt.__struct_fields__) == covered


def test_raw_fields_are_not_read_for_the_same_dialect() -> None:
    asked = Ask(
        trace_id="t",
        dialect="anthropic",
        kind="chat",
        model="fast",
        fields={"model": Raw(b'"fast"'), "big": Raw(b'"x"')},
        read_prompt=lambda: pytest.fail("the prompt was read"),
    )
    assert DIALECT.request(asked, target()).body == b'{"model":"claude-sonnet-4-6","big":"x"}'
