"""What a feature promises: error rate, latency, time to the first token, share answered by the cache."""

from typing import Any

import apsw

from headworks.core.people.alerting import Alert
from headworks.telemetry.alerts.config import AlertSettings, LimitSettings
from headworks.telemetry.alerts.watch.hours import Rows
from headworks.telemetry.alerts.watch.statistics import percentile

ERRORS, LATENCY, TTFT, CACHE = "error_rate", "latency", "ttft", "cache_hit_rate"
_MOST_CALLS = 5_000
_P95 = 0.95
_LATEST = (
    "SELECT status, latency_ms, ttft_ms, cache_kind FROM traces WHERE feature = ? AND started_at >= ? "
    "ORDER BY started_at DESC LIMIT ?"
)


class PromiseWatch:
    """Looks at the latest calls of the features that promise something: at most 5,000 of each.

    Args:
        settings: What they promise, and over how long.
    """

    kinds = (ERRORS, LATENCY, TTFT, CACHE)

    def __init__(self, settings: AlertSettings) -> None:
        self._settings = settings

    def look(self, db: apsw.Connection, ledger: apsw.Connection, now_s: float) -> list[Alert]:
        """What is wrong now."""
        settings = self._settings
        found: list[Alert] = []
        for feature in sorted({*settings.limits, *settings.cache_target}):
            since_ms = int((now_s - settings.window_m * 60) * 1000)
            rows: Rows = ledger.execute(_LATEST, (feature, since_ms, _MOST_CALLS)).fetchall()
            found += judged(feature, rows, settings)
        return found


def judged(feature: str, rows: Rows, settings: AlertSettings) -> list[Alert]:
    """What the latest calls of a feature (status, latency, time to the first token, what the cache said) break."""
    limit = settings.limits.get(feature, LimitSettings())
    target = settings.cache_target.get(feature)
    over = f"the last {settings.window_m:g} minutes"
    ended = [row for row in rows if row[0] in {"ok", "failed"}]
    good = [row for row in ended if row[0] == "ok"]
    least = settings.min_calls
    found: list[Alert] = []
    if limit.error_rate is not None and len(ended) >= least:
        rate = 1 - len(good) / len(ended)
        if rate > limit.error_rate:
            facts = {"failed": f"{rate:.1%}", "limit": f"{limit.error_rate:.1%}", "calls": str(len(ended))}
            title = (
                f"{rate:.1%} of the calls of feature {feature} failed in {over}; the limit is {limit.error_rate:.1%}."
            )
            found.append(_alert(ERRORS, feature, title, facts, severity="critical"))
    found += _slow(LATENCY, feature, [row[1] for row in good], limit.p95_latency_ms, settings)
    found += _slow(TTFT, feature, [row[2] for row in good], limit.p95_ttft_ms, settings)
    asked = [row[3] for row in good if row[3] is not None]
    if target is not None and len(asked) >= least:
        share = sum(kind != "miss" for kind in asked) / len(asked)
        if share < target:
            facts = {"answered by the cache": f"{share:.1%}", "target": f"{target:.1%}", "calls": str(len(asked))}
            title = f"The cache answered {share:.1%} of the calls of feature {feature}; the target is {target:.1%}."
            found.append(_alert(CACHE, feature, title, facts))
    return found


def _slow(
    kind: str, feature: str, times: list[float | None], limit: float | None, settings: AlertSettings
) -> list[Alert]:
    known = [ms for ms in times if ms is not None]
    if limit is None or len(known) < settings.min_calls:
        return []
    p95 = percentile(known, _P95)
    if p95 <= limit:
        return []
    what = "whole" if kind == LATENCY else "begun"
    title = f"95 of 100 answers of feature {feature} are {what} after {p95:.0f} ms; the limit is {limit:g} ms."
    return [_alert(kind, feature, title, {"p95": f"{p95:.0f} ms", "limit": f"{limit:g} ms", "calls": str(len(known))})]


def _alert(kind: str, feature: str, title: str, facts: dict[str, str], **given: Any) -> Alert:
    return Alert(
        **{
            "kind": kind,
            "subject": f"feature {feature}",
            "severity": "warning",
            "title": title,
            "facts": facts,
            **given,
        }
    )
