"""`headworks budgets reprice`: past costs worked out again, beside the old figures."""

import os
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from msgspec import Struct
from rich.console import Console
from rich.progress import Progress

from headworks.cli.money.again import Tariff, counts_of
from headworks.cli.output import AsJson, json_text, table
from headworks.config import find_config
from headworks.core.clock import SystemClock
from headworks.core.money import usd_text
from headworks.telemetry.ledger.rollups.repricing import Repricing
from headworks.telemetry.ledger.rollups.wish import stretch_ms
from headworks.telemetry.record import TraceRecord

_COLUMNS = ("model", "calls", "cost_usd", "repriced_usd", "unpriced", "unpriced_now", "shares", "unknown")
_Flag = Annotated[bool, Parameter(negative=())]


class _Sums(Struct):
    calls: int = 0
    cost_nano: int = 0
    repriced_nano: int = 0
    unpriced: int = 0
    unpriced_now: int = 0
    shares: int = 0
    unknown: int = 0

    def shown(self, model: str) -> dict[str, Any]:
        return {
            "model": model,
            "calls": self.calls,
            "cost_usd": usd_text(self.cost_nano),
            "repriced_usd": usd_text(self.repriced_nano),
            "unpriced": self.unpriced,
            "unpriced_now": self.unpriced_now,
            "shares": self.shares,
            "unknown": self.unknown,
        }


class _Book:
    """Prices records and keeps the sums, by model and of all."""

    def __init__(self, tariff: Tariff) -> None:
        self._tariff = tariff
        self.models: dict[str, _Sums] = defaultdict(_Sums)
        self.total = _Sums()

    def price(self, record: TraceRecord) -> int | None:
        """What the call costs now; None when that is not known."""
        again_nano = self._tariff.again_nano(record)
        kind = counts_of(record).kind
        for sums in (self.models[record.model], self.total):
            sums.calls += 1
            sums.cost_nano += record.cost_nano or 0
            sums.repriced_nano += again_nano or 0
            sums.unpriced += record.cost_nano is None
            sums.unpriced_now += again_nano is None
            sums.shares += kind == "shares"
            sums.unknown += kind == "unknown"
        return again_nano


def reprice(
    *,
    since: Annotated[str, Parameter(name="--from")],
    until: Annotated[str | None, Parameter(name="--to")] = None,
    prices: Literal["today", "then"] = "today",
    dry_run: _Flag = False,
    config: Path | None = None,
    json: AsJson = False,
) -> int:
    """Work past costs out again and keep them beside the old figures, which never change.

    Example: headworks budgets reprice --from 2026-11-01 --dry-run

    Args:
        since: From this day: 2026-11-01, a time, or an age such as 30d.
        until: To this day, itself included. Left out: until now.
        prices: Those in force today, or those that today's price list says were in force then.
        dry_run: Only say what would come of it.
        config: Of this config's data directory, beside a running gateway or without, at its models' own prices where it
            has some. Left out: the one HEADWORKS_CONFIG names, else what the environment alone gives.
        json: Print JSON for programs.
    """
    found = find_config(config, os.environ)
    now_s = SystemClock().now()
    book = _Book(Tariff(found, now_s if prices == "today" else None))
    first_ms, end_ms = stretch_ms(since, until, now_s)
    with Repricing(found.data_dir, first_ms, end_ms) as walk, Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("Pricing calls", total=walk.count())
        while walked := walk.step(book.price, keep=not dry_run):
            progress.advance(task, walked)
    rows = [sums.shown(model) for model, sums in sorted(book.models.items())]
    total = book.total.shown("total")
    if json:
        print(json_text({"dry_run": dry_run, "prices": prices, "rows": rows, "totals": total}))
    else:
        print(table([*rows, total], _COLUMNS))
        print("\nNothing was changed." if dry_run else "\nKept beside the old costs: `headworks budgets report`.")
    return 0
