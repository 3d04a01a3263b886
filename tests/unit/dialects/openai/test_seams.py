"""Behind a seam chunks come as events only: the client still has one stream, whatever its first provider sent."""

import msgspec
import pytest

from headworks.core.messages import Target
from headworks.core.replies import (
    Chunk,
    Finished,
    Reply,
    Resumed,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
)
from headworks.dialects import openai
from headworks.dialects.protocols import Envelope
from headworks.dialects.sse import EventSplitter, event_data

ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=7)
SEAM = Resumed(attempt=2, mode="restart", model='the "other"')
HEAD = {"id": "their-id", "object": "chat.completion.chunk", "created": 99, "model": "real"}
ROLE = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}


async def none():
    return
    yield


def writer(dialect="openai", **more):
    body = {"model": "fast", "messages": [{"role": "user", "content": "x"}], "stream": True} | more
    ask = openai.CHAT.read(msgspec.json.encode(body), ENVELOPE)
    target = Target(name="fast", provider="p", provider_model="real", dialect=dialect)
    return openai.CHAT.writer(ask, Reply(target=target, streamed=ask.stream, chunks=none()), ENVELOPE)


def raw(**more):
    return b"data: " + msgspec.json.encode(HEAD | more) + b"\n\n"


def forwarded(out, *events):
    """What the client is sent of a stream that broke off behind `events`, and goes on with an `x`."""
    reader = openai.DIALECT.stream_reader(None)
    sent = b"".join(out.step(reader.read(event)) for event in events)
    sent += out.step(Chunk([SEAM, TextDelta("x"), Finished("stop")])) + out.tail(b"{}")
    data = [event_data(event)[1] for event in EventSplitter().feed(sent)]
    return [msgspec.json.decode(item) for item in data if item and item != b"[DONE]"]


def roles(chunks):
    return [choice["delta"].get("role") for chunk in chunks for choice in chunk["choices"]]


def test_the_seam_is_a_comment():
    line = writer(dialect="other").step(Chunk([SEAM]))
    assert line == b': headworks-seam {"attempt":2,"mode":"restart","model":"the \\"other\\""}\n\n'


def test_a_first_chunk_that_is_about_the_prompt_has_not_begun_the_answer():
    about_the_prompt = raw(id="", created=0, model="", choices=[], prompt_filter_results=[])
    *_, first, last = forwarded(writer(), about_the_prompt)
    assert (first["id"], first["created"], roles([first, last])) == ("chatcmpl-" + "0" * 32, 7, ["assistant", None])
    *_, greeting, first, last = forwarded(writer(), about_the_prompt, raw(choices=[ROLE]))
    assert (first["id"], first["created"], first["model"]) == ("their-id", 99, "fast")
    assert roles([greeting, first, last]) == ["assistant", None, None]


@pytest.mark.parametrize("before", [[], [b": ping\n\n"], [b"event: ping\n\n"]])
def test_a_comment_is_not_the_beginning(before):
    chunks = forwarded(writer(), *before, raw(choices=[ROLE]))
    assert roles(chunks) == ["assistant", None, None]
    assert {chunk["id"] for chunk in chunks} == {"their-id"}
    assert roles(forwarded(writer(), *before)) == ["assistant", None]


def test_a_server_that_names_no_role_is_not_corrected_in_the_middle():
    chunks = forwarded(writer(), raw(choices=[{"index": 0, "delta": {"content": "w"}}]))
    assert roles(chunks) == [None, None, None]


def test_a_choice_that_had_not_begun_is_greeted():
    out = writer(n=2)
    reader = openai.DIALECT.stream_reader(None)
    out.step(reader.read(raw(choices=[ROLE])))
    out.step(reader.read(raw(choices=[ROLE | {"index": 2}])))
    assert b"role" not in out.step(Chunk([SEAM, TextDelta("x", 0)]))
    assert b"role" in out.step(Chunk([TextDelta("x", 1)]))
    assert b"role" not in out.step(Chunk([TextDelta("x", 2)]))


def test_a_seal_stands_for_the_whole_thought_however_it_came():
    out = writer()
    thought = {"index": 0, "delta": {"role": "assistant", "reasoning_content": "I th"}}
    reader = openai.DIALECT.stream_reader(None)
    out.step(reader.read(raw(choices=[thought])))
    out.step(reader.read(raw(choices=[thought])))
    rest = [SEAM, ThinkingDelta("ink"), ThinkingSealed(signature="s")]
    assert b'{"type":"thinking","thinking":"I thI think","signature":"s"}' in out.step(Chunk(rest))
    sealed = {"index": 0, "delta": {"thinking_blocks": [{"type": "redacted_thinking", "data": "d"}]}}
    other = writer()
    for choice in (thought, sealed):
        other.step(reader.read(raw(choices=[choice])))
    assert b'"thinking":"new","signature"' in other.step(
        Chunk([SEAM, ThinkingDelta("new"), ThinkingSealed(signature="s")])
    )


def test_a_thought_that_was_cut_off_is_not_part_of_the_next_seal():
    out = writer(dialect="other")
    events = [Started("i", "m"), ThinkingDelta("half a"), SEAM, ThinkingSealed(), ThinkingDelta("whole")]
    assert b"thinking_blocks" not in out.step(Chunk(events))
    assert b'"thinking":"whole","signature":"s"' in out.step(Chunk([ThinkingSealed(signature="s")]))


def test_a_whole_reply_has_no_seam():
    events = [Started("i", "m"), ThinkingDelta("hm"), SEAM, ThinkingSealed(), TextDelta("x"), Finished("stop")]
    body = msgspec.json.decode(writer(dialect="other", stream=False).whole([Chunk(events)]))
    message = body["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("x", "hm")
    assert "thinking_blocks" not in message
