"""What OpenAI-dialect replies mean, whole and streamed, with the habits of compatible servers."""

import msgspec
import pytest

from headworks.core.errors import ProviderError
from headworks.core.messages import Citation
from headworks.core.replies import (
    CitationAdded,
    Finished,
    RefusalDelta,
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
from headworks.dialects.openai import wire
from headworks.dialects.openai.reading import read_usage
from headworks.dialects.protocols import Envelope

ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=1)
ASK = openai.CHAT.read(b'{"model":"m","messages":[{"role":"user","content":"x"}]}', ENVELOPE)


def whole(**body):
    return openai.DIALECT.read_whole(ASK, msgspec.json.encode({"id": "i", "model": "real"} | body))


def choice(finish="stop", **message):
    return {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": finish}


def stream(*bodies):
    reader = openai.DIALECT.stream_reader(ASK)
    chunks = [reader.read(b"data: " + msgspec.json.encode(body) + b"\n\n") for body in bodies]
    return [event for chunk in chunks for event in chunk.events], reader


def delta(finish=None, index=0, **said):
    return {"id": "i", "model": "real", "choices": [{"index": index, "delta": said, "finish_reason": finish}]}


def test_a_plain_answer():
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    assert whole(choices=[choice(content="Hi")], usage=usage) == [
        Started("i", "real"),
        TextDelta("Hi"),
        Finished("stop"),
        UsageReported(Usage(input_tokens=5, output_tokens=2)),
    ]


def test_everything_a_message_can_hold():
    note = {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 2}}
    events = whole(
        choices=[
            choice(
                "tool_calls",
                content="A",
                reasoning_content="hm",
                thinking_blocks=[{"type": "thinking", "thinking": "hm", "signature": "s"}],
                refusal="no",
                annotations=[note],
                tool_calls=[
                    {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "b", "type": "function", "function": {"name": "g", "arguments": '{"x":1}'}},
                ],
            )
        ]
    )
    assert events[1:] == [
        ThinkingDelta("hm"),
        ThinkingSealed(signature="s"),
        TextDelta("A"),
        RefusalDelta("no"),
        CitationAdded(Citation(title="t", url="u", start=0, end=2, wire=note)),
        ToolCallStarted(slot=0, id="a", name="f"),
        ToolArgumentsDelta(0, "{}"),
        ToolCallStarted(slot=1, id="b", name="g"),
        ToolArgumentsDelta(1, '{"x":1}'),
        Finished("tool_calls"),
    ]


