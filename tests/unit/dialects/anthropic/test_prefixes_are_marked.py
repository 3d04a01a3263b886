"""Where the marks stand in a request, for clients of either dialect. All else is as the client sent it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from headworks.core.messages import Target
from headworks.core.prefix import Marks
from headworks.dialects import anthropic, openai
from headworks.dialects.anthropic.provider.marks import mark_fields
from headworks.dialects.protocols import Envelope

CLAUDE = Target(name="c", provider="a", provider_model="claude", dialect="anthropic", unsupported="drop")
ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=0)
SHORT, LONG = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}
ALL = Marks(tools="1h", system="1h", history="5m")
TOOLS = [{"name": "b", "input_schema": {"type": "object"}}, {"name": "a", "input_schema": {"type": "object"}}]
BODY = {"model": "m", "max_tokens": 9, "system": "Be  brief.", "tools": TOOLS}


def chat(*said):
    return [{"role": "user" if at % 2 == 0 else "assistant", "content": text} for at, text in enumerate(said)]


def text(words, **more):
    return {"type": "text", "text": words, **more}


def sent(marks, endpoint=anthropic.MESSAGES, dialect=anthropic.DIALECT, **body):
    """The body that a provider gets."""
    ask = endpoint.read(json.dumps(BODY | body).encode(), ENVELOPE)
    return json.loads(dialect.request(ask, CLAUDE, marks).body)


def without_marks(body):
    if isinstance(body, dict):
        return {name: without_marks(value) for name, value in body.items() if name != "cache_control"}
    return [without_marks(value) for value in body] if isinstance(body, list) else body


def test_a_passed_through_request_is_marked_at_the_end_of_each_section():
    body = sent(ALL, messages=chat("Hello", "Hi", "And?"))
    assert body["tools"] == [TOOLS[0], TOOLS[1] | {"cache_control": LONG}]
    assert body["system"] == [text("Be  brief.", cache_control=LONG)]
    assert body["messages"] == [
        *chat("Hello"),
        {"role": "assistant", "content": [text("Hi", cache_control=SHORT)]},
        {"role": "user", "content": "And?"},
    ]


def test_without_marks_it_passes_through_to_the_byte():
    raw = b'{"model":"m","max_tokens":9 , "system" : "x\\u0041",\n"messages":[ {"role":"user","content":"Hi"} ]}'
    ask = anthropic.MESSAGES.read(raw, ENVELOPE)
    assert anthropic.DIALECT.request(ask, CLAUDE, Marks()).body == anthropic.DIALECT.request(ask, CLAUDE).body


def test_a_list_is_marked_in_its_last_block_that_takes_a_mark():
    said = [text("a"), {"type": "tool_use", "id": "t", "name": "a", "input": {}}]
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    messages = [*chat("Hello"), {"role": "assistant", "content": [*said, thought]}, *chat("And?")]
    body = sent(Marks(history="5m"), messages=messages)
    assert body["messages"][1]["content"] == [said[0], said[1] | {"cache_control": SHORT}, thought]


def test_a_turn_without_any_such_block_leaves_the_mark_to_the_one_before():
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    messages = [*chat("Hello"), {"role": "assistant", "content": [thought, text(" ")]}, *chat("And?")]
    body = sent(Marks(history="1h"), messages=messages)
    assert body["messages"] == [{"role": "user", "content": [text("Hello", cache_control=LONG)]}, *messages[1:]]
    alone = [{"role": "user", "content": ""}, *chat("And?")]
    assert sent(Marks(history="1h"), messages=alone)["messages"] == alone


@pytest.mark.parametrize("content", [None, [], "", 5, [{}], [{"type": "unheard-of"}]])
def test_a_system_prompt_that_takes_no_mark_is_left_alone(content):
    fields = {"system": Raw(json.dumps(content).encode()), "messages": Raw(b"[]")}
    marked = mark_fields(fields, Marks(system="5m"))
    assert json.loads(bytes(marked["system"])) == content


@pytest.mark.parametrize("tools", [[], None, [{}], [{"name": "a", "defer_loading": True, "input_schema": {}}]])
def test_tools_that_take_no_mark_are_left_alone(tools):
    fields = {"tools": Raw(json.dumps(tools).encode())}
    assert json.loads(bytes(mark_fields(fields, Marks(tools="5m"))["tools"])) == tools


def test_documents_before_the_first_question_are_marked():
    paper = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}
    marks = Marks(documents="5m")
    body = sent(marks, messages=[{"role": "user", "content": [paper, paper, text("Who?")]}])
    assert body["messages"][0]["content"] == [paper, paper | {"cache_control": SHORT}, text("Who?")]
    for plain in ([text("Who?"), paper], [paper], "Who?"):
        assert sent(marks, messages=[{"role": "user", "content": plain}])["messages"][0]["content"] == plain


def test_a_translated_request_is_marked_as_well_and_its_tools_go_by_name():
    functions = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in "ba"]
    messages = [{"role": "system", "content": "Be brief."}, *chat("Hello", "Hi", "And?")]
    fields = {"system": None, "tools": functions, "messages": messages}
    body = sent(ALL, openai.CHAT, **{name: value for name, value in fields.items() if value})
    assert body["tools"] == [TOOLS[1], TOOLS[0] | {"cache_control": LONG}]
    assert body["system"] == [text("Be brief.", cache_control=LONG)]
    assert [turn["content"] for turn in body["messages"]] == [
        [text("Hello")],
        [text("Hi", cache_control=SHORT)],
        [text("And?")],
    ]


def test_results_of_tools_are_one_turn_and_the_newest():
    calls = [{"id": i, "type": "function", "function": {"name": "a", "arguments": "{}"}} for i in ("x", "y")]
    results = [{"role": "tool", "tool_call_id": i, "content": "1"} for i in ("x", "y")]
    messages = [*chat("Hello"), {"role": "assistant", "content": None, "tool_calls": calls}, *results]
    body = sent(Marks(history="5m"), openai.CHAT, messages=messages, tools=[])
    assert [block.get("cache_control") for turn in body["messages"] for block in turn["content"]] == [
        None,
        None,
        SHORT,
        None,
        None,
    ]


def test_documents_go_before_the_one_question_about_them():
    paper = {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA==", "filename": "p"}}
    messages = [{"role": "user", "content": [text("Who?"), paper]}]
    body = sent(Marks(documents="5m"), openai.CHAT, messages=messages, tools=[])
    assert [block["type"] for block in body["messages"][0]["content"]] == ["document", "text"]
    assert body["messages"][0]["content"][0]["cache_control"] == SHORT
    mixed = [{"role": "user", "content": [text("First:"), paper, text("Second:"), paper]}]
    kept = sent(Marks(documents="5m"), openai.CHAT, messages=mixed, tools=[])
    assert [block["type"] for block in kept["messages"][0]["content"]] == ["text", "document", "text", "document"]
    assert "cache_control" not in json.dumps(kept)


blocks = st.fixed_dictionaries({"type": st.just("text"), "text": st.text(max_size=8)}) | st.fixed_dictionaries(
    {"type": st.just("thinking"), "thinking": st.text(max_size=8), "signature": st.just("s")}
)
contents = st.text(max_size=8) | st.lists(blocks, min_size=1, max_size=3)
lives = st.sampled_from([None, "5m", "1h"])


@given(
    system=contents,
    said=st.lists(contents, min_size=1, max_size=5),
    tools=st.booleans(),
    marks=st.builds(Marks, tools=lives, system=lives, history=lives, documents=st.none()),
)
def test_marks_change_nothing_but_where_they_stand(system, said, tools, marks):
    body = {"system": system, "messages": chat(*said)} | ({} if tools else {"tools": []})
    marked, plain = sent(marks, **body), sent(None, **body)
    unmarked = without_marks(marked)
    for place, (turn, asked) in enumerate(zip(unmarked["messages"], plain["messages"], strict=True)):
        if turn != asked:
            assert turn["content"] == [text(asked["content"])], place
    assert unmarked["system"] in (plain["system"], [text(plain["system"])])
    assert unmarked["tools"] == plain["tools"]
    assert json.dumps(marked).count('"cache_control"') <= 3
