"""`headworks budgets report`: what was spent, on what and by whom."""

import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from headworks.cli.access.place import Here, Place
from headworks.cli.access.reports import RemoteReports, ReportAccess, StoredReports
from headworks.cli.output import json_text, table
from headworks.telemetry.ledger.rollups.wish import ReportQuery

_SHORT = ("calls", "errors", "refused", "cache_hits", "prompt_tokens", "completion_tokens", "cost_usd")
_OPTIONAL = ("unpriced", "saved_usd", "repriced", "repriced_usd")
_TIMES = ("latency_p50_ms", "latency_p95_ms", "ttft_p50_ms", "ttft_p95_ms")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@Parameter(name="*")
@dataclass(frozen=True)
class Spent:
    """Of whom and when.

    Attributes:
        since: The first day, or hour with `--by hour`: 2026-11-01, a time, or an age such as 7d. Left out: 30 days ago.
        until: The last one, itself included. Left out: now.
        org: Only of this organisation.
        user: Only of this user.
        key: Only with the key of this id.
        feature: Only of this feature.
        model: Only of this model name.
        provider: Only of this provider.
        prompt: Only of this prompt.
    """

    since: str | None = None
    until: str | None = None
    org: str | None = None
    user: str | None = None
    key: str | None = None
    feature: str | None = None
    model: str | None = None
    provider: str | None = None
    prompt: str | None = None


def report(
    *,
    by: str = "day",
    form: Annotated[Literal["table", "csv", "json"], Parameter(name="--format")] = "table",
    latency: Annotated[bool, Parameter(negative=())] = False,
    spent: Annotated[Spent, Parameter(name="*")] | None = None,
    place: Here | None = None,
) -> int:
    """Report what was called, used and spent, from the roll-ups of the ledger.

    Example: headworks budgets report --by day,feature,model --since 7d

    Example: headworks budgets report --by month,org --since 2026-01-01 --format csv

    Args:
        by: What a row stands for: hour, day, week or month, and org, user, key, feature, model, provider, prompt.
        form: For people, for spreadsheets, for programs. Money is exact.
        latency: Add the median and the 95th percentile of latency and time to first token.
        spent: Of whom and when.
        place: Where to look.
    """
    place = place or Place()
    found = _reports(place).report(ReportQuery(by=by, latency=latency, **asdict(spent or Spent())))
    if place.json or form == "json":
        print(json_text(found))
    elif form == "csv":
        _write_csv(found)
    else:
        print("\n".join(_told(found)))
    return 0


def _reports(place: Place) -> ReportAccess:
    admin = place.admin()
    return StoredReports(place.data_dir()) if admin is None else RemoteReports(admin)


def _told(found: Mapping[str, Any]) -> Iterator[str]:
    totals, by = found["totals"], found["by"]
    columns = [*by, *_SHORT, *(name for name in _OPTIONAL if totals[name] not in {0, "0", None})]
    columns += [name for name in _TIMES if name in totals]
    rows = [_readable(row) for row in found["rows"]]
    if by:
        rows.append(_readable(totals) | {by[0]: "total"})
    yield table(rows or [_readable(totals)], columns)
    yield from _remarks(found)


def _remarks(found: Mapping[str, Any]) -> Iterator[str]:
    if found["totals"]["unpriced"]:
        yield f"\n{found['totals']['unpriced']} calls have no known price and are not in the cost."
    if found["left_off"]:
        yield f"\n{found['left_off']} more rows are left off; they are in the total."
    if found["kept_since"] is not None and found["kept_since"] > found["since"]:
        yield f"\nRoll-ups of this kind begin at {found['kept_since']}."
    if not found["complete"]:
        yield "\nTraces from before the roll-ups are still being brought in; a running gateway does that."


def _readable(row: Mapping[str, Any]) -> dict[str, Any]:
    if row["unpriced"] and row["cost_usd"] is not None:
        return {**row, "cost_usd": f"at least {row['cost_usd']}"}
    return {**row, "cost_usd": "unpriced" if row["cost_usd"] is None else row["cost_usd"]}


def _write_csv(found: Mapping[str, Any]) -> None:
    """All rows, without totals: a spreadsheet makes its own."""
    columns = [*found["by"], *(name for name in found["totals"] if name not in found["by"])]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    names = len(found["by"])
    for row in found["rows"]:
        values = [row[column] for column in columns]
        writer.writerow([*map(_harmless, values[:names]), *values[names:]])


def _harmless(value: str | None) -> str | None:
    """A name as a cell that no spreadsheet runs: names hold what clients sent."""
    return f"'{value}" if value and value.startswith(_FORMULA) else value
