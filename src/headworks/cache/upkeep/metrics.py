"""What Prometheus sees of the cache, apart from calls by kind: read off when `/metrics` is asked for.

With PROMETHEUS_MULTIPROC_DIR set the page of the calls shows all workers as one, so each writes down every few seconds
how it stands. What is common to workers is told by one of them only, or the sum would count it once for each.
"""

import asyncio
import os
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from headworks.cache.upkeep.stats import SemanticRow, Stats
from headworks.cache.upkeep.tiers import TierRow

BEAT_S = 5.0


class CacheMetrics:
    """The numbers of one process.

    Args:
        stats: How the cache stands.
        first: Whether this process tells of tiers that are common to all workers.
    """

    def __init__(self, stats: Callable[[], Stats], *, first: bool = True) -> None:
        self._stats = stats
        self._first = first
        self._shared = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        self._next: asyncio.TimerHandle | None = None
        self._shown: set[Gauge] = set()
        self._told: dict[tuple[Counter, str], float] = {}
        self._registry = registry = CollectorRegistry()
        self._entries = _gauge(registry, "entries", "Answers kept.")
        self._bytes = _gauge(registry, "bytes", "What kept answers take.")
        self._limit = _gauge(registry, "limit_bytes", "What they may take.")
        self._up = Gauge(
            "headworks_cache_up",
            "1 while the tier is in use.",
            ["tier"],
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._hits = _counter(registry, "tier_hits", "Answers found.", "tier")
        self._evicted = _counter(registry, "evicted", "Answers let go for want of room.", "tier")
        self._broken = _counter(registry, "broken", "Entries that did not stand their check.", "tier")
        self._dropped = _counter(registry, "dropped", "Answers that were not written.", "tier")
        self._refused = _counter(registry, "refused", "Answers not kept because they were invalidated.", "tier")
        self._error = Gauge(
            "headworks_cache_semantic_error",
            "Share of a feature's answers that are wrong because they answer another question.",
            ["feature", "end"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._stopped = Gauge(
            "headworks_cache_semantic_stopped",
            "1 while nothing is answered by meaning.",
            ["feature"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._shadowed = _counter(registry, "semantic_checked", "Answers by meaning that were compared.", "feature")
        self._wrong = _counter(registry, "semantic_wrong", "Those of them that were wrong.", "feature")
        self._stored = _counter(registry, "stored", "Answers kept, so far.")
        self._saved = _counter(registry, "saved_usd", "Dollars that answers from the cache had cost.")

    def start(self) -> None:
        """Write down how it stands from now on, where other workers answer for this one."""
        if self._shared:
            self._beat()

    def stop(self) -> None:
        """Say no more, and leave nothing behind in what sibling workers go on showing."""
        if self._next is not None:
            self._next.cancel()
        for gauge in self._shown:
            gauge.set(0)

    def text(self) -> bytes:
        """The exposition in Prometheus text format; nothing where the page of the calls has it, so ask here first."""
        self.observe()
        return b"" if self._shared else generate_latest(self._registry)

    def observe(self) -> None:
        """Read off how it stands."""
        stats = self._stats()
        for name, row in stats.tiers.items():
            self._show(name, row)
        for name, troubles in stats.troubles.items():
            self._count(self._broken, troubles.broken, name)
            self._count(self._dropped, troubles.dropped, name)
            self._count(self._refused, troubles.refused, name)
        for semantic in stats.semantic:
            self._show_semantic(semantic)
        self._count(self._stored, stats.stored or 0)
        self._count(self._saved, stats.saved_usd or 0.0)

    def _show(self, name: str, row: TierRow) -> None:
        self._up.labels(name).set(row.up)
        self._count(self._hits, row.hits, name)
        if row.evicted is not None:
            self._count(self._evicted, row.evicted, name)
        if row.common and not self._first:
            return
        for gauge, value in ((self._entries, row.entries), (self._bytes, row.bytes), (self._limit, row.limit_bytes)):
            if value is not None:
                child = gauge.labels(name)
                child.set(value)
                self._shown.add(child)

    def _show_semantic(self, row: SemanticRow) -> None:
        for end, value in (("low", row.low), ("measured", row.rate), ("high", row.high)):
            if value is not None:
                self._error.labels(row.feature, end).set(value)
        self._stopped.labels(row.feature).set(bool(row.stopped))
        self._count(self._shadowed, row.shadowed, row.feature)
        self._count(self._wrong, row.wrong, row.feature)

    def _count(self, counter: Counter, total: float, tier: str = "") -> None:
        child = counter.labels(tier) if tier else counter
        child.inc(max(0.0, total - self._told.get((counter, tier), 0)))  # the meter begins anew now and then
        self._told[counter, tier] = total

    def _beat(self) -> None:
        self.observe()
        self._next = asyncio.get_running_loop().call_later(BEAT_S, self._beat)


def _gauge(registry: CollectorRegistry, name: str, text: str) -> Gauge:
    return Gauge(f"headworks_cache_{name}", text, ["tier"], registry=registry, multiprocess_mode="livesum")


def _counter(registry: CollectorRegistry, name: str, text: str, *labels: str) -> Counter:
    return Counter(f"headworks_cache_{name}", text, labels, registry=registry)
