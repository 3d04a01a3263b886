"""The tables of roll-ups: one row for each hour, day or month and each name that occurs in it.

All have the same columns. `usage_hours`, `usage_days` and `usage_months` know every name; `usage_brief_days` leaves out
users and keys, so that a report of a year that asks for neither reads few rows. Text is empty where a call had none.
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct

HOUR_MS = 3_600_000
DAY_HOURS = 24
OTHER = "(other)"
"""What stands for the names of rows that were folded together."""

NAMES = ("org_id", "user_id", "key_id", "feature", "model", "provider", "prompt")
PEOPLE = frozenset({"user_id", "key_id"})
SUMS = (
    "calls",
    "errors",
    "refused",
    "cache_hits",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "cost_nano",
    "saved_nano",
    "unpriced",
    "repriced",
    "repriced_nano",
)
"""Integers. `cost_nano` is what the priced calls cost, `unpriced` counts the others; `repriced` counts the calls that
`repriced_nano` is the sum of."""
TIMES = ("latency", "ttft")
"""Histograms, packed as `times.packed` does."""

Rows = list[tuple[Any, ...]]
Unit = Literal["hour", "day", "month"]


class Level(Struct, frozen=True):
    """One table.

    Attributes:
        table: Its name.
        unit: What a row's `span` counts: hours or days since 1970, or months since the year 0, all in UTC.
        most: Rows that a span is folded to once it has twice as many.
        people: Whether rows know users and keys.
        order: How rows lie within a span. A report by what comes first needs no sorting.
    """

    table: str
    unit: Unit
    most: int
    people: bool = True
    order: tuple[str, ...] = NAMES


HOURS = Level("usage_hours", "hour", 250)
DAYS = Level("usage_days", "day", 1_000)
MONTHS = Level("usage_months", "month", 2_000)
BRIEF_DAYS = Level(
    "usage_brief_days",
    "day",
    1_000,
    people=False,
    order=("feature", "model", "org_id", "provider", "prompt", "user_id", "key_id"),
)
LEVELS = (HOURS, DAYS, MONTHS, BRIEF_DAYS)

RECENT = "usage_recent"
"""The table of what is not in these yet; see `recent`."""

_COLUMNS = ", ".join(
    (
        "span INTEGER NOT NULL",
        *(f"{name} TEXT NOT NULL" for name in NAMES),
        *(f"{name} INTEGER NOT NULL" for name in SUMS),
        *(f"{name} BLOB NOT NULL" for name in TIMES),
    )
)
_TABLES = "\n".join(
    f"CREATE TABLE {level.table} ({_COLUMNS}, PRIMARY KEY (span, {', '.join(level.order)})) WITHOUT ROWID;"
    for level in LEVELS
)
STEP = f"""
ALTER TABLE traces ADD COLUMN repriced_nano INTEGER;
{_TABLES}
CREATE TABLE {RECENT} (id INTEGER PRIMARY KEY, {_COLUMNS});
CREATE TABLE usage_filling (one INTEGER PRIMARY KEY CHECK (one = 1), reached INTEGER NOT NULL, upto INTEGER NOT NULL);
INSERT INTO usage_filling SELECT 1, 0, ifnull(max(id), 0) FROM traces;
"""  # noqa: S608  names of our own
"""The migration. Traces up to `upto` were there before and are added later; `reached` says how far: see `filling`."""


def span_of(unit: Unit, hour: int) -> int:
    """The span that an hour (since 1970) lies in."""
    if unit == "hour":
        return hour
    day = hour // DAY_HOURS
    return day if unit == "day" else month_of(day)


@lru_cache(maxsize=1_000)
def month_of(day: int) -> int:
    """The month, since the year 0, of a day since 1970."""
    found = datetime.fromtimestamp(day * 86_400, UTC)
    return found.year * 12 + found.month - 1


def first_day(month: int) -> int:
    """The first day, since 1970, of a month since the year 0."""
    return (date(month // 12, month % 12 + 1, 1) - date(1970, 1, 1)).days
