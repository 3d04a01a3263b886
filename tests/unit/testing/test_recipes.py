"""Every recipe does what it says, seen from a bare socket."""

import asyncio
import time
from typing import Any

import pytest

from headworks.core.replies import Usage
from headworks.testing import FakeProvider, FakeToolCall, Recipe

CHAT = {"model": "m", "messages": [{"role": "user", "content": "good morning"}]}
STREAM = CHAT | {"stream": True, "stream_options": {"include_usage": True}}


def texts(answer: Any) -> list[str]:
    """The pieces of text in a chat stream."""
    chunks = [event for event in answer.events if isinstance(event, dict)]
    return [
        c["choices"][0]["delta"]["content"]
        for c in chunks
        if c.get("choices") and c["choices"][0]["delta"].get("content")
    ]


async def given(fake: FakeProvider, ask: Any, body: dict[str, Any], **recipe: Any) -> Any:
    fake.recipes(Recipe(**recipe))
    return await ask(fake, "/v1/chat/completions", body)


async def test_without_a_recipe_the_last_user_message_is_echoed(fake: FakeProvider, ask: Any) -> None:
    answer = await ask(fake, "/v1/chat/completions", CHAT)
    assert answer.status == 200
    assert answer.json["choices"][0]["message"]["content"].startswith("Echo: good morning good morning")
    assert answer.json["usage"]["completion_tokens"] == 16


async def test_stream_and_body_say_the_same(fake: FakeProvider, ask: Any) -> None:
    whole = await ask(fake, "/v1/chat/completions", CHAT)
    stream = await ask(fake, "/v1/chat/completions", STREAM)
    assert "".join(texts(stream)) == whole.json["choices"][0]["message"]["content"]
    assert stream.events[-1] == "[DONE]"
    assert stream.events[-2]["choices"] == []
    assert stream.events[-2]["usage"]["completion_tokens"] == 16
    assert stream.events[-3]["choices"][0]["finish_reason"] == "stop"
    assert stream.end == "complete"


async def test_tokens_sets_the_length_and_the_client_s_limit_cuts_it(fake: FakeProvider, ask: Any) -> None:
    assert len(texts(await given(fake, ask, STREAM, tokens=40))) == 40
    limited = await given(fake, ask, CHAT | {"max_tokens": 3}, tokens=40)
    assert limited.json["choices"][0]["finish_reason"] == "length"
    assert limited.json["usage"]["completion_tokens"] == 3


async def test_text_is_said_as_it_is_and_stops_at_a_stop_sequence(fake: FakeProvider, ask: Any) -> None:
    said = "Grüße, 世界!  Two  spaces\n"
    assert "".join(texts(await given(fake, ask, STREAM, text=said))) == said
    stopped = await given(fake, ask, CHAT | {"stop": ["世"]}, text=said)
    assert stopped.json["choices"][0]["message"]["content"] == "Grüße, "


