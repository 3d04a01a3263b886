"""Documented Gemini replies, as events."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from google.genai import types

from headworks.core.errors import ProviderError
from headworks.core.messages import Ask, Citation, Kind, Message, Prompt, Reasoning, Text
from headworks.core.replies import (
    CitationAdded,
    Embedded,
    Event,
    Finished,
    LogprobsDelta,
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
from headworks.dialects.gemini import DIALECT
from headworks.dialects.sse import EventSplitter, event_data

CASSETTES = Path(__file__).parents[2] / "cassettes" / "gemini"
STREAMS = sorted(path.name for path in CASSETTES.glob("*.sse"))
MODEL = "gemini-3.8-flash"
ABSENT = {"embeddings.json", "count.json"}


def ask(kind: Kind = "chat", **fields: Any) -> Ask:
    prompt = Prompt(messages=(Message("user", (Text("hi"),)),), **fields)
    return Ask(trace_id="t" * 32, dialect="openai", kind=kind, model="m", fields={}, read_prompt=lambda: prompt)


def whole(name: str, **fields: Any) -> list[Event]:
    return DIALECT.read_whole(ask(**fields), (CASSETTES / name).read_bytes())


def streamed(name: str, **fields: Any) -> list[Event]:
    reader = DIALECT.stream_reader(ask(**fields))
    events: list[Event] = []
    for event in EventSplitter().feed((CASSETTES / name).read_bytes()):
        chunk = reader.read(event)
        assert chunk.raw is None
        assert not chunk.last
        events += chunk.events
    assert reader.finished()
    return events


def said(events: list[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, UsageReported)]


def last_usage(events: list[Event]) -> Usage:
    return [event.usage for event in events if isinstance(event, UsageReported)][-1]


def test_every_cassette_says_that_it_is_documented_where_and_when() -> None:
    origins = tomllib.loads((CASSETTES / "origins.toml").read_text(encoding="utf-8"))
    assert set(origins) == {path.name for path in CASSETTES.iterdir()} - {"origins.toml"}
    for origin in origins.values():
        assert origin["origin"] == "documented"
        assert origin["url"].startswith("https://ai.google.dev/")
        assert origin["date"] >= date(2026, 11, 23)


def bodies() -> list[bytes]:
    found = [path.read_bytes() for path in CASSETTES.glob("*.json") if path.name not in ABSENT]
    for name in STREAMS:
        found += [event_data(event)[1] for event in EventSplitter().feed((CASSETTES / name).read_bytes())]
    return [body for body in found if b'"error"' not in body]


@pytest.mark.parametrize("body", bodies())
def test_cassettes_have_the_shape_that_the_official_sdk_expects(body: bytes) -> None:
    assert types.GenerateContentResponse.model_validate_json(body, extra="forbid")


def test_text_arrives_piece_by_piece_and_ends_once() -> None:
    assert said(streamed("text.sse")) == [
        Started("r1", MODEL),
        TextDelta("Water is"),
        TextDelta(" wet"),
        TextDelta("."),
        Finished("stop"),
    ]


def test_every_event_of_a_stream_reports_the_usage_so_far() -> None:
    reports = [event.usage.output_tokens for event in streamed("text.sse") if isinstance(event, UsageReported)]
    assert reports == [0, 3, 4]


def test_text_in_any_script_survives() -> None:
    text = "".join(event.text for event in streamed("unicode.sse") if isinstance(event, TextDelta))
    assert text == 'Grüße, 世界 👩‍🚀\u2028ok\u0000"\\'


def test_thoughts_stand_apart_from_text_and_keep_their_signature() -> None:
    events = said(streamed("thinking.sse", reasoning=Reasoning(effort="low")))
    assert events[1:] == [
        ThinkingDelta("Two cases."),
        ThinkingDelta(" Take the second."),
        TextDelta("The answer"),
        TextDelta(" is 4."),
        ThinkingSealed(signature="gemini:CiQBy2xJ9w=="),
        Finished("stop"),
    ]


@pytest.mark.parametrize("reasoning", [None, Reasoning(enabled=False)])
def test_a_client_that_asked_for_no_thinking_is_sent_no_signatures(reasoning: Reasoning | None) -> None:
    events = streamed("thinking.sse", reasoning=reasoning)
    assert not any(isinstance(event, ThinkingSealed) for event in events)


def test_thoughts_count_as_output_and_cached_tokens_as_input() -> None:
    usage = last_usage(streamed("thinking.sse"))
    assert (usage.input_tokens, usage.cached_tokens) == (20, 16)
    assert (usage.output_tokens, usage.reasoning_tokens) == (36, 30)


def test_parallel_tool_calls_keep_ids_and_signature_or_are_given_an_id() -> None:
    assert said(streamed("tools.sse")) == [
        Started("r1", MODEL),
        ToolCallStarted(slot=0, id="fc-1", name="weather", signature="Cs8BAdHtim8="),
        ToolArgumentsDelta(0, '{"city":"Zürich","days":2}'),
        ToolCallStarted(slot=1, id="fc-2", name="weather"),
        ToolArgumentsDelta(1, '{"city":"東京"}'),
        ToolCallStarted(slot=2, id="call_r1_0_2", name="now"),
        ToolArgumentsDelta(2, "{}"),
        Finished("tool_calls"),
    ]


def test_candidates_are_told_apart_and_all_must_finish() -> None:
    reader = DIALECT.stream_reader(ask(n=2))
    events = EventSplitter().feed((CASSETTES / "two_candidates.sse").read_bytes())
    reader.read(events[0])
    reader.read(events[1])
    assert not reader.finished()
    last = said(reader.read(events[2]).events)
    assert last == [TextDelta("?", 1), Finished("length", 1)]
    assert reader.finished()


def test_an_answer_stopped_by_a_filter_says_so() -> None:
    assert said(streamed("safety.sse"))[-1] == Finished("content_filter")


def test_a_blocked_prompt_is_an_answer_without_text() -> None:
    events = whole("blocked_prompt.json")
    assert said(events) == [Started("r6", MODEL), Finished("content_filter")]
    assert last_usage(events).input_tokens == 8


@pytest.mark.parametrize(
    ("name", "words"),
    [("malformed_call.sse", "MALFORMED_FUNCTION_CALL"), ("error_in_stream.sse", "The model is overloaded")],
)
def test_a_model_that_breaks_down_in_mid_stream_is_a_provider_error(name: str, words: str) -> None:
    with pytest.raises(ProviderError, match=words) as caught:
        streamed(name)
    assert caught.value.retryable


def test_a_picture_for_an_answer_is_an_error_and_not_an_empty_answer() -> None:
    with pytest.raises(ProviderError, match="image/png") as caught:
        whole("picture_out.json")
    assert not caught.value.retryable


def test_sources_of_a_grounded_answer_are_placed_by_characters() -> None:
    events = whole("grounded.json")
    first, second = "Die Zürcher Höhe ist 408 m.", "Bern liegt höher."
    zurich, bern = ("example.org", "https://example.org/zurich"), ("Bern", "https://example.org/bern")
    start, end = len(first) + 1, len(first) + 1 + len(second)
    assert [event.citation for event in events if isinstance(event, CitationAdded)] == [
        Citation(title=zurich[0], url=zurich[1], quote=first, start=0, end=len(first)),
        Citation(title=zurich[0], url=zurich[1], quote=second, start=start, end=end),
        Citation(title=bern[0], url=bern[1], quote=second, start=start, end=end),
    ]


def test_web_searches_and_what_they_brought_back_are_counted() -> None:
    usage = last_usage(whole("grounded.json"))
    assert usage.web_searches == 2
    assert usage.input_tokens == 12 + 40


def test_passages_quoted_from_elsewhere_are_cited_once() -> None:
    body = (CASSETTES / "quoted.json").read_bytes()
    reader = DIALECT.stream_reader(ask())
    event = b"data: " + msgspec.json.format(body, indent=-1) + b"\n\n"
    assert CitationAdded(Citation(title="Dico", url="https://example.org/dico", start=1, end=4)) in (
        reader.read(event).events
    )
    assert not any(isinstance(again, CitationAdded | Finished) for again in reader.read(event).events)


def test_log_probabilities_take_the_shape_clients_know() -> None:
    (event,) = [event for event in whole("logprobs.json") if isinstance(event, LogprobsDelta)]
    first, second = event.content
    assert first["token"] == "Gr"
    assert [top["logprob"] for top in first["top_logprobs"]] == [-0.1, -2.5]
    assert bytes(second["bytes"]).decode() == "üß"


def test_tokens_of_pictures_and_sound_are_shares_of_the_input() -> None:
    usage = last_usage(whole("media_in.json"))
    assert (usage.input_tokens, usage.image_input_tokens, usage.audio_input_tokens) == (1400, 1032, 360)


def test_the_tier_asked_for_goes_with_the_usage_because_the_reply_does_not_say() -> None:
    assert last_usage(whole("media_in.json", service_tier="flex")).service_tier == "flex"
    assert last_usage(whole("media_in.json")).service_tier is None


def test_embeddings_come_in_order_with_their_usage() -> None:
    assert whole("embeddings.json", kind="embedding") == [
        Embedded([[0.25, -0.5, 0.125], [0.0, 1.0, -1.0]]),
        UsageReported(Usage(input_tokens=6)),
    ]


def test_a_token_count_is_exact() -> None:
    assert whole("count.json", kind="count") == [TokensCounted(31)]
