"""Providers that do not answer, and keys that are turned away, from the health report of the providers room."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from headworks.core.clock import seconds_text
from headworks.core.people.alerting import Alert

DOWN, DEAD = "provider_down", "key_dead"
KINDS = (DOWN, DEAD)
_SINCE_S = 30.0
"""A breaker that opens for a moment wakes nobody."""


def unwell(report: Mapping[str, Any], now_s: float) -> list[Alert]:
    """What is wrong, from `lanes` of the report: each with provider, model, key, cause and since_s."""
    down: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    dead: dict[tuple[str, int], Mapping[str, Any]] = {}
    for lane in report.get("lanes", ()):
        if lane["cause"] == "open" and now_s - lane["since_s"] >= _SINCE_S:
            down[lane["provider"]].append(lane)
        elif lane["cause"] == "denied":
            dead.setdefault((lane["provider"], lane["key"]), lane)
    found = [_down(provider, lanes, now_s) for provider, lanes in sorted(down.items())]
    return found + [_dead(provider, key) for provider, key in sorted(dead)]


def _down(provider: str, lanes: list[Mapping[str, Any]], now_s: float) -> Alert:
    models = sorted({str(lane["model"]) for lane in lanes if lane["model"] is not None}) or ["all"]
    longest_s = now_s - min(lane["since_s"] for lane in lanes)
    return Alert(
        kind=DOWN,
        subject=f"provider {provider}",
        severity="critical",
        title=f"Provider {provider} has not answered well for {seconds_text(longest_s)}.",
        facts={"models": ", ".join(models[:20]), "for": seconds_text(longest_s)},
    )


def _dead(provider: str, key: int) -> Alert:
    return Alert(
        kind=DEAD,
        subject=f"provider {provider}, key {key + 1}",
        severity="critical",
        title=f"Provider {provider} turns key {key + 1} away: it is revoked, or the account may not be used.",
        facts={"key": f"number {key + 1} in the config"},
    )
