"""Whole answers, counts and usage of Anthropic providers."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.core.errors import ProviderError
from headworks.core.messages import Ask
from headworks.core.replies import (
    CitationAdded,
    Finished,
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
from headworks.dialects.anthropic.usage import WireUsage, read_usage, write_usage
from headworks.dialects.protocols import Envelope

CASSETTES = Path(__file__).parents[3] / "cassettes" / "anthropic"
ENVELOPE = Envelope(trace_id="t", headers={}, created=1)
COUNTS = st.integers(0, 10**6)


def ask(*, count: bool = False) -> Ask:
    endpoint = COUNT_TOKENS if count else MESSAGES
    return endpoint.read(b'{"model":"f","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}', ENVELOPE)


def test_a_whole_message_is_read() -> None:
    events = DIALECT.read_whole(ask(), (CASSETTES / "message.json").read_bytes())
    cited = [event.citation.url for event in events if isinstance(event, CitationAdded)]
    assert cited == ["https://example.com/tides"]
    assert [event for event in events if not isinstance(event, CitationAdded)] == [
        Started("msg_06", "claude-sonnet-4-6"),
        ThinkingDelta("short"),
        ThinkingSealed(signature="EqQB"),
        ThinkingSealed(redacted="Emw="),
        TextDelta("Grüße "),
        TextDelta("at six"),
        ToolCallStarted(slot=0, id="toolu_1", name="weather"),
        ToolArgumentsDelta(0, '{"city":"Zürich","days":[1,2]}'),
        ToolCallStarted(slot=1, id="toolu_2", name="now"),
        ToolArgumentsDelta(1, "{}"),
        Finished("tool_calls"),
        UsageReported(Usage(input_tokens=100, output_tokens=31, cached_tokens=90, service_tier="standard")),
    ]


@pytest.mark.parametrize(
    ("stop_reason", "reason"),
    [
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refusal"),
        ("pause_turn", "pause"),
        ("stop_sequence", "stop_sequence"),
        ("of tomorrow", "stop"),
    ],
)
def test_every_stop_reason_is_read(stop_reason: str, reason: str) -> None:
    body = msgspec.json.encode({"id": "m", "model": "x", "stop_reason": stop_reason})
    (finished,) = [event for event in DIALECT.read_whole(ask(), body) if isinstance(event, Finished)]
    assert finished.reason == reason


def test_a_count_is_read() -> None:
    assert DIALECT.read_whole(ask(count=True), b'{"input_tokens":14,"later":1}') == [TokensCounted(14)]


@pytest.mark.parametrize("count", [True, False])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"id":1}', b'{"input_tokens":"x"}', b"\xff"])
def test_what_is_no_answer_is_a_provider_error(body: bytes, count: bool) -> None:
    with pytest.raises(ProviderError) as caught:
        DIALECT.read_whole(ask(count=count), body)
    assert (caught.value.code, caught.value.retryable) == ("provider_error", True)


@given(plain=COUNTS, cached=COUNTS, five=COUNTS, hour=COUNTS, output=COUNTS)
def test_the_three_kinds_of_input_add_up(plain: int, cached: int, five: int, hour: int, output: int) -> None:
    wire: dict[str, Any] = {
        "input_tokens": plain,
        "output_tokens": output,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": five + hour,
        "cache_creation": {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour},
    }
    usage = read_usage(msgspec.convert(wire, WireUsage))
    assert usage.input_tokens == plain + cached + five + hour
    assert (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens) == (five, hour)
    assert write_usage(usage) == wire


def test_writes_beyond_the_known_split_are_of_five_minutes() -> None:
    """Server tools write again in later rounds, and the end of a stream only gives the sum."""
    counts = WireUsage(cache_creation_input_tokens=10)
    counts.update(msgspec.convert({"cache_creation": {"ephemeral_1h_input_tokens": 10}}, WireUsage))
    counts.update(WireUsage(cache_creation_input_tokens=25, output_tokens=3))
    usage = read_usage(counts)
    assert (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens, usage.input_tokens) == (15, 10, 25)


def test_what_is_null_or_missing_is_nothing() -> None:
    wire = msgspec.json.decode(
        b'{"input_tokens":null,"cache_creation":null,"server_tool_use":null,"later":{}}', type=WireUsage
    )
    assert read_usage(wire) == Usage()


def test_reasoning_searches_and_tier_survive_both_ways() -> None:
    usage = Usage(input_tokens=5, output_tokens=9, reasoning_tokens=4, web_searches=2, service_tier="priority")
    assert read_usage(msgspec.convert(write_usage(usage), WireUsage)) == usage
    assert write_usage(Usage(service_tier="default"))["service_tier"] == "standard"
    assert "service_tier" not in write_usage(Usage(service_tier="flex"))
