"""What OpenAI clients receive: forwarded bytes, or answers written from events."""

import msgspec
import pytest

from headworks.core.errors import RefusedError
from headworks.core.messages import Citation, Target
from headworks.core.replies import (
    Chunk,
    CitationAdded,
    Embedded,
    Finished,
    Reply,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolArgumentsDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from headworks.dialects import openai
from headworks.dialects.protocols import Envelope
from headworks.dialects.sse import event_data

ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=7)
SAME = Target(name="fast", provider="p", provider_model="real", dialect="openai")
OTHER = Target(name="fast", provider="p", provider_model="real", dialect="anthropic")


async def none():
    return
    yield


def writer(target, endpoint=openai.CHAT, **body):
    filled = {"model": "fast", "messages": [{"role": "user", "content": "x"}]} | body
    ask = endpoint.read(msgspec.json.encode(filled), ENVELOPE)
    return endpoint.writer(ask, Reply(target=target, streamed=ask.stream, chunks=none()), ENVELOPE)


def lines(*pieces):
    data = [event_data(piece)[1] for piece in pieces if piece]
    return [msgspec.json.decode(item) for item in data]


def test_forwarded_bytes_differ_only_in_the_model_name():
    said = b'{"content":"\\"model\\": \\"real-2026\\""}'
    raw = b'{ "id": "i",\t"model" : "real-2026" , "x": [1.0, 2e3], "choices": [{"message":' + said + b"}]}"
    body = writer(SAME).whole([Chunk([Started("i", "real-2026")], raw)])
    assert body == raw.replace(b'"model" : "real-2026"', b'"model" : "fast"')


def test_a_forwarded_stream_keeps_its_bytes_and_its_end_marker():
    out = writer(SAME, stream=True)
    first = b'data: {"id":"i","model":"real","choices":[{"delta":{"content":"\\u00e9"}}]}\n\n'
    assert out.step(Chunk([Started("i", "real"), TextDelta("é")], first)) == first.replace(b"real", b"fast")
    assert out.step(Chunk([], b": ping\n\n")) == b": ping\n\n"
    assert out.step(Chunk([], b"data: [DONE]\r\n\r\n", last=True)) == b""
    assert out.tail(b"{}") == b": headworks {}\n\ndata: [DONE]\r\n\r\n"


@pytest.mark.parametrize("wanted", [True, False])
def test_the_usage_chunk_is_for_those_who_asked(wanted):
    options = {"stream_options": {"include_usage": True}} if wanted else {}
    out = writer(SAME, stream=True, **options)
    raw = b'data: {"model":"fast","choices":[],"usage":{}}\n\n'
    assert out.step(Chunk([UsageReported(Usage())], raw)) == (raw if wanted else b"")
    written = writer(OTHER, stream=True, **options)
    assert written.step(Chunk([UsageReported(Usage(input_tokens=3, output_tokens=1))])) == b""
    assert (b'"prompt_tokens":3' in written.tail(b"{}")) is wanted


def test_events_become_chunks():
    out = writer(OTHER, stream=True)
    events = [
        Started("i", "real"),
        ThinkingDelta("hm"),
        ThinkingSealed(signature="sig"),
        TextDelta("Hi"),
        CitationAdded(Citation(url="u", title="t")),
        ToolCallStarted(slot=0, id="c", name="f"),
        ToolArgumentsDelta(0, "{}"),
        Finished("tool_calls"),
    ]
    bodies = lines(*(out.step(Chunk([event])) for event in events))
    assert {body["model"] for body in bodies} == {"fast"}
    assert {body["id"] for body in bodies} == {"chatcmpl-" + "0" * 32}
    assert [body["choices"][0]["delta"] for body in bodies] == [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "hm"},
        {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "sig"}]},
        {"content": "Hi"},
        {"annotations": [{"type": "url_citation", "url_citation": {"url": "u", "title": "t"}}]},
        {"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]},
        {},
    ]
    assert bodies[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_events_become_a_whole_reply():
    events = [
        Started("i", "real"),
        TextDelta("a", 1),
        TextDelta("b", 0),
        Finished("length", 1),
        Finished("stop_sequence", 0),
        UsageReported(Usage(input_tokens=4, output_tokens=2, cached_tokens=3)),
    ]
    body = msgspec.json.decode(writer(OTHER).whole([Chunk(events)]))
    assert [(c["index"], c["message"]["content"], c["finish_reason"]) for c in body["choices"]] == [
        (0, "b", "stop"),
        (1, "a", "length"),
    ]
    assert body["usage"]["prompt_tokens_details"]["cached_tokens"] == 3
    assert (body["created"], body["object"]) == (7, "chat.completion")


def test_legacy_completions_are_text():
    target = Target(
        name="fast", provider="p", provider_model="r", dialect="anthropic", capabilities=frozenset({"chat"})
    )
    out = writer(target, openai.COMPLETIONS, prompt="x", stream=True)
    bodies = lines(*(out.step(Chunk([event])) for event in (Started("i", "r"), TextDelta("Hi"), Finished("stop"))))
    assert [body["choices"][0]["text"] for body in bodies] == ["Hi", ""]
    assert {body["object"] for body in bodies} == {"text_completion"}


@pytest.mark.parametrize(("wanted", "vector"), [("float", [1.0, 0.5]), ("base64", "AACAPwAAAD8=")])
def test_embeddings_are_packed_as_asked(wanted, vector):
    out = writer(OTHER, openai.EMBEDDINGS, input="x", encoding_format=wanted)
    body = msgspec.json.decode(out.whole([Chunk([Embedded([[1.0, 0.5]]), UsageReported(Usage(input_tokens=2))])]))
    assert body["data"] == [{"object": "embedding", "index": 0, "embedding": vector}]
    assert body["usage"] == {"prompt_tokens": 2, "total_tokens": 2}
    assert body["model"] == "fast"


def test_an_error_in_a_stream_is_one_that_sdks_raise_and_nothing_ends_it_cleanly():
    out = writer(SAME, stream=True).failure(RefusedError("No money.", code="insufficient_quota", status=429))
    assert lines(out) == [
        {"error": {"message": "No money.", "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}}
    ]
    assert b"[DONE]" not in out
