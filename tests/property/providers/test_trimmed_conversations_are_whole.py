"""Whatever is left out of a conversation, what is left is one that a provider takes."""

import json

from hypothesis import given
from hypothesis import strategies as st

from headworks.dialects import anthropic, openai
from headworks.dialects.protocols import Envelope
from headworks.providers.context.trimming import most_to_drop, trimmed, weight

ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=1)
INSTRUCTIONS = ("system", "developer")
WORDS = st.text("ab ", min_size=1, max_size=40)


@st.composite
def openai_chats(draw):
    """A conversation as an application of OpenAI's dialect writes it: instructions, exchanges, calls of tools."""
    messages = draw(st.lists(st.sampled_from([{"role": "system", "content": "s"}]), max_size=1))
    for exchange in range(draw(st.integers(1, 6))):
        messages += [{"role": "user", "content": draw(WORDS)} for _ in range(draw(st.integers(1, 2)))]
        for step in range(draw(st.integers(0, 2))):
            ids = [f"c{draw(st.integers(0, 1))}-{step}-{number}" for number in range(draw(st.integers(1, 2)))]
            calls = [{"id": i, "type": "function", "function": {"name": "f", "arguments": "{}"}} for i in ids]
            messages.append({"role": "assistant", "content": None, "tool_calls": calls})
            messages += [{"role": "tool", "tool_call_id": i, "content": draw(WORDS)} for i in ids]
        if draw(st.booleans()):
            messages.append({"role": "assistant", "content": draw(WORDS)})
        if exchange and draw(st.booleans()):
            messages.append({"role": "developer", "content": "d"})
    return openai.CHAT.read(json.dumps({"model": "m", "messages": messages}).encode(), ENVELOPE)


@st.composite
def anthropic_chats(draw):
    messages = []
    for exchange in range(draw(st.integers(1, 6))):
        messages.append({"role": "user", "content": draw(WORDS)})
        for step in range(draw(st.integers(0, 2))):
            call = f"t{exchange}-{step}"
            messages.append(
                {"role": "assistant", "content": [{"type": "tool_use", "id": call, "name": "f", "input": {}}]}
            )
            messages.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": call, "content": "r"}]})
        messages.append({"role": "assistant", "content": draw(WORDS)})
    body = {"model": "m", "max_tokens": 9, "messages": [*messages, {"role": "user", "content": draw(WORDS)}]}
    return anthropic.MESSAGES.read(json.dumps(body).encode(), ENVELOPE)


CHATS = st.tuples(st.just(openai.EDITOR), openai_chats()) | st.tuples(st.just(anthropic.EDITOR), anthropic_chats())


def waiting(turns):
    """Calls without results and results without calls, in order, as a strict provider looks at them."""
    open_calls, orphans = [], []
    for turn in turns:
        for result in turn.result_ids:
            if result in open_calls:
                open_calls.remove(result)
            else:
                orphans.append(result)
        if open_calls and not turn.result_ids:
            orphans += open_calls
        open_calls += turn.call_ids
    return open_calls + orphans


@given(CHATS, st.floats(0, 1))
def test_what_is_left_is_a_conversation(chat, share):
    editor, ask = chat
    turns = editor.turns(ask)
    most = most_to_drop(turns)
    trim = trimmed(turns, share * most)
    if trim is None:
        assert most == 0
        return
    assert waiting(trim.kept) == waiting(turns) == []
    spoken = [turn for turn in trim.kept if turn.role not in INSTRUCTIONS]
    assert spoken[0].role == "user"
    assert not spoken[0].result_ids
    assert [t for t in trim.kept if t.role in INSTRUCTIONS] == [t for t in turns if t.role in INSTRUCTIONS]
    assert trim.weight == sum(weight(turn.raw) for turn in trim.dropped) >= share * most
    assert trim.weight > 0
    assert len(trim.kept) + len(trim.dropped) == len(turns)


@given(CHATS)
def test_the_last_question_and_all_after_it_stays(chat):
    editor, ask = chat
    turns = editor.turns(ask)
    last = max(n for n, turn in enumerate(turns) if turn.role == "user" and not turn.result_ids)
    trim = trimmed(turns, most_to_drop(turns))
    if trim is not None:
        assert trim.kept[-len(turns[last:]) :] == turns[last:]


@given(CHATS, st.floats(0, 1))
def test_a_trimmed_ask_reads_as_a_prompt(chat, share):
    editor, ask = chat
    trim = trimmed(editor.turns(ask), share * most_to_drop(editor.turns(ask)))
    if trim is not None:
        assert editor.with_turns(ask, trim.kept).prompt.messages[-1] == ask.prompt.messages[-1]
