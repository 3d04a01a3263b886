"""`headworks budgets simulate`: what recorded calls would have cost under a config."""

import os
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from rich.console import Console

from headworks.cli.money.again import Tariff
from headworks.cli.output import AsJson, json_text, table
from headworks.config import find_config
from headworks.core.clock import SystemClock
from headworks.core.errors import BadAskError
from headworks.core.messages import Route
from headworks.core.money import usd_text
from headworks.telemetry.record import TraceRecord

_COLUMNS = ("feature", "model", "would_be", "calls", "cost_usd", "would_cost_usd", "unpriced", "would_be_unpriced")
_REFUSED = "(refused)"
_LIMIT_BYTES = 16 * 1024**2
_COUNTS = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")
Key = tuple[str | None, str, str]


class _Sums(Struct):
    calls: int = 0
    cost_nano: int = 0
    would_nano: int = 0
    unpriced: int = 0
    would_be_unpriced: int = 0

    def add(self, cost_nano: int | None, would_nano: int | None) -> None:
        self.calls += 1
        self.cost_nano += cost_nano or 0
        self.would_nano += would_nano or 0
        self.unpriced += cost_nano is None
        self.would_be_unpriced += would_nano is None

    def shown(self) -> dict[str, Any]:
        return {
            "calls": self.calls,
            "cost_usd": usd_text(self.cost_nano),
            "would_cost_usd": usd_text(self.would_nano),
            "unpriced": self.unpriced,
            "would_be_unpriced": self.would_be_unpriced,
        }


class _Simulation:
    def __init__(self, tariff: Tariff) -> None:
        self._tariff = tariff
        self.rows: dict[Key, _Sums] = defaultdict(_Sums)
        self.total = _Sums()
        self.refusals: dict[str, int] = defaultdict(int)

    def take(self, record: TraceRecord) -> None:
        """Count one call."""
        route = self._tariff.route(record)
        if isinstance(route, Route):
            target = route.targets[0]
            feature, name, would_nano = route.feature, target.name, self._tariff.elsewhere_nano(record, target)
        else:
            self.refusals[route] += 1
            feature, name, would_nano = record.feature or "", _REFUSED, 0
        for sums in (self.rows[record.feature or feature, record.model, name], self.total):
            sums.add(record.cost_nano, would_nano)


def simulate(*, traces: Path, config: Path | None = None, json: AsJson = False) -> int:
    """Say what recorded calls would have cost under a config: at its models for each feature, and their prices today.

    Example: headworks traces export calls.jsonl --since 30d

    Example: headworks budgets simulate --traces calls.jsonl --config cheaper.yaml

    Args:
        traces: Records as `headworks traces export` writes them, JSON Lines.
        config: The config. Left out: the one HEADWORKS_CONFIG names, else what the environment alone gives.
        json: Print JSON for programs.
    """
    found = find_config(config, os.environ)
    simulation = _Simulation(Tariff(found, SystemClock().now()))
    with Console(stderr=True).status("Pricing calls ..."):
        for record in _records(traces):
            simulation.take(record)
    rows = [
        {"feature": feature, "model": model, "would_be": would_be, **sums.shown()}
        for (feature, model, would_be), sums in sorted(simulation.rows.items(), key=lambda item: -item[1].cost_nano)
    ]
    totals = simulation.total.shown()
    if json:
        print(json_text({"rows": rows, "totals": totals, "refusals": simulation.refusals}))
    else:
        print(table([*rows, {"feature": "total", **totals}], _COLUMNS))
        print("\n".join(_remarks(simulation)), end="")
    return 0


def _remarks(simulation: _Simulation) -> Iterator[str]:
    total = simulation.total
    if total.unpriced or total.would_be_unpriced:
        yield "\nCalls that are unpriced are in no sum: the prices of their models, or what they used, are not known."
    for sentence, count in simulation.refusals.items():
        yield f"\n{count} calls would be refused: {sentence}"
    yield "\n"


def _records(path: Path) -> Iterator[TraceRecord]:
    """The records of a file, line by line.

    Raises:
        BadAskError: It cannot be read, or a line is no record; says which.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(_LIMIT_BYTES), b""), 1):
                if line.strip():
                    yield _record(line, f"{path}, line {number}")
    except OSError as error:
        raise BadAskError(f"{path} cannot be read: {error.strerror}.") from error


def _record(line: bytes, place: str) -> TraceRecord:
    try:
        fields = msgspec.json.decode(line, type=dict[str, Any])
        fields["started_at"] = int(datetime.fromisoformat(fields["started_at"]).timestamp() * 1000)
        record = msgspec.convert(fields, TraceRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadAskError(
            f"{place}: this is no record as `headworks traces export` writes them ({type(error).__name__}: {error})."
        ) from error
    if any(getattr(record, name) < 0 for name in _COUNTS):
        raise BadAskError(f"{place}: a count of tokens is below zero.")
    return record
