"""Answered, refused, failed, client gone, shut down: each way out of a call leaves one whole record."""

import asyncio

import pytest

from headworks.core.errors import BadAskError, ProviderError, RefusedError
from headworks.core.replies import (
    Embedded,
    Finished,
    Started,
    TextDelta,
    ThinkingDelta,
    TokensCounted,
    ToolArgumentsDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)


async def only(recorder, store):
    await recorder.flush()
    [record], _ = store.list()
    return record


async def test_an_answered_call_has_its_tokens_cost_and_times(recorder, store, clock, kit):
    trace = recorder.open(kit.ask(tags={"team": "a"}, session_id="s1"), kit.CALLER, clock.monotonic())
    clock.advance(0.001)
    trace.routed(kit.ROUTE)
    trace.attempt(kit.TARGET, clock.monotonic())
    clock.advance(0.200)
    usage = Usage(input_tokens=30, output_tokens=4, cached_tokens=20, cache_write_5m_tokens=5, reasoning_tokens=2)
    events = [Started("x", "m"), ThinkingDelta("hm"), TextDelta("hi"), Finished("stop"), UsageReported(usage)]
    await kit.read(trace, kit.reply(events))
    clock.advance(0.002)
    trace.close()

    record = await only(recorder, store)
    assert record["status"] == "ok"
    assert record["started_at"] == "2026-11-23T10:00:00.000Z"
    assert (record["org_id"], record["key_id"], record["user_id"], record["session_id"]) == ("acme", "k1", "u1", "s1")
    assert (record["feature"], record["route"], record["model"]) == ("support-bot", "explicit", "fast")
    assert (record["provider"], record["provider_model"]) == ("lab", "lab-small")
    assert (record["prompt_tokens"], record["completion_tokens"], record["total_tokens"]) == (30, 4, 34)
    assert (record["cached_tokens"], record["cache_write_tokens"], record["reasoning_tokens"]) == (20, 5, 2)
    assert (record["cost_nano"], record["cost_usd"], record["priced"]) == (68, 6.8e-08, True)
    assert (record["latency_ms"], record["ttft_ms"], record["overhead_ms"]) == (203.0, 201.0, 3.0)
    assert (record["finish_reason"], record["error_code"], record["tags"]) == ("stop", None, {"team": "a"})
    [attempt] = record["attempts"]
    assert (attempt["provider"], attempt["status"], attempt["ms"], attempt["tokens"]) == ("lab", "ok", 200.0, 34)
    assert attempt["usage"].cache_write_5m_tokens + attempt["usage"].cache_write_1h_tokens == 5


async def test_facts_are_complete_once_closed(recorder, clock, kit):
    trace = recorder.open(kit.ask(), kit.CALLER, clock.monotonic())
    assert "cost_usd" not in trace.facts()
    trace.routed(kit.ROUTE)
    trace.attempt(kit.TARGET, clock.monotonic())
    await kit.read(trace, kit.reply([TextDelta("hi"), UsageReported(Usage(input_tokens=1, output_tokens=2))]))
    trace.close()
    facts = trace.facts()
    assert facts["cost_usd"] == "0.000000006"
    assert (facts["model"], facts["provider"], facts["attempts"], facts["cache"]) == ("fast", "lab", 1, "off")
    assert (facts["prompt_tokens"], facts["completion_tokens"], facts["overhead_ms"]) == (1, 2, 0.0)


async def test_a_call_refused_before_routing_still_has_a_record(recorder, store, clock, kit):
    trace = recorder.open(kit.ask(model="nonesuch"), kit.CALLER, clock.monotonic())
    trace.close(BadAskError("no such model", code="unknown_model", status=404))
    record = await only(recorder, store)
    assert (record["status"], record["error_code"]) == ("refused", "unknown_model")
    assert (record["model"], record["requested_model"], record["attempts"]) == ("nonesuch", "nonesuch", [])
    assert (record["cost_usd"], record["priced"], record["ttft_ms"]) == (0.0, True, None)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RefusedError("no"), "refused", "forbidden"),
        (ProviderError("down", code="provider_timeout"), "failed", "provider_timeout"),
        (asyncio.CancelledError(), "client_gone", None),
        (GeneratorExit(), "client_gone", None),
        (SystemExit(), "shutdown", None),
        (ZeroDivisionError(), "failed", "internal_error"),
    ],
)
async def test_what_ended_a_call_decides_its_status(recorder, store, clock, kit, error, status, code):
    recorder.open(kit.ask(), None, clock.monotonic()).close(error)
    record = await only(recorder, store)
    assert (record["status"], record["error_code"], record["org_id"]) == (status, code, None)