def test_parallel_tool_calls_stream_in_fragments():
    events, reader = stream(
        delta(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '{"x"'}}]),
        delta(tool_calls=[{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{"}}]),
        delta(
            tool_calls=[{"index": 0, "function": {"arguments": ":1}"}}, {"index": 1, "function": {"arguments": "}"}}]
        ),
        delta("tool_calls"),
    )
    assert events[1:] == [
        ToolCallStarted(slot=0, id="a", name="f"),
        ToolArgumentsDelta(0, '{"x"'),
        ToolCallStarted(slot=1, id="b", name="g"),
        ToolArgumentsDelta(1, "{"),
        ToolArgumentsDelta(0, ":1}"),
        ToolArgumentsDelta(1, "}"),
        Finished("tool_calls"),
    ]
    assert reader.finished()


def test_calls_without_an_index_are_numbered():
    events, _ = stream(
        delta(tool_calls=[{"id": "a", "function": {"name": "f", "arguments": "{}"}}]),
        delta(tool_calls=[{"id": "b", "function": {"name": "g", "arguments": "{"}}]),
        delta(tool_calls=[{"function": {"arguments": "}"}}]),
    )
    slots = [event.slot for event in events if isinstance(event, ToolCallStarted | ToolArgumentsDelta)]
    assert slots == [0, 0, 1, 1, 1]


def test_thinking_in_typed_content_is_told_from_text():
    content = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "Yes"}]
    events, _ = stream(delta(content=content))
    assert events[1:] == [ThinkingDelta("hm"), TextDelta("Yes")]


def test_a_stream_is_finished_when_every_choice_is():
    _, reader = stream(delta(content="a"), delta(index=1, content="b"), delta("stop"))
    assert not reader.finished()
    reader.read(b"data: " + msgspec.json.encode(delta("length", index=1)) + b"\n\n")
    assert reader.finished()


def test_the_end_marker_is_held_and_comments_mean_nothing():
    _, reader = stream(delta(content="a"))
    assert reader.read(b"data: [DONE]\n\n").last
    assert reader.read(b": keep-alive\n\n").events == []


@pytest.mark.parametrize("finish", ["error", "insufficient_system_resource"])
def test_a_break_off_is_no_finish(finish):
    with pytest.raises(ProviderError) as caught:
        stream(delta(finish))
    assert caught.value.code == "stream_interrupted"


@pytest.mark.parametrize("data", [b"{", b"null", b"[]", b'"x"', b'{"choices":[{"delta":5}]}', b'{"id":"\xff"}'])
def test_what_is_not_a_chunk_is_a_provider_error(data):
    with pytest.raises(ProviderError):
        openai.DIALECT.stream_reader(ASK).read(b"data: " + data + b"\n\n")


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"choices":[]}', b'{"choices":"x"}', b'{"id":"\xff"}'])
def test_what_is_not_a_reply_is_a_provider_error(body):
    with pytest.raises(ProviderError):
        openai.DIALECT.read_whole(ASK, body)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ({"message": "slow down", "code": "rate_limit_exceeded"}, 429, "rate_limit_exceeded"),
        ({"message": "busy", "type": "overloaded_error"}, 503, "overloaded"),
        ({"message": "boom", "code": 500}, 502, "provider_error"),
        ({"message": "boom", "code": None}, 502, "provider_error"),
    ],
)
def test_an_error_inside_a_stream_is_raised_with_its_class(error, status, code):
    with pytest.raises(ProviderError) as caught:
        stream({"error": error})
    assert (caught.value.status, caught.value.code) == (status, code)


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 80, "audio_tokens": 3, "cache_write_tokens": 7},
                "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 1},
            },
            Usage(
                input_tokens=100,
                output_tokens=50,
                cached_tokens=80,
                cache_write_5m_tokens=7,
                reasoning_tokens=30,
                audio_input_tokens=3,
                audio_output_tokens=1,
            ),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 45,
                "completion_tokens_details": {"reasoning_tokens": 30},
            },
            Usage(input_tokens=10, output_tokens=35, reasoning_tokens=30),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "prompt_cache_hit_tokens": 6},
            Usage(input_tokens=10, output_tokens=5, cached_tokens=6),
        ),
        ({"prompt_tokens": 10, "completion_tokens": None}, Usage(input_tokens=10)),
    ],
)
def test_usage_has_one_convention(body, usage):
    assert read_usage(msgspec.convert(body, wire.UsageBody), None) == usage


@pytest.mark.parametrize(
    ("status", "body", "code", "outward", "retryable"),
    [
        (400, {"error": {"message": "bad", "code": None}}, "invalid_request", 400, False),
        (400, {"error": {"message": "x", "code": "context_length_exceeded"}}, "context_length_exceeded", 400, False),
        (400, {"message": "This model's maximum context length is 8"}, "context_length_exceeded", 400, False),
        (400, {"error": {"message": "x", "code": "content_filter"}}, "content_policy_violation", 400, False),
        (401, {"error": {"message": "Incorrect API key sk-abcdefghijkl"}}, "provider_error", 502, False),
        (404, {"error": "no such model"}, "provider_error", 502, False),
        (429, {"error": {"message": "slow"}}, "rate_limit_exceeded", 429, True),
        (500, [{"error": {"message": "x"}}], "provider_error", 502, True),
        (503, None, "overloaded", 503, True),
    ],
)
def test_a_provider_error_has_a_stable_code(status, body, code, outward, retryable):
    error = openai.DIALECT.read_error(status, {}, b"<html>" if body is None else msgspec.json.encode(body))
    assert (error.code, error.status, error.retryable, error.provider_status) == (code, outward, retryable, status)
    assert "sk-abcdefghijkl" not in error.message
