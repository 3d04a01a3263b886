"""However a conversation looks and is spaced: an edit says what it should, and every other byte is the client's."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.core.messages import Message, Target, Text
from headworks.dialects import anthropic, openai
from headworks.dialects.protocols import Envelope

ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=1)
CLIENTS = {"openai": (openai.CHAT, openai.EDITOR), "anthropic": (anthropic.MESSAGES, anthropic.EDITOR)}
TARGET = Target(name="n", provider="p", provider_model="m", dialect="openai")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SAID = TEXTS.filter(lambda text: text.strip())
WHITE = st.text(" \t\r\n", max_size=3)


@st.composite
def turns(draw):
    """One message with its content as a string or a list of parts, and fields nobody knows."""
    text = draw(SAID)
    parts = [{"type": "text", "text": part} for part in draw(st.lists(SAID, min_size=1, max_size=3))]
    extra = draw(st.dictionaries(st.sampled_from(["weight", "note"]), st.integers() | TEXTS, max_size=1))
    role = draw(st.sampled_from(["user", "assistant"]))
    return {"role": role, "content": draw(st.sampled_from([text, parts]))} | extra


@st.composite
def spaced(draw, value):
    """`value` as JSON with white space wherever JSON allows it."""
    if isinstance(value, dict):
        pairs = [json.dumps(key) + draw(WHITE) + ":" + draw(spaced(inner)) for key, inner in value.items()]
        return draw(WHITE) + "{" + ",".join(pairs) + draw(WHITE) + "}" + draw(WHITE)
    if isinstance(value, list):
        return draw(WHITE) + "[" + ",".join(draw(spaced(inner)) for inner in value) + draw(WHITE) + "]" + draw(WHITE)
    return draw(WHITE) + json.dumps(value, ensure_ascii=draw(st.booleans())) + draw(WHITE)


@st.composite
def asks(draw, name):
    body = {"model": "m", "max_tokens": 4000, "tomorrow": {"a": [draw(TEXTS)]}}
    body["messages"] = [{"role": "user", "content": "hi"}, *draw(st.lists(turns(), max_size=4))]
    return CLIENTS[name][0].read(draw(spaced(body)).encode(), ENVELOPE)


def rest(ask, *but):
    return {name: bytes(value) for name, value in ask.fields.items() if name not in but}


def texts(message):
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


@pytest.mark.parametrize("name", CLIENTS)
@given(data=st.data(), said=SAID, request=st.none() | SAID)
def test_what_was_said_is_added_and_nothing_else_is_touched(name, data, said, request):
    editor = CLIENTS[name][1]
    ask = data.draw(asks(name))
    changed = editor.continued(ask, said, request)
    before, after = json.loads(bytes(ask.fields["messages"])), json.loads(bytes(changed.fields["messages"]))
    told = said if request is not None else said.rstrip()
    tail = [] if request is None else [{"role": "user", "content": request}]
    if before[-1]["role"] == "assistant":
        begun = before.pop()
        answer = after[len(before)]
        assert texts(answer) == texts(begun) + told
        assert {k: v for k, v in answer.items() if k != "content"} == {k: v for k, v in begun.items() if k != "content"}
    else:
        assert after[len(before)] == {"role": "assistant", "content": told}
        assert bytes(changed.fields["messages"]).startswith(bytes(ask.fields["messages"])[:-1])
    assert after[: len(before)] == before
    assert after[len(before) + 1 :] == tail
    kept = b"".join(turn.raw for turn in editor.turns(changed)[: len(before)])
    assert kept == b"".join(turn.raw for turn in editor.turns(ask)[: len(before)])
    assert rest(changed, "messages") == rest(ask, "messages")


@pytest.mark.parametrize("name", CLIENTS)
@given(data=st.data(), said=SAID)
def test_a_changed_ask_reads_as_a_prompt(name, data, said):
    ask = data.draw(asks(name))
    changed = CLIENTS[name][1].continued(ask, said, "go on")
    assert changed.prompt.messages[-1] == Message("user", (Text("go on"),))
    assert changed.prompt.messages[: len(ask.prompt.messages) - 1] == ask.prompt.messages[:-1]
    assert changed.prompt.extra.keys() == ask.prompt.extra.keys()


@pytest.mark.parametrize("name", CLIENTS)
@given(data=st.data(), limit=st.integers(1, 9000))
def test_a_limit_changes_the_limit_alone(name, data, limit):
    ask = data.draw(asks(name))
    changed = CLIENTS[name][1].limited(ask, limit, TARGET)
    assert changed.prompt.max_tokens == min(limit, 4000)
    assert rest(changed, "max_tokens") == rest(ask, "max_tokens")


@pytest.mark.parametrize("name", CLIENTS)
@given(data=st.data())
def test_the_same_turns_say_the_same(name, data):
    editor = CLIENTS[name][1]
    ask = data.draw(asks(name))
    again = editor.with_turns(ask, editor.turns(ask))
    assert json.loads(bytes(again.fields["messages"])) == json.loads(bytes(ask.fields["messages"]))
    assert [turn.raw for turn in editor.turns(again)] == [turn.raw for turn in editor.turns(ask)]
    assert rest(again, "messages") == rest(ask, "messages")
