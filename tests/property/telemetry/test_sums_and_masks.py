"""Whatever happens to a call, amounts add up; whatever is logged, no secret shows."""

import asyncio
import json
import math
import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import Histogram

from headworks.core.errors import ProviderError
from headworks.core.ids import new_trace_id
from headworks.core.messages import Ask, Prompt, Route, Target
from headworks.core.money import usd_from_nano, usd_text
from headworks.core.replies import Chunk, Finished, Reply, TextDelta, ToolArgumentsDelta, Usage, UsageReported
from headworks.telemetry.logs import call_line
from headworks.telemetry.masking import SHORTEST_SECRET, Masker
from headworks.telemetry.metrics import BatchHistogram
from headworks.telemetry.record import TraceRecord, decode, encode, outward
from headworks.telemetry.spool import Spool
from headworks.telemetry.trace import Desk, Trace
from headworks.testing.clock import FakeClock

TARGETS = [Target(name=name, provider="p", provider_model=name, dialect="openai") for name in ("a", "b", "free")]
counts = st.integers(0, 10**9)
usages = st.builds(Usage, input_tokens=counts, output_tokens=counts, cached_tokens=counts, reasoning_tokens=counts)
events = st.one_of(
    st.builds(TextDelta, st.text(max_size=5)),
    st.builds(ToolArgumentsDelta, st.just(0), st.text(max_size=5)),
    st.builds(UsageReported, usages),
    st.just(Finished("stop")),
)
attempts = st.tuples(st.sampled_from(TARGETS), st.lists(st.lists(events, max_size=4), max_size=4), st.booleans())
endings = st.sampled_from([None, ProviderError("x"), asyncio.CancelledError()])


class OddPricing:
    """Prices that differ by model; `free` has none."""

    def cost_nano(self, target, usage, at_s):
        return None if target.name == "free" else len(target.name) * 3 * usage.input_tokens + 7 * usage.output_tokens

    def prices(self, target, at_s):
        return None

    def estimate(self, target, ask, output_text):
        return Usage(input_tokens=11, output_tokens=len(output_text), estimated=True)


async def chunks_of(chunks):
    for chunk in chunks:
        yield Chunk(chunk)


async def record_of(plan, ending) -> TraceRecord:
    clock = FakeClock()
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder), "w")
        spool.open()
        ask = Ask(
            trace_id=new_trace_id(clock.now()),
            dialect="openai",
            kind="chat",
            model="m",
            fields={},
            read_prompt=lambda: Prompt(messages=()),
        )
        record = TraceRecord(status="lost", trace_id=ask.trace_id, started_at=0, attempts=[])
        trace = Trace(Desk(clock=clock, pricing=OddPricing(), spool=spool, open={}), ask, record, 0.0)
        trace.routed(Route(feature="f", query_type="explicit", targets=tuple(TARGETS)))
        for target, chunks, says_so in plan:
            clock.advance(0.25)
            trace.attempt(target, clock.monotonic())
            reply = trace.watch(Reply(target=target, streamed=True, chunks=chunks_of(chunks)))
            async for _ in reply.chunks:
                clock.advance(0.125)
            if says_so:
                trace.attempt_failed(ProviderError("x"))
        trace.close(ending)
        written = decode(spool.segments[0].unread().splitlines()[-1])
        spool.close(finished=True)
    return written


@given(st.lists(attempts, max_size=4), endings)
@settings(max_examples=60, deadline=None)
def test_tokens_costs_and_times_of_a_record_are_the_sums_of_its_attempts(plan, ending):
    record = asyncio.run(record_of(plan, ending))
    assert record.prompt_tokens + record.completion_tokens == sum(attempt.tokens for attempt in record.attempts)
    costs = [attempt.cost_nano for attempt in record.attempts]
    assert record.cost_nano == (None if None in costs else sum(costs))
    assert len(record.attempts) == len(plan)
    assert all(attempt.ms >= 0 for attempt in record.attempts)
    assert 0 <= record.overhead_ms <= record.latency_ms
    shown = outward(record)
    assert shown["priced"] == (shown["cost_usd"] is not None)
    if shown["priced"]:
        assert round(shown["cost_usd"] * 10**9) == record.cost_nano


@given(st.integers(0, 10**15))
def test_the_outward_number_of_a_cost_is_exact_to_the_nano(nano):
    record = TraceRecord(status="ok", trace_id="t", started_at=0, cost_nano=nano)
    from_json = json.loads(json.dumps(outward(record)["cost_usd"]))
    assert round(from_json * 10**9) == nano


@given(st.integers(-(10**18), 10**18))
def test_the_text_of_a_cost_is_exact_and_plain(nano):
    text = usd_text(nano)
    assert Decimal(text) == usd_from_nano(nano)
    assert "E" not in text
    assert "." not in text or not text.endswith(("0", "."))


@given(st.text(), st.text(), st.dictionaries(st.text(), st.text()))
def test_a_record_survives_its_line(model, user, tags):
    def whole(text: str) -> bool:
        return not any("\ud800" <= letter <= "\udfff" for letter in text)

    texts = [model, user, *tags, *tags.values()]
    if all(map(whole, texts)):
        record = TraceRecord(status="ok", trace_id="t", started_at=1, model=model, user_id=user, tags=tags)
        line = encode(record)
        assert b"\n" not in line
        assert decode(line) == record


secrets = st.text(st.characters(codec="utf-8"), min_size=SHORTEST_SECRET, max_size=40)
filler = st.text(st.characters(codec="utf-8"), max_size=20)


@given(st.lists(secrets, min_size=1, max_size=4), filler, filler)
def test_no_known_secret_shows_however_it_is_nested(known, before, after):
    masker = Masker(known)
    for secret in known:
        text = before + secret + after
        masked = masker.value({"a": [text, {text: (text, None, 1)}], "b": ValueError(text)})
        for found in (masked["a"][0], *masked["a"][1], next(iter(masked["a"][1].values()))[0]):
            assert secret not in found


@given(st.lists(st.sampled_from([0.0, 0.05, 0.1, 1.0, 3.0]) | st.floats(0, 1e6), max_size=50))
def test_a_batch_of_observations_counts_as_each_of_them_would(amounts):
    bounds = (0.05, 0.1, 1, 3)
    batch, single = (
        BatchHistogram("h", "", buckets=bounds, registry=None),
        Histogram("h", "", buckets=bounds, registry=None),
    )
    batch.observe_all(amounts)
    for amount in amounts:
        single.observe(amount)
    [counted], [expected] = batch.collect(), single.collect()
    for sample, other in zip(counted.samples, expected.samples, strict=True):
        assert (sample.name, sample.labels) == (other.name, other.labels)
        assert math.isclose(sample.value, other.value, rel_tol=1e-9)


@given(secrets, filler)
def test_no_known_secret_shows_in_a_call_line(secret, before):
    masker = Masker([secret])
    record = TraceRecord(status="ok", trace_id="t", started_at=1, model=before + secret, feature=secret, org_id=secret)
    line = call_line(record, masker)
    assert not any(secret in name for name in (line.model, line.feature, line.org_id))


@given(st.from_regex(r"(hw|sk)-[A-Za-z0-9_\-]{12,40}|AIza[A-Za-z0-9_\-]{20,35}", fullmatch=True), filler)
def test_nothing_key_like_shows_unasked(secret, after):
    assert secret not in Masker().text(f"key {secret} {after}")
    assert secret not in Masker().text(f'"{secret}"')
