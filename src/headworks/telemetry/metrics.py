"""What Prometheus sees. Counted from finished records in the writer's thread, a batch at a time.

Labels come from the config (models, features, providers that a call was really routed to), never from what clients
send, and each label takes at most `LABEL_VALUES` different values: the rest is counted under `other`. With
PROMETHEUS_MULTIPROC_DIR set before this module is imported, all workers that share the directory answer as one.
"""

import os
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Hashable
from operator import attrgetter

from msgspec import Struct
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

from headworks.core.money import NANO_PER_USD
from headworks.telemetry.record import TraceRecord

LABEL_VALUES = 200
_TTFT_BUCKETS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30, 60)
_LATENCY_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300, 600)
_OVERHEAD_BUCKETS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1)
_labels = attrgetter("route", "feature", "model", "provider", "status", "cache_kind", "error_code")

disable_created_metrics()  # type: ignore[no-untyped-call]  # one more series per series, of use to nobody here


class State(Struct, frozen=True, kw_only=True):
    """What is known of a process apart from its finished records.

    Attributes:
        in_flight: Calls under way.
        spool_bytes: Written to the spool and not yet stored.
        dropped: Records that could not be kept, so far.
        strangers: Calls without a valid key, so far.
    """

    in_flight: int = 0
    spool_bytes: int = 0
    dropped: int = 0
    strangers: int = 0


class Metrics:
    """The counters of one recorder, in a registry of their own. An `Outlet` of the writer."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self._shared = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        self._requests = _counter(registry, "requests", "Calls ended.", "feature", "model", "provider", "status")
        self._errors = _counter(registry, "errors", "Calls that ended in an error.", "code")
        self._tokens = _counter(
            registry, "tokens", "Tokens; cached, cache_write, reasoning are shares.", "model", "kind"
        )
        self._cost = _counter(registry, "cost_usd", "Dollars spent at known prices.", "model", "feature")
        self._unpriced = _counter(registry, "unpriced_calls", "Calls without a known price.", "model")
        self._cache = _counter(registry, "cache", "Calls by what the cache did.", "kind")
        self._prefix = _counter(
            registry, "prefix_tokens", "Tokens of providers' own prompt caches: read, write.", "provider", "kind"
        )
        self._prefix_usd = _counter(
            registry, "prefix_usd", "Dollars that those caches saved, or cost more.", "provider", "kind"
        )
        self._failures = _counter(registry, "failed_attempts", "Provider calls that failed.", "provider", "code")
        self._resumed = _counter(registry, "resumed_streams", "Streams that broke off and were gone on with.", "model")
        self._retries = _counter(registry, "client_retries", "Calls that an SDK had sent before.", "feature")
        self._unauthenticated = _counter(registry, "unauthenticated", "Calls without a valid key.")
        self._dropped = _counter(registry, "records_dropped", "Trace records that could not be kept.")
        self._ttft = _histogram(registry, "ttft_seconds", "Arrival to first content.", _TTFT_BUCKETS)
        self._latency = _histogram(registry, "latency_seconds", "Arrival to end.", _LATENCY_BUCKETS)
        self._overhead = _histogram(
            registry, "overhead_seconds", "Time spent in the gateway itself.", _OVERHEAD_BUCKETS
        )
        self._in_flight = _gauge(registry, "in_flight", "Calls under way.")
        self._spool = _gauge(registry, "spool_depth_bytes", "Records written to the spool and not yet to the ledger.")
        self._seen: dict[str, set[str]] = {"feature": set(), "model": set(), "provider": set()}
        self._children: dict[Hashable, Counter] = {}
        self._state = State()

    def take(self, records: list[TraceRecord]) -> None:
        """Count finished records: summed over the batch first, so each series is touched once."""
        groups: dict[Hashable, _Group] = {}
        for record in records:
            labels = _labels(record)
            group = groups.get(labels)
            if group is None:
                group = groups[labels] = _Group(record)
            group.add(record)
        for group in groups.values():
            self._count(group)
        self._ttft.observe_all([record.ttft_ms / 1000 for record in records if record.ttft_ms is not None])
        self._latency.observe_all([record.latency_ms / 1000 for record in records if record.latency_ms is not None])
        self._overhead.observe_all([record.overhead_ms / 1000 for record in records if record.overhead_ms is not None])

    def observe(self, state: State) -> None:
        """Show the state of this process."""
        self._in_flight.set(state.in_flight)
        self._spool.set(state.spool_bytes)
        self._dropped.inc(state.dropped - self._state.dropped)
        self._unauthenticated.inc(state.strangers - self._state.strangers)
        self._state = state

    def text(self) -> bytes:
        """The exposition in Prometheus text format."""
        if not self._shared:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def close(self) -> None:
        """Leave nothing under way behind in what sibling workers go on showing."""
        self._in_flight.set(0)
        self._spool.set(0)

    def _count(self, group: "_Group") -> None:
        first = group.first
        routed = first.route is not None
        model = self._label("model", first.model) if routed else "unknown"
        feature = self._label("feature", first.feature or "none") if routed else "unknown"
        provider = self._label("provider", first.provider or "none")
        self._child(self._requests, feature, model, provider, first.status).inc(group.calls)
        self._child(self._cache, first.cache_kind or "off").inc(group.calls)
        if first.error_code is not None:
            self._child(self._errors, first.error_code).inc(group.calls)
        for (failed, code), calls in group.failures.items():
            self._child(self._failures, self._label("provider", failed), code).inc(calls)
        if group.resumed:
            self._child(self._resumed, model).inc(group.resumed)
        if group.client_retries:
            self._child(self._retries, feature).inc(group.client_retries)
        for kind, tokens in group.tokens().items():
            if tokens:
                self._child(self._tokens, model, kind).inc(tokens)
        self._count_prefix(group, provider)
        if group.cost_nano:
            self._child(self._cost, model, feature).inc(group.cost_nano / NANO_PER_USD)
        if group.unpriced and first.status != "lost":
            self._child(self._unpriced, model).inc(group.unpriced)

    def _count_prefix(self, group: "_Group", provider: str) -> None:
        """What the provider's own cache did; an answer that came from ours has asked no provider."""
        for kind, tokens in (("read", group.cached), ("write", group.written)):
            if tokens:
                self._child(self._prefix, provider, kind).inc(tokens)
        for kind, nano in (("saved", group.saved_nano), ("surcharge", group.surcharge_nano)):
            if nano:
                self._child(self._prefix_usd, provider, kind).inc(nano / NANO_PER_USD)

    def _label(self, name: str, value: str) -> str:
        seen = self._seen[name]
        if value in seen:
            return value
        if len(seen) >= LABEL_VALUES:
            return "other"
        seen.add(value)
        return value

    def _child(self, counter: Counter, *labels: str) -> Counter:
        key = (counter, labels)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = counter.labels(*labels)
        return child


