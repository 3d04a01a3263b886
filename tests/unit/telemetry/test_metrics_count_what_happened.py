"""Prometheus text: the right series, bounded labels, several workers as one."""

import os
import subprocess
import sys
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from headworks.core.errors import ProviderError, RefusedError
from headworks.telemetry.metrics import LABEL_VALUES, Metrics
from headworks.telemetry.record import TraceRecord


def samples(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(text.decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def value(text: bytes, name: str, **labels: str) -> float | None:
    return samples(text).get((f"headworks_{name}", tuple(sorted(labels.items()))))


def record(**more) -> TraceRecord:
    known = {"status": "ok", "trace_id": "t", "started_at": 1, "model": "fast", "feature": "f", "route": "explicit"}
    return TraceRecord(**{**known, "provider": "lab", "cost_nano": 0, **more})


async def test_a_call_shows_in_requests_tokens_cost_and_times(recorder, kit):
    await kit.whole_call(recorder)
    await recorder.flush()
    text = recorder.metrics_text()
    labels = {"feature": "support-bot", "model": "fast", "provider": "lab", "status": "ok"}
    assert value(text, "requests_total", **labels) == 1
    assert value(text, "tokens_total", model="fast", kind="input") == 3
    assert value(text, "tokens_total", model="fast", kind="output") == 4
    assert value(text, "cost_usd_total", model="fast", feature="support-bot") == 14e-9
    assert value(text, "cache_total", kind="off") == 1
    for name in ("ttft", "latency", "overhead"):
        assert value(text, f"{name}_seconds_count") == 1
    assert value(text, "unpriced_calls_total", model="fast") is None


async def test_the_state_of_the_process_is_read_when_asked(recorder, clock, kit):
    trace = recorder.open(kit.ask(), kit.CALLER, clock.monotonic())
    trace.attempt(kit.TARGET, clock.monotonic())
    stranger = recorder.open(kit.ask(), None, clock.monotonic())
    stranger.close(RefusedError("who?", code="invalid_api_key", status=401))
    text = recorder.metrics_text()
    assert value(text, "in_flight") == 1
    assert value(text, "unauthenticated_total") == 1
    assert value(text, "spool_depth_bytes") > 0
    assert value(text, "records_dropped_total") == 0
    trace.close(ProviderError("down"))
    await recorder.flush()
    text = recorder.metrics_text()
    assert value(text, "in_flight") == 0
    assert value(text, "errors_total", code="provider_error") == 1
    assert value(text, "spool_depth_bytes") == 0


def test_names_that_were_never_routed_do_not_become_labels():
    metrics = Metrics()
    metrics.take([record(model=f"made-up-{number}", route=None, provider=None) for number in range(50)])
    labels = {"feature": "unknown", "model": "unknown", "provider": "none", "status": "ok"}
    assert value(metrics.text(), "requests_total", **labels) == 50
    assert b"made-up" not in metrics.text()


def test_a_label_takes_a_bounded_number_of_values():
    metrics = Metrics()
    metrics.take([record(model=f"m{number}") for number in range(LABEL_VALUES + 30)])
    labels = {"feature": "f", "model": "other", "provider": "lab", "status": "ok"}
    assert value(metrics.text(), "requests_total", **labels) == 30


def test_unpriced_calls_are_counted_apart_and_lost_ones_are_not_unpriced():
    metrics = Metrics()
    metrics.take([record(cost_nano=None), record(cost_nano=None, status="lost")])
    assert value(metrics.text(), "unpriced_calls_total", model="fast") == 1
    assert value(metrics.text(), "cost_usd_total", model="fast", feature="f") is None


def test_shares_of_tokens_are_kinds_of_their_own():
    metrics = Metrics()
    metrics.take([record(prompt_tokens=9, cached_tokens=5, cache_write_tokens=2, reasoning_tokens=1)])
    for kind, count in {"input": 9, "cached": 5, "cache_write": 2, "reasoning": 1}.items():
        assert value(metrics.text(), "tokens_total", model="fast", kind=kind) == count


def test_savings_of_a_providers_cache_are_told_from_what_it_cost_more():
    metrics = Metrics()
    metrics.take(
        [
            record(cached_tokens=100, saved_nano=90_000),
            record(cached_tokens=10, cache_write_tokens=40, saved_nano=-1_000),
            record(saved_nano=5_000, cache_hit=True, cache_kind="hit-exact"),
        ]
    )
    text = metrics.text()
    assert value(text, "prefix_tokens_total", provider="lab", kind="read") == 110
    assert value(text, "prefix_tokens_total", provider="lab", kind="write") == 40
    assert value(text, "prefix_usd_total", provider="lab", kind="saved") == 90e-6
    assert value(text, "prefix_usd_total", provider="lab", kind="surcharge") == 1e-6


def test_workers_that_share_a_directory_answer_as_one(tmp_path: Path):
    code = (
        "from headworks.telemetry.metrics import Metrics, State\n"
        "from headworks.telemetry.record import TraceRecord\n"
        "metrics = Metrics()\n"
        "metrics.take([TraceRecord(status='ok', trace_id='t', started_at=1, model='m', route='r', cost_nano=0)])\n"
        "metrics.observe(State(in_flight=2))\n"
        "print(metrics.text().decode())\n"
        "metrics.close()\n"
    )
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    labels = {"feature": "none", "model": "m", "provider": "none", "status": "ok"}
    assert value(ran.stdout.encode(), "requests_total", **labels) == 2
    assert value(ran.stdout.encode(), "in_flight") == 2
