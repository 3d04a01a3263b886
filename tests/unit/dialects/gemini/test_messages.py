"""Conversations in Gemini's words."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from headworks.core.errors import BadAskError
from headworks.core.messages import (
    Ask,
    Audio,
    Citation,
    Document,
    Image,
    Message,
    Part,
    Prompt,
    Refusal,
    Target,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from headworks.dialects.gemini import DIALECT
from headworks.dialects.gemini.signatures import UNSIGNED
from headworks.dialects.protocols import WireRequest

MARK = {"type": "ephemeral"}


def request(*messages: Message, drop: bool = False) -> WireRequest:
    prompt = Prompt(messages=messages)
    ask = Ask(trace_id="t", dialect="openai", kind="chat", model="m", fields={}, read_prompt=lambda: prompt)
    target = Target(
        name="m", provider="p", provider_model="g", dialect="gemini", unsupported="drop" if drop else "refuse"
    )
    return DIALECT.request(ask, target)


def body(*messages: Message) -> dict[str, Any]:
    written: dict[str, Any] = msgspec.json.decode(request(*messages).body)
    for content in [*written["contents"], written.get("systemInstruction", {})]:
        types.Content.model_validate(content, extra="forbid")
    return written


def user(*parts: Part) -> Message:
    return Message("user", parts)


def assistant(*parts: Part) -> Message:
    return Message("assistant", parts)


def system(text: str) -> Message:
    return Message("system", (Text(text),))


def parts_of(*parts: Part) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = body(user(*parts))["contents"][0]["parts"]
    return written


def test_system_text_leaves_the_turns_in_its_order() -> None:
    written = body(system("one"), user(Text("hi")), system("two"))
    assert written["systemInstruction"] == {"parts": [{"text": "one"}, {"text": "two"}]}
    assert written["contents"] == [{"role": "user", "parts": [{"text": "hi"}]}]


def test_instructions_alone_become_what_is_said() -> None:
    assert body(system("Say hello.")) == {"contents": [{"role": "user", "parts": [{"text": "Say hello."}]}]}


def test_neighbouring_turns_of_one_role_are_one() -> None:
    written = body(user(Text("a")), user(Text("b")), assistant(Text("c")), user(Text("d")))
    assert [(turn["role"], len(turn["parts"])) for turn in written["contents"]] == [
        ("user", 2),
        ("model", 1),
        ("user", 1),
    ]


def test_empty_texts_and_turns_are_not_sent() -> None:
    written = body(user(Text("a"), Text("")), assistant(), user(Text("b")))
    assert written["contents"] == [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}]


def test_a_refusal_in_the_history_is_what_the_model_said() -> None:
    assert body(user(Text("a")), assistant(Refusal("No.")))["contents"][1]["parts"] == [{"text": "No."}]


@pytest.mark.parametrize(
    ("part", "wire"),
    [
        (Image(data="AAAA", media_type="image/webp"), {"inlineData": {"mimeType": "image/webp", "data": "AAAA"}}),
        (
            Image(url="https://a.b/c.png?x=1"),
            {"fileData": {"fileUri": "https://a.b/c.png?x=1", "mimeType": "image/png"}},
        ),
        (Image(url="https://a.b/c"), {"fileData": {"fileUri": "https://a.b/c"}}),
        (Image(url="http://[a/c.png"), {"fileData": {"fileUri": "http://[a/c.png", "mimeType": "image/png"}}),
        (
            Image(data="AAAA", media_type="image/png", detail="auto"),
            {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        ),
        (Audio("AAAA", "wav"), {"inlineData": {"mimeType": "audio/wav", "data": "AAAA"}}),
        (
            Document(data="AAAA", media_type="application/pdf"),
            {"inlineData": {"mimeType": "application/pdf", "data": "AAAA"}},
        ),
        (Document(url="https://a.b/c"), {"fileData": {"fileUri": "https://a.b/c", "mimeType": "application/pdf"}}),
        (Document(text="plain"), {"text": "plain"}),
    ],
)
def test_media_are_sent_inline_or_by_address(part: Part, wire: dict[str, Any]) -> None:
    assert parts_of(part) == [wire]


def test_a_tool_call_and_its_answer_keep_id_name_and_signature() -> None:
    written = body(
        user(Text("weather?")),
        assistant(Text("Looking."), ToolCall("c1", "weather", '{"city":"Zürich","t":1.0}', signature="c2ln")),
        Message("tool", (ToolResult("c1", (Text("rain"), Text("12 C"))),)),
    )
    call = {
        "functionCall": {"id": "c1", "name": "weather", "args": {"city": "Zürich", "t": 1.0}},
        "thoughtSignature": "c2ln",
    }
    answer = {"functionResponse": {"id": "c1", "name": "weather", "response": {"output": "rain\n12 C"}}}
    assert written["contents"][1] == {"role": "model", "parts": [{"text": "Looking."}, call]}
    assert written["contents"][2] == {"role": "user", "parts": [answer]}


def test_arguments_are_sent_digit_by_digit_as_the_model_wrote_them() -> None:
    written = request(assistant(ToolCall("c", "f", '{"n":12345678901234567890.10}'))).body
    assert b"12345678901234567890.10" in written


def test_a_call_without_arguments_has_none() -> None:
    assert body(assistant(ToolCall("c", "f", "")))["contents"][0]["parts"][0]["functionCall"]["args"] == {}


@pytest.mark.parametrize("arguments", ["[1]", "{", "nonsense", '"{}"', "1", "[" * 100_000])
def test_arguments_that_are_no_object_are_the_callers_fault(arguments: str) -> None:
    with pytest.raises(BadAskError, match="expected a JSON object") as caught:
        request(user(Text("a")), assistant(ToolCall("c", "f", arguments)))
    assert caught.value.param == "messages[1].content[0].arguments"


def test_a_failed_tool_answers_with_an_error() -> None:
    written = body(
        assistant(ToolCall("c", "f", "{}")), Message("tool", (ToolResult("c", (Text("no"),), is_error=True),))
    )
    assert written["contents"][1]["parts"][0]["functionResponse"]["response"] == {"error": "no"}


def test_pictures_in_a_tools_answer_go_beside_its_text() -> None:
    result = ToolResult("c", (Text("see"), Image(data="AAAA", media_type="image/png"), Document(text="notes")))
    written = body(assistant(ToolCall("c", "f", "{}")), Message("tool", (result,)))
    response = written["contents"][1]["parts"][0]["functionResponse"]
    assert response["response"] == {"output": "see\nnotes"}
    assert response["parts"] == [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]


def test_a_tool_result_that_answers_no_call_is_the_callers_fault() -> None:
    with pytest.raises(BadAskError, match="`lost`"):
        request(Message("tool", (ToolResult("lost", (Text("x"),)),)))


def test_a_tool_result_may_bring_its_own_name() -> None:
    written = body(Message("tool", (ToolResult("lost", (Text("x"),), name="f"),)))
    assert written["contents"][0]["parts"][0]["functionResponse"]["name"] == "f"


def test_calls_of_another_model_carry_the_documented_stand_in_on_the_first_only() -> None:
    written = body(assistant(ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}")))
    first, second = written["contents"][0]["parts"]
    assert first["thoughtSignature"] == UNSIGNED
    assert "thoughtSignature" not in second


def test_signed_parallel_calls_are_left_as_they_came() -> None:
    written = body(assistant(ToolCall("a", "f", "{}", signature="c2ln"), ToolCall("b", "f", "{}")))
    assert [part.get("thoughtSignature") for part in written["contents"][0]["parts"]] == ["c2ln", None]


def test_thoughts_go_back_only_to_the_model_that_signed_them() -> None:
    sent = request(assistant(Thinking("mine", "gemini:c2ln"), Thinking("", "gemini:ZW5k"), Text("x")))
    assert msgspec.json.decode(sent.body)["contents"][0]["parts"] == [
        {"text": "mine", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "", "thoughtSignature": "ZW5k"},
        {"text": "x"},
    ]
    assert sent.dropped == ()


@pytest.mark.parametrize("foreign", [Thinking("x", "EqQBCg=="), Thinking("x"), Thinking("", redacted="abc")])
def test_thoughts_of_others_are_left_out_and_named(foreign: Thinking) -> None:
    sent = request(assistant(foreign, Text("x")))
    assert msgspec.json.decode(sent.body)["contents"][0]["parts"] == [{"text": "x"}]
    assert sent.dropped == ("messages[0].content[0].thinking",)


GAPS: list[tuple[Message, str]] = [
    (Message("user", (Text("a"),), name="ann"), "messages[0].name"),
    (user(Text("a"), Image(file_id="file-1")), "messages[0].content[1].file_id"),
    (user(Text("a"), Document(file_id="file-1")), "messages[0].content[1].file_id"),
    (user(Document(text="a", citations=True)), "messages[0].content[0].citations"),
    (user(Document(text="a", context="b")), "messages[0].content[0].context"),
    (Message("system", (Text("a"), Image(url="https://a.b/c.png"))), "messages[0].content[1]"),
]


@pytest.mark.parametrize(("message", "field"), GAPS)
def test_what_gemini_cannot_be_told_is_refused_by_name_or_dropped_by_name(message: Message, field: str) -> None:
    with pytest.raises(BadAskError) as caught:
        request(message)
    assert (caught.value.code, caught.value.param) == ("unsupported_field", field)
    assert "Gemini" in caught.value.message
    sent = request(message, drop=True)
    assert sent.dropped == (field,)
    assert msgspec.json.decode(sent.body)["contents"] == [{"role": "user", "parts": [{"text": "a"}]}]


@pytest.mark.parametrize(
    ("part", "field"),
    [
        (Text("a", cache_mark=MARK), "cache_control"),
        (Text("a", citations=(Citation(url="https://a.b"),)), "messages[0].content[0].citations"),
        (Image(data="AAAA", cache_mark=MARK), "cache_control"),
        (Image(data="AAAA", detail="low"), "messages[0].content[0].detail"),
        (Document(text="a", cache_mark=MARK), "cache_control"),
        (Document(text="a", name="a.txt"), "messages[0].content[0].filename"),
        (ToolCall("c", "f", "{}", cache_mark=MARK), "cache_control"),
        (ToolResult("c", (Text("a"),), name="f", cache_mark=MARK), "cache_control"),
    ],
)
def test_what_changes_no_answer_is_left_out_and_named(part: Part, field: str) -> None:
    assert request(user(part)).dropped == (field,)


@given(
    st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text(min_size=1, max_size=20)), min_size=1)
)
def test_every_text_is_sent_once_and_in_order(turns: list[tuple[Any, str]]) -> None:
    written = msgspec.json.decode(request(*(Message(role, (Text(text),)) for role, text in turns)).body)
    spoken = [part["text"] for content in written["contents"] for part in content["parts"]]
    ruled = [part["text"] for part in written.get("systemInstruction", {"parts": []})["parts"]]
    only_rules = all(role == "system" for role, _ in turns)
    assert (spoken if only_rules else ruled) == [text for role, text in turns if role == "system"]
    assert only_rules or spoken == [text for role, text in turns if role != "system"]
    roles = [content["role"] for content in written["contents"]]
    assert all(one != other for one, other in pairwise(roles))
