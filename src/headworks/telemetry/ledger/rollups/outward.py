"""A report as users see it: names of the record, times as dates, money as exact decimal text."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from headworks.core.clock import rfc3339
from headworks.core.money import usd_text
from headworks.telemetry.ledger.rollups.levels import DAY_HOURS, SUMS, first_day
from headworks.telemetry.ledger.rollups.report import Line, Report
from headworks.telemetry.ledger.rollups.times import quantile_ms
from headworks.telemetry.ledger.rollups.wish import OUTWARD, Time, Wish

_INWARD = {column: name for name, column in OUTWARD.items()}
_MONEY = {"cost_nano": "cost_usd", "saved_nano": "saved_usd", "repriced_nano": "repriced_usd"}
_SHOWN = tuple(_MONEY.get(name, name) for name in SUMS)
_QUANTILES = {"p50": 0.5, "p95": 0.95}
_HOUR_S = 3_600


def shown_report(report: Report, wish: Wish, limit: int | None = None) -> dict[str, Any]:
    """The report, ready for JSON.

    Args:
        report: What was read.
        wish: What was asked for.
        limit: At most so many rows; `left_off` says how many more there are. Totals are those of all rows.
    """
    return {
        "by": [*([wish.time] if wish.time else []), *(_INWARD[name] for name in wish.names)],
        "since": rfc3339(wish.first_hour * _HOUR_S),
        "until": rfc3339((wish.last_hour + 1) * _HOUR_S),
        "kept_since": None if report.first_hour is None else rfc3339(report.first_hour * _HOUR_S),
        "complete": report.complete,
        "rows": [_row(line, wish) for line in report.lines[:limit]],
        "left_off": 0 if limit is None else max(0, len(report.lines) - limit),
        "totals": _sums(report.totals, wish),
    }


def _row(line: Line, wish: Wish) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if wish.time is not None and line.span is not None:
        row[wish.time] = _moment(wish.time, line.span)
    for column, value in zip(wish.names, line.names, strict=True):
        row[_INWARD[column]] = value or None
    row.update(_sums(line.sums, wish))
    return row


@lru_cache(maxsize=1_000)
def _moment(time: Time, span: int) -> str:
    if time == "hour":
        return rfc3339(span * _HOUR_S)
    day = first_day(span) if time == "month" else span
    text = datetime.fromtimestamp(day * DAY_HOURS * _HOUR_S, UTC).date().isoformat()
    return text[:7] if time == "month" else text


def _sums(sums: list[int], wish: Wish) -> dict[str, Any]:
    found: dict[str, Any] = dict(zip(_SHOWN, sums, strict=False))
    # A cost that is not known is not nothing.
    known = found["unpriced"] < found["calls"] or not found["calls"]
    found["cost_usd"] = usd_text(found["cost_usd"]) if known else None
    found["saved_usd"] = usd_text(found["saved_usd"]) if found["saved_usd"] else "0"
    found["repriced_usd"] = usd_text(found["repriced_usd"]) if found["repriced"] else None
    if wish.latency:
        for name, histogram in zip(("latency", "ttft"), sums[len(SUMS) :], strict=True):
            found |= {f"{name}_{p}_ms": quantile_ms(histogram, share) for p, share in _QUANTILES.items()}
    return found
