"""Answers to Anthropic clients, whole and streamed, forwarded and written anew."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from anthropic.types import Message as SdkMessage

from headworks.core.errors import ProviderError, RefusedError
from headworks.core.messages import Citation, Target
from headworks.core.replies import (
    Chunk,
    CitationAdded,
    Event,
    Finished,
    FinishReason,
    RefusalDelta,
    Reply,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    TokensCounted,
    ToolArgumentsDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from headworks.dialects.anthropic import COUNT_TOKENS, DIALECT, MESSAGES
from headworks.dialects.protocols import Endpoint, Envelope, ReplyWriter
from headworks.dialects.sse import EventSplitter, event_data

CASSETTES = Path(__file__).parents[3] / "cassettes" / "anthropic"
ENVELOPE = Envelope(trace_id="ab" * 16, headers={}, created=1)
BODY = b'{"model":"fast","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
START = Started("msg_1", "real-model")


async def nothing() -> AsyncIterator[Chunk]:
    return
    yield


def writer(*, dialect: str = "other", streamed: bool = True, endpoint: Endpoint = MESSAGES) -> ReplyWriter:
    target = Target(name="fast", provider="p", provider_model="real-model", dialect=dialect)
    reply = Reply(target=target, streamed=streamed, chunks=nothing())
    return endpoint.writer(endpoint.read(BODY, ENVELOPE), reply, ENVELOPE)


def whole(*events: Event) -> dict[str, Any]:
    message: dict[str, Any] = msgspec.json.decode(writer(streamed=False).whole([Chunk(list(events))]))
    SdkMessage.model_validate(message)
    return message


def wire(sent: bytes) -> list[dict[str, Any]]:
    return [msgspec.json.decode(data) for event in EventSplitter().feed(sent) if (data := event_data(event)[1])]


def streamed(*events: Event) -> list[dict[str, Any]]:
    out = writer()
    return wire(b"".join(out.step(Chunk([event])) for event in events) + out.tail(b"{}"))


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("content_") for event in events]


def test_a_whole_message_is_written_from_events() -> None:
    usage = Usage(
        input_tokens=100, output_tokens=9, cached_tokens=60, cache_write_5m_tokens=10, cache_write_1h_tokens=5
    )
    message = whole(
        START,
        ThinkingDelta("h"),
        ThinkingDelta("m"),
        ThinkingSealed(signature="sig"),
        ThinkingSealed(redacted="sealed"),
        TextDelta("Grü"),
        TextDelta("ße"),
        ToolCallStarted(slot=0, id="c0", name="f"),
        ToolCallStarted(slot=1, id="c1", name="g"),
        ToolArgumentsDelta(1, '{"b":'),
        ToolArgumentsDelta(0, '{"a":1}'),
        ToolArgumentsDelta(1, "2}"),
        Finished("tool_calls"),
        UsageReported(usage),
    )
    assert message == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "fast",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            {"type": "redacted_thinking", "data": "sealed"},
            {"type": "text", "text": "Grüße"},
            {"type": "tool_use", "id": "c0", "name": "f", "input": {"a": 1}},
            {"type": "tool_use", "id": "c1", "name": "g", "input": {"b": 2}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 25,
            "cache_creation_input_tokens": 15,
            "cache_read_input_tokens": 60,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 5},
            "output_tokens": 9,
        },
    }


@pytest.mark.parametrize(
    ("reason", "stop_reason"),
    [
        ("stop", "end_turn"),
        ("stop_sequence", "stop_sequence"),
        ("length", "max_tokens"),
        ("tool_calls", "tool_use"),
        ("content_filter", "refusal"),
        ("refusal", "refusal"),
        ("pause", "pause_turn"),
    ],
)
def test_every_finish_has_its_stop_reason(reason: FinishReason, stop_reason: str) -> None:
    assert whole(START, Finished(reason))["stop_reason"] == stop_reason


def test_the_text_that_stopped_it_is_named() -> None:
    message = whole(START, TextDelta("x"), Finished("stop_sequence", stop_sequence="END"))
    assert message["stop_sequence"] == "END"


def test_a_refusal_is_text_with_its_own_stop_reason() -> None:
    message = whole(START, RefusalDelta("I can"), RefusalDelta("not."), Finished("stop"))
    assert (message["content"], message["stop_reason"]) == ([{"type": "text", "text": "I cannot."}], "refusal")


def test_a_plain_stop_after_a_call_is_a_tool_use() -> None:
    call = (ToolCallStarted(slot=0, id="c", name="f"), ToolArgumentsDelta(0, "{}"))
    assert whole(START, *call, Finished("stop"))["stop_reason"] == "tool_use"


def test_arguments_cut_short_are_wrapped() -> None:
    message = whole(START, ToolCallStarted(slot=0, id="c", name="f"), ToolArgumentsDelta(0, '{"a'), Finished("length"))
    assert message["content"][0]["input"] == {"INVALID_JSON": '{"a'}


def test_a_reply_without_an_id_gets_one_of_ours() -> None:
    assert whole(TextDelta("x"), Finished("stop"))["id"] == f"msg_{ENVELOPE.trace_id}"


def test_citations_of_other_dialects_become_the_nearest_kind() -> None:
    message = whole(
        START,
        TextDelta("high"),
        CitationAdded(Citation(url="https://example.com", title="T", quote="q", wire={"type": "url_citation"})),
        TextDelta("low"),
        CitationAdded(Citation(title="Doc", quote="r", start=1, end=2)),
        Finished("stop"),
    )
    first, second = message["content"]
    assert (first["text"], first["citations"][0]["type"]) == ("high", "web_search_result_location")
    assert (second["text"], second["citations"][0]["end_char_index"]) == ("low", 2)


def test_a_stream_is_written_from_events() -> None:
    events = streamed(START, TextDelta("a"), TextDelta("b"), Finished("stop"), UsageReported(Usage(input_tokens=3)))
    assert types(events) == [
        "message_start",
        "block_start",
        "block_delta",
        "block_delta",
        "block_stop",
        "message_delta",
        "message_stop",
    ]
    start = events[0]["message"]
    assert (start["id"], start["model"], start["content"]) == ("msg_1", "fast", [])
    assert (start["usage"]["input_tokens"], start["usage"]["output_tokens"]) == (0, 0)
    assert events[-2]["usage"]["input_tokens"] == 3
    assert events[-2]["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}


def test_usage_that_comes_with_the_start_is_in_message_start() -> None:
    sent = writer().step(Chunk([START, UsageReported(Usage(input_tokens=8))]))
    assert wire(sent)[0]["message"]["usage"]["input_tokens"] == 8


def test_a_token_is_sent_the_moment_it_arrives() -> None:
    out = writer()
    out.step(Chunk([START, TextDelta("a")]))
    assert out.step(Chunk([TextDelta("ü\n")])) == (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"\xc3\xbc\\n"}}\n\n'
    )


def test_a_chunk_without_meaning_is_silent() -> None:
    assert writer().step(Chunk([], b": ping\n\n")) == b""


def test_a_call_that_is_complete_gives_way_at_once() -> None:
    out = writer()
    out.step(Chunk([START, ToolCallStarted(slot=0, id="a", name="f"), ToolArgumentsDelta(0, '{"x":1}')]))
    sent = out.step(Chunk([ToolCallStarted(slot=1, id="b", name="g")]))
    assert types(wire(sent)) == ["block_stop", "block_start"]


def test_a_call_waits_until_the_one_before_is_complete() -> None:
    out = writer()
    out.step(Chunk([START, ToolCallStarted(slot=0, id="a", name="f"), ToolArgumentsDelta(0, '{"x":')]))
    assert out.step(Chunk([ToolCallStarted(slot=1, id="b", name="g")])) == b""
    assert out.step(Chunk([ToolArgumentsDelta(1, "{")])) == b""
    assert out.step(Chunk([ToolArgumentsDelta(1, "}")])) == b""
    sent = wire(out.step(Chunk([ToolArgumentsDelta(0, "1}")])))
    assert types(sent) == ["block_delta", "block_stop", "block_start", "block_delta", "block_delta"]
    assert [event["index"] for event in sent] == [0, 0, 1, 1, 1]


def test_calls_that_never_complete_still_all_come_out() -> None:
    events = streamed(
        START,
        ToolCallStarted(slot=0, id="a", name="f"),
        ToolCallStarted(slot=1, id="b", name="g"),
        ToolArgumentsDelta(1, '{"y'),
        TextDelta("after"),
        Finished("length"),
    )
    blocks = [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]
    assert blocks == ["tool_use", "tool_use", "text"]


def test_arguments_for_a_call_that_has_ended_are_a_provider_error() -> None:
    out = writer()
    out.step(Chunk([START, ToolCallStarted(slot=0, id="a", name="f"), ToolArgumentsDelta(0, "{}")]))
    out.step(Chunk([TextDelta("x")]))
    assert out.step(Chunk([ToolArgumentsDelta(0, "\n")])) == b""
    with pytest.raises(ProviderError):
        out.step(Chunk([ToolArgumentsDelta(0, '"more"')]))


def test_the_facts_stand_before_the_end_marker() -> None:
    out = writer()
    out.step(Chunk([START, TextDelta("a"), Finished("stop")]))
    tail = out.tail(b'{"cost_usd":"0.1"}')
    assert tail.endswith(b': headworks {"cost_usd":"0.1"}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n')


def test_an_empty_stream_is_still_a_message() -> None:
    assert types(wire(writer().tail(b"{}"))) == ["message_start", "message_delta", "message_stop"]


def test_a_failure_says_its_true_class() -> None:
    error = RefusedError("no more", code="insufficient_quota", status=429)
    event, *rest = wire(writer().failure(error))
    assert rest == []
    assert event["error"]["type"] == "billing_error"
    assert event["error"]["code"] == "insufficient_quota"
    assert event["request_id"] == ENVELOPE.trace_id


def test_a_whole_message_of_the_same_dialect_is_forwarded_but_for_the_name() -> None:
    raw = (CASSETTES / "message.json").read_bytes().replace(b'"claude-sonnet-4-6"', b' "real-model"')
    events = DIALECT.read_whole(MESSAGES.read(BODY, ENVELOPE), raw)
    sent = writer(dialect="anthropic", streamed=False).whole([Chunk(events, raw)])
    assert sent == raw.replace(b'"real-model"', b'"fast"')


def test_a_model_key_in_the_content_is_not_mistaken_for_the_models_name() -> None:
    raw = (
        b'{"id":"msg_1","content":[{"type":"tool_use","id":"t","name":"f","input":{"model":"real-model"}}],'
        b'"model":"real-model","stop_reason":"tool_use","later":1}'
    )
    events = DIALECT.read_whole(MESSAGES.read(BODY, ENVELOPE), raw)
    sent = msgspec.json.decode(writer(dialect="anthropic", streamed=False).whole([Chunk(events, raw)]))
    assert (sent["model"], sent["content"][0]["input"], sent["later"]) == ("fast", {"model": "real-model"}, 1)


def test_a_whole_provider_reply_can_be_streamed() -> None:
    raw = (CASSETTES / "message.json").read_bytes()
    events = DIALECT.read_whole(MESSAGES.read(BODY, ENVELOPE), raw)
    out = writer(dialect="anthropic", streamed=False)
    sent = wire(out.step(Chunk(events, raw)) + out.tail(b"{}"))
    assert types(sent)[0] == "message_start"
    assert types(sent)[-1] == "message_stop"


def test_a_provider_stream_can_be_answered_whole() -> None:
    raw = (CASSETTES / "thinking_and_tools.sse").read_bytes()
    reader = DIALECT.stream_reader(MESSAGES.read(BODY, ENVELOPE))
    chunks = [reader.read(event) for event in EventSplitter().feed(raw)]
    message = msgspec.json.decode(writer(dialect="anthropic").whole(chunks))
    assert [block["type"] for block in message["content"]][-1] == "tool_use"
    assert message["model"] == "fast"


def test_a_changed_chunk_goes_on_in_the_block_that_is_open() -> None:
    raw = (CASSETTES / "stop_sequence.sse").read_bytes()
    reader = DIALECT.stream_reader(MESSAGES.read(BODY, ENVELOPE))
    chunks = [reader.read(event) for event in EventSplitter().feed(raw)]
    out = writer(dialect="anthropic")
    changed = [Chunk([TextDelta("eins zwei")]) if TextDelta("one two") in c.events else c for c in chunks]
    sent = wire(b"".join(out.step(chunk) for chunk in changed) + out.tail(b"{}"))
    assert types(sent) == ["message_start", "block_start", "block_delta", "block_stop", "message_delta", "message_stop"]
    assert sent[2] == {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "eins zwei"}}
    assert sent[4]["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "three"}


@pytest.mark.parametrize("at", range(24))
def test_a_change_anywhere_leaves_a_valid_stream(at: int) -> None:
    raw = (CASSETTES / "thinking_and_tools.sse").read_bytes()
    reader = DIALECT.stream_reader(MESSAGES.read(BODY, ENVELOPE))
    chunks = [reader.read(event) for event in EventSplitter().feed(raw)]
    events = [event for chunk in chunks for event in chunk.events]
    changed = [Chunk(c.events, None) if i == at and c.events else c for i, c in enumerate(chunks)]
    out = writer(dialect="anthropic")
    sent = b"".join(out.step(chunk) for chunk in changed) + out.tail(b"{}")
    again = DIALECT.stream_reader(MESSAGES.read(BODY, ENVELOPE))
    read = [event for piece in EventSplitter().feed(sent) for event in again.read(piece).events]
    kinds = (ToolCallStarted, ThinkingSealed, Finished)
    assert [e for e in read if isinstance(e, kinds)] == [e for e in events if isinstance(e, kinds)]
    assert [e.text for e in read if isinstance(e, TextDelta)] == [e.text for e in events if isinstance(e, TextDelta)]
    starts = [e["index"] for e in wire(sent) if e["type"] == "content_block_start"]
    stops = [e["index"] for e in wire(sent) if e["type"] == "content_block_stop"]
    assert starts == stops == sorted(set(starts))


def test_a_change_in_an_unknown_block_closes_that_block() -> None:
    start = b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","model":"real-model"}}\n\n'
    block = (
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        b'"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}\n\n'
    )
    reader = DIALECT.stream_reader(MESSAGES.read(BODY, ENVELOPE))
    out = writer(dialect="anthropic")
    sent = b"".join(out.step(reader.read(event)) for event in (start, block))
    sent += out.step(Chunk([TextDelta("x")])) + out.tail(b"{}")
    assert types(wire(sent))[1:5] == ["block_start", "block_stop", "block_start", "block_delta"]


def test_a_count_is_one_number() -> None:
    count = writer(streamed=False, endpoint=COUNT_TOKENS)
    assert count.whole([Chunk([TokensCounted(12)])]) == b'{"input_tokens":12}'
    assert count.whole([Chunk([TokensCounted(12, exact=False)])]) == b'{"input_tokens":12,"exact":false}'
    native = writer(dialect="anthropic", streamed=False, endpoint=COUNT_TOKENS)
    assert native.whole([Chunk([TokensCounted(12)], b'{"input_tokens": 12}')]) == b'{"input_tokens": 12}'