async def test_a_stranger_is_counted_and_leaves_no_record(recorder, store, clock, kit, tmp_path):
    trace = recorder.open(kit.ask(), None, clock.monotonic())
    trace.close(RefusedError("who?", code="invalid_api_key", status=401))
    assert trace.facts()["trace_id"] == trace.record.trace_id
    await recorder.flush()
    assert store.list() == ([], None)
    assert sum(path.stat().st_size for path in (tmp_path / "spool").glob("*.jsonl")) == 0
    assert recorder.in_flight == 0


async def test_a_call_cut_while_draining_was_cut_by_us(recorder, store, clock, kit):
    trace = recorder.open(kit.ask(), kit.CALLER, clock.monotonic())
    recorder.draining = True
    trace.close(asyncio.CancelledError())
    assert (await only(recorder, store))["status"] == "shutdown"


async def test_closing_twice_writes_once(recorder, store, clock, kit):
    trace = recorder.open(kit.ask(), kit.CALLER, clock.monotonic())
    assert recorder.in_flight == 1
    trace.close()
    trace.close(ProviderError("late"))
    assert recorder.in_flight == 0
    assert (await only(recorder, store))["status"] == "ok"


async def test_a_fallback_shows_both_attempts_and_only_the_second_costs(recorder, store, clock, kit):
    trace = recorder.open(kit.ask(), kit.CALLER, clock.monotonic())
    trace.routed(kit.ROUTE)
    trace.attempt(kit.TARGET, clock.monotonic())
    clock.advance(1)
    trace.attempt_failed(ProviderError("busy", code="rate_limit_exceeded"))
    clock.advance(0.5)
    trace.attempt(kit.FALLBACK, clock.monotonic())
    clock.advance(2)
    usage = UsageReported(Usage(input_tokens=5, output_tokens=5))
    await kit.read(trace, kit.reply([TextDelta("ok"), usage], target=kit.FALLBACK))
    trace.close()
    record = await only(recorder, store)
    first, second = record["attempts"]
    assert (first["status"], first["error_code"], first["tokens"], first["ms"]) == (
        "failed",
        "rate_limit_exceeded",
        0,
        1000.0,
    )
    assert (second["status"], second["tokens"], second["ms"], second["started_ms"]) == ("ok", 10, 2000.0, 1500.0)
    assert (record["model"], record["provider"], record["cost_nano"], record["status"]) == ("slow", "shed", 20, "ok")


async def test_an_attempt_that_another_follows_has_failed(recorder, store, clock, kit):
    trace = recorder.open(kit.ask(), kit.CALLER, clock.monotonic())
    trace.attempt(kit.TARGET, clock.monotonic())
    trace.attempt(kit.FALLBACK, clock.monotonic())
    trace.close(ProviderError("all down"))
    record = await only(recorder, store)
    assert [attempt["status"] for attempt in record["attempts"]] == ["failed", "failed"]
    assert (record["total_tokens"], record["cost_usd"]) == (0, 0.0)


async def test_a_client_that_leaves_mid_stream_is_charged_for_what_came(recorder, store, clock, kit):
    trace = recorder.open(kit.ask(), kit.CALLER, clock.monotonic())
    trace.routed(kit.ROUTE)
    trace.attempt(kit.TARGET, clock.monotonic())
    reply = trace.watch(kit.reply([TextDelta("one two ")], [TextDelta("three ")], [TextDelta("never read")]))
    await anext(reply.chunks)
    await anext(reply.chunks)
    trace.close(asyncio.CancelledError())
    record = await only(recorder, store)
    assert (record["status"], record["usage_estimated"]) == ("client_gone", True)
    assert (record["prompt_tokens"], record["completion_tokens"], record["cost_nano"]) == (10, 3, 26)


async def test_a_client_that_leaves_before_the_first_byte_has_sent_its_prompt(recorder, store, clock, kit):
    trace = recorder.open(kit.ask(), kit.CALLER, clock.monotonic())
    trace.attempt(kit.TARGET, clock.monotonic())
    clock.advance(3)
    trace.close(asyncio.CancelledError())
    record = await only(recorder, store)
    assert (record["prompt_tokens"], record["completion_tokens"], record["usage_estimated"]) == (10, 0, True)
    assert (record["attempts"][0]["ms"], record["overhead_ms"]) == (3000.0, 0.0)