@pytest.mark.parametrize(
    ("recipe", "status", "code"),
    [
        ({"status": 429, "retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 429, "rate_limit_exceeded"),
        ({"status": 500}, 500, None),
        ({"error_code": "context_length_exceeded"}, 400, "context_length_exceeded"),
        ({"error_code": "insufficient_quota"}, 429, "insufficient_quota"),
        ({"error_code": "overloaded"}, 503, "overloaded"),
        ({"error_code": "strange", "status": 418}, 418, "strange"),
    ],
)
async def test_a_status_or_code_is_answered_as_an_error(
    fake: FakeProvider, ask: Any, recipe: dict[str, Any], status: int, code: str | None
) -> None:
    answer = await given(fake, ask, STREAM, **recipe)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert answer.headers.get("retry-after") == recipe.get("retry_after")
    assert fake.calls[-1].status == status


async def test_an_error_body_of_one_s_own_replaces_the_dialect_s(fake: FakeProvider, ask: Any) -> None:
    answer = await given(fake, ask, CHAT, error_body="<h1>Bad gateway</h1>", status=502, content_type="text/html")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (502, b"<h1>Bad gateway</h1>", "text/html")


async def test_further_headers_are_sent(fake: FakeProvider, ask: Any) -> None:
    answer = await given(fake, ask, CHAT, headers={"retry-after-ms": "1500"})
    assert answer.headers["retry-after-ms"] == "1500"


async def test_a_redirect_points_where_it_is_told(fake: FakeProvider, ask: Any) -> None:
    answer = await given(fake, ask, CHAT, redirect_to="http://127.0.0.1:1/elsewhere")
    assert (answer.status, answer.headers["location"]) == (307, "http://127.0.0.1:1/elsewhere")


@pytest.mark.parametrize("body", [CHAT, STREAM])
async def test_silence_comes_before_the_first_byte(fake: FakeProvider, ask: Any, body: dict[str, Any]) -> None:
    begun = time.perf_counter()
    assert (await given(fake, ask, body, silence_s=0.05)).end == "complete"
    assert time.perf_counter() - begun >= 0.05


@pytest.mark.parametrize("body", [CHAT, STREAM])
async def test_a_pace_is_kept(fake: FakeProvider, ask: Any, body: dict[str, Any]) -> None:
    begun = time.perf_counter()
    assert (await given(fake, ask, body, tokens=10, tokens_per_second=200)).end == "complete"
    assert time.perf_counter() - begun >= 0.05


@pytest.mark.parametrize("body", [CHAT, STREAM])
async def test_a_stall_interrupts_the_answer_and_then_it_goes_on(
    fake: FakeProvider, ask: Any, body: dict[str, Any]
) -> None:
    begun = time.perf_counter()
    assert (await given(fake, ask, body, stall_after_tokens=2, stall_s=0.05)).end == "complete"
    assert time.perf_counter() - begun >= 0.05


async def test_a_hang_up_sends_no_byte(fake: FakeProvider, ask: Any) -> None:
    answer = await given(fake, ask, CHAT, hang_up=True)
    assert (answer.status, answer.end) == (0, "cut")
    assert fake.calls[0].bytes_sent == 0


@pytest.mark.parametrize("body", [CHAT, STREAM])
async def test_a_cut_ends_the_connection_but_not_the_answer(fake: FakeProvider, ask: Any, body: dict[str, Any]) -> None:
    answer = await given(fake, ask, body, cut_after_tokens=5)
    assert (answer.status, answer.end) == (200, "cut")
    if body is STREAM:
        assert len(texts(answer)) == 5
    else:
        assert len(answer.body) < int(answer.headers["content-length"])


@pytest.mark.parametrize("body", [CHAT, STREAM])
async def test_a_reset_is_a_reset(fake: FakeProvider, ask: Any, body: dict[str, Any]) -> None:
    answer = await given(fake, ask, body, reset_after_tokens=5)
    assert (answer.status, answer.end) == (200, "reset")


async def test_a_fault_beyond_the_last_token_strikes_at_the_last(fake: FakeProvider, ask: Any) -> None:
    answer = await given(fake, ask, STREAM, tokens=3, cut_after_tokens=50)
    assert (len(texts(answer)), answer.end) == (3, "cut")


async def test_a_malformed_event_stands_in_the_middle(fake: FakeProvider, ask: Any) -> None:
    answer = await given(fake, ask, STREAM, malformed_after_tokens=2)
    assert [type(event) for event in answer.events[2:5]] == [dict, str, dict]
    assert answer.events[-1] == "[DONE]"
    whole = await given(fake, ask, CHAT, malformed_after_tokens=2)
    assert whole.end == "complete"
    with pytest.raises(ValueError, match=r"Invalid|Expecting|Unterminated"):
        _ = whole.json


async def test_an_error_event_ends_a_stream_within_its_200(fake: FakeProvider, ask: Any) -> None:
    answer = await given(fake, ask, STREAM, error_after_tokens=2)
    assert (answer.status, answer.end, len(texts(answer))) == (200, "complete", 2)
    assert answer.events[-1]["error"]["code"] == "overloaded"
    whole = await given(fake, ask, CHAT, error_after_tokens=2)
    assert (whole.status, list(whole.json)) == (200, ["error"])


async def test_the_finish_reason_and_the_end_marker_can_be_left_out(fake: FakeProvider, ask: Any) -> None:
    answer = await given(fake, ask, STREAM, omit_finish=True, omit_end=True, usage="missing")
    assert answer.end == "complete"
    assert answer.events[-1]["choices"][0] == {"index": 0, "delta": {"content": " good"}, "finish_reason": None}


async def test_usage_is_right_missing_wrong_zero_or_in_the_last_chunk(fake: FakeProvider, ask: Any) -> None:
    right = (await given(fake, ask, CHAT)).json["usage"]["total_tokens"]
    assert (await given(fake, ask, CHAT, usage="wrong")).json["usage"]["total_tokens"] == right * 10
    assert (await given(fake, ask, CHAT, usage="zero")).json["usage"]["total_tokens"] == 0
    assert "usage" not in (await given(fake, ask, CHAT, usage="missing")).json
    last = (await given(fake, ask, STREAM, usage="in_last_chunk")).events[-2]
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["usage"]["completion_tokens"] == 16


async def test_usage_can_be_dictated_with_every_sub_count(fake: FakeProvider, ask: Any) -> None:
    counts = Usage(input_tokens=100, output_tokens=50, cached_tokens=30, reasoning_tokens=20, audio_input_tokens=5)
    usage = (await given(fake, ask, CHAT, counts=counts)).json["usage"]
    assert (usage["prompt_tokens"], usage["prompt_tokens_details"]["cached_tokens"]) == (100, 30)
    assert usage["prompt_tokens_details"]["audio_tokens"] == 5
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 20


async def test_slow_loris_dribbles_headers_and_body(fake: FakeProvider, ask: Any) -> None:
    begun = time.perf_counter()
    answer = await given(fake, ask, CHAT, bytes_per_second=8000)
    assert answer.end == "complete"
    assert time.perf_counter() - begun >= fake.calls[0].bytes_sent / 8000 * 0.9
    assert len(answer.pieces) > 3


async def test_split_utf8_cuts_within_characters(fake: FakeProvider, ask: Any) -> None:
    answer = await given(fake, ask, STREAM, text="ä ö ü", split_utf8=True)
    assert "".join(texts(answer)) == "ä ö ü"
    assert any(piece[-1] == 0xC3 for piece in answer.pieces)


async def test_coalesce_sends_many_events_in_one_piece(fake: FakeProvider, ask: Any) -> None:
    answer = await given(fake, ask, STREAM, coalesce=True)
    assert (len(answer.pieces), len(texts(answer))) == (1, 16)


async def test_a_closing_answer_says_so_and_closes(fake: FakeProvider, ask: Any) -> None:
    for body in (CHAT, STREAM):
        answer = await given(fake, ask, body, close_connection=True)
        assert (answer.headers["connection"], answer.end) == ("close", "complete")
    await fake.until(lambda: fake.open_connections == 0)


async def test_a_big_body_is_big(fake: FakeProvider, ask: Any) -> None:
    for body in (CHAT, STREAM):
        assert len((await given(fake, ask, body, big_body_bytes=300_000)).body) > 300_000
    assert len((await given(fake, ask, CHAT, big_body_bytes=300_000, status=500)).body) > 300_000


async def test_tools_are_called_in_parallel_with_arguments_in_fragments(fake: FakeProvider, ask: Any) -> None:
    calls = (FakeToolCall("weather", {"city": "Reykjavík", "days": 3}), FakeToolCall("time", id="call_t"))
    whole = (await given(fake, ask, CHAT, tool_calls=calls)).json["choices"][0]
    assert whole["finish_reason"] == "tool_calls"
    assert whole["message"]["content"] is None
    assert [call["function"]["name"] for call in whole["message"]["tool_calls"]] == ["weather", "time"]
    assert whole["message"]["tool_calls"][1]["id"] == "call_t"
    stream = await given(fake, ask, STREAM, tool_calls=calls)
    deltas = [d for e in stream.events[:-2] for d in e["choices"][0]["delta"].get("tool_calls", ())]
    arguments = "".join(delta["function"]["arguments"] for delta in deltas if delta["index"] == 0)
    assert arguments == whole["message"]["tool_calls"][0]["function"]["arguments"] == '{"city":"Reykjavík","days":3}'
    assert len([delta for delta in deltas if delta["index"] == 0]) > 2


async def test_thinking_comes_before_the_answer(fake: FakeProvider, ask: Any) -> None:
    answer = await given(fake, ask, STREAM, thinking="first this", text="then that")
    keys = [key for e in answer.events[1:-3] for key in e["choices"][0]["delta"]]
    assert keys == ["reasoning_content"] * 2 + ["content"] * 2
    assert answer.events[-2]["usage"]["completion_tokens_details"]["reasoning_tokens"] == 2


async def test_a_refusal_has_its_own_field(fake: FakeProvider, ask: Any) -> None:
    message = (await given(fake, ask, CHAT, refusal="No.")).json["choices"][0]["message"]
    assert (message["content"], message["refusal"]) == (None, "No.")


async def test_any_finish_reason_can_be_given(fake: FakeProvider, ask: Any) -> None:
    assert (await given(fake, ask, CHAT, finish_reason="eos")).json["choices"][0]["finish_reason"] == "eos"


async def test_a_client_that_leaves_is_noticed(fake: FakeProvider) -> None:
    fake.recipes("silent")
    _reader, writer = await asyncio.open_connection("127.0.0.1", int(fake.base_url.rpartition(":")[2]))
    body = b'{"model":"m","messages":[]}'
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
    await fake.until(lambda: len(fake.calls) == 1)
    writer.close()
    await fake.until(lambda: fake.calls[0].ended)
    assert fake.calls[0].cancelled