class _Group:
    """Records of one batch that count in the same series, added up.

    Args:
        first: One of them, for the labels.
    """

    __slots__ = (
        "cached",
        "calls",
        "client_retries",
        "completion",
        "cost_nano",
        "failures",
        "first",
        "prompt",
        "reasoning",
        "resumed",
        "saved_nano",
        "surcharge_nano",
        "unpriced",
        "written",
    )

    def __init__(self, first: TraceRecord) -> None:
        self.first = first
        self.calls = self.unpriced = self.cost_nano = 0
        self.prompt = self.completion = self.cached = self.written = self.reasoning = 0
        self.resumed = self.client_retries = 0
        self.saved_nano = self.surcharge_nano = 0
        self.failures: Tally[tuple[str, str]] = Tally()

    def add(self, record: TraceRecord) -> None:
        """Take in one record."""
        self.calls += 1
        self.prompt += record.prompt_tokens
        self.completion += record.completion_tokens
        self.cached += record.cached_tokens
        self.written += record.cache_write_tokens
        self.reasoning += record.reasoning_tokens
        if record.cost_nano is None:
            self.unpriced += 1
        else:
            self.cost_nano += record.cost_nano
        if record.saved_nano and (record.cached_tokens or record.cache_write_tokens):
            self.saved_nano += max(0, record.saved_nano)
            self.surcharge_nano += max(0, -record.saved_nano)
        self.client_retries += record.client_retries > 0
        if len(record.attempts) > 1 or record.status == "failed":
            self._add_failures(record)

    def _add_failures(self, record: TraceRecord) -> None:
        failed = (attempt for attempt in record.attempts if attempt.status == "failed")
        self.failures.update((attempt.provider, attempt.error_code or "unknown") for attempt in failed)
        self.resumed += any(attempt.mode is not None for attempt in record.attempts)

    def tokens(self) -> dict[str, int]:
        """Tokens by their label `kind`."""
        return {
            "input": self.prompt,
            "output": self.completion,
            "cached": self.cached,
            "cache_write": self.written,
            "reasoning": self.reasoning,
        }


class BatchHistogram(Histogram):
    """A histogram without labels that takes many observations at the price of a few."""

    def observe_all(self, amounts: list[float]) -> None:
        """As `observe` of each: each bucket, and the sum, is touched at most once."""
        if not amounts:
            return
        self._sum.inc(sum(amounts))
        for bucket, count in Tally(bisect_left(self._upper_bounds, amount) for amount in amounts).items():
            self._buckets[bucket].inc(count)


def _counter(registry: CollectorRegistry, name: str, text: str, *labels: str) -> Counter:
    return Counter(f"headworks_{name}", text, labels, registry=registry)


def _histogram(registry: CollectorRegistry, name: str, text: str, buckets: tuple[float, ...]) -> BatchHistogram:
    return BatchHistogram(f"headworks_{name}", text, registry=registry, buckets=buckets)


def _gauge(registry: CollectorRegistry, name: str, text: str) -> Gauge:
    return Gauge(f"headworks_{name}", text, registry=registry, multiprocess_mode="livesum")