async def test_output_after_an_early_count_is_added_by_estimate(recorder, store, clock, kit):
    trace = recorder.open(kit.ask(), kit.CALLER, clock.monotonic())
    trace.attempt(kit.TARGET, clock.monotonic())
    early = UsageReported(Usage(input_tokens=700, output_tokens=1))
    reply = trace.watch(kit.reply([early], [TextDelta("four words came through")]))
    await anext(reply.chunks)
    await anext(reply.chunks)
    trace.close(ProviderError("cut", code="stream_interrupted"))
    record = await only(recorder, store)
    assert (record["prompt_tokens"], record["completion_tokens"], record["usage_estimated"]) == (700, 4, True)
    assert (record["status"], record["error_code"]) == ("failed", "stream_interrupted")


async def test_a_stream_that_breaks_is_timed_until_it_broke(recorder, store, clock, kit):
    async def breaks():
        yield (await anext(kit.chunks([TextDelta("a")])))
        clock.advance(4)
        raise ProviderError("cut")

    trace = recorder.open(kit.ask(), kit.CALLER, clock.monotonic())
    trace.attempt(kit.TARGET, clock.monotonic())
    reply = kit.reply()
    reply.chunks = breaks()
    with pytest.raises(ProviderError) as caught:
        await kit.read(trace, reply)
    clock.advance(0.01)
    trace.close(caught.value)
    record = await only(recorder, store)
    assert (record["attempts"][0]["ms"], record["overhead_ms"], record["latency_ms"]) == (4000.0, 10.0, 4010.0)


async def test_a_model_without_a_price_is_unpriced_not_free(recorder, store, clock, kit):
    trace = recorder.open(kit.ask(), kit.CALLER, clock.monotonic())
    trace.attempt(kit.FREE, clock.monotonic())
    events = [TextDelta("hi"), UsageReported(Usage(input_tokens=1, output_tokens=1))]
    await kit.read(trace, kit.reply(events, target=kit.FREE))
    trace.close()
    record = await only(recorder, store)
    assert (record["cost_usd"], record["cost_nano"], record["priced"], record["total_tokens"]) == (None, None, False, 2)


async def test_tool_calls_are_counted_and_are_content(recorder, store, clock, kit):
    trace = recorder.open(kit.ask(), kit.CALLER, clock.monotonic())
    trace.attempt(kit.TARGET, clock.monotonic())
    clock.advance(0.1)
    await kit.read(
        trace,
        kit.reply(
            [ToolCallStarted(slot=0, id="a", name="add"), ToolCallStarted(slot=1, id="b", name="sub")],
            [ToolArgumentsDelta(0, "{}")],
            [Finished("tool_calls")],
        ),
    )
    trace.close()
    record = await only(recorder, store)
    assert (record["tool_calls"], record["finish_reason"], record["ttft_ms"]) == (2, "tool_calls", 100.0)


async def test_embeddings_and_counts_have_a_first_content_time(recorder, store, clock, kit):
    for kind, event in (("embedding", Embedded([[0.1]])), ("count", TokensCounted(7))):
        trace = recorder.open(kit.ask(kind=kind), kit.CALLER, clock.monotonic())
        await kit.read(trace, kit.reply([event]))
        trace.close()
    await recorder.flush()
    records, _ = store.list()
    assert [record["ttft_ms"] for record in records] == [0.0, 0.0]
    assert [record["total_tokens"] for record in records] == [0, 0]


async def test_long_names_from_clients_are_cut(recorder, store, clock, kit):
    recorder.open(kit.ask(model="m" * 10_000, user_id="u" * 10_000), None, clock.monotonic()).close()
    record = await only(recorder, store)
    assert (len(record["requested_model"]), len(record["user_id"])) == (256, 256)


async def test_text_that_json_cannot_carry_is_counted_not_raised(recorder, store, clock, kit):
    recorder.open(kit.ask(model="\ud800"), None, clock.monotonic()).close()
    await recorder.flush()
    assert store.list() == ([], None)
    assert b"headworks_records_dropped_total 1.0" in recorder.metrics_text()


async def test_absurd_counts_are_cut_to_what_sums_can_hold(recorder, store, clock, kit):
    trace = recorder.open(kit.ask(), kit.CALLER, clock.monotonic())
    trace.attempt(kit.TARGET, clock.monotonic())
    await kit.read(trace, kit.reply([UsageReported(Usage(input_tokens=10**40, output_tokens=1))]))
    trace.close()
    assert (await only(recorder, store))["prompt_tokens"] == 10**15
