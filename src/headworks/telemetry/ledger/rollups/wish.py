"""What is asked of the roll-ups, checked: by what, from when to when, of whom."""

from typing import Literal, get_args

from msgspec import Struct

from headworks.core.errors import BadAskError
from headworks.telemetry.ledger.filters import since_ms
from headworks.telemetry.ledger.rollups.levels import DAY_HOURS, HOUR_MS, NAMES

Time = Literal["hour", "day", "week", "month"]
OUTWARD = {name.removesuffix("_id"): name for name in NAMES}
"""The names as users write them, and their columns."""
_USUAL = "30d"
_DAY_TEXT = 10
_LAST_HOUR = 70_371_000
"""In the year 9997: what comes after it can still be written."""


class Wish(Struct, frozen=True, kw_only=True):
    """A report that can be read.

    Attributes:
        time: What of time it is grouped by; None for sums over all of it.
        names: The columns it is grouped by.
        only: Column and value: only rows that have them all.
        first_hour: Hours since 1970, both included.
        last_hour: See `first_hour`.
        latency: Whether histograms are summed, too.
    """

    time: Time | None
    names: tuple[str, ...]
    only: dict[str, str]
    first_hour: int
    last_hour: int
    latency: bool = False


class ReportQuery(Struct, frozen=True, kw_only=True):
    """A report as users ask for it.

    Attributes:
        by: Names between commas: at most one of hour, day, week and month, and any of `OUTWARD`. Empty for one sum.
        since: The first day, or hour where `by` says hour: a date, RFC 3339 text, Unix seconds, an age. None: 30 days.
        until: The last day or hour, itself included. None: now.
        org, user, key, feature, model, provider, prompt: Only rows with this value; None for all.
        latency: Whether latencies are wanted.
        limit: Rows to show at most; None for all.
    """

    by: str = "day"
    since: str | None = None
    until: str | None = None
    org: str | None = None
    user: str | None = None
    key: str | None = None
    feature: str | None = None
    model: str | None = None
    provider: str | None = None
    prompt: str | None = None
    latency: bool = False
    limit: int | None = None


def read_wish(query: ReportQuery, now_s: float) -> Wish:
    """Check what was asked for.

    Args:
        query: It.
        now_s: The time.

    Raises:
        BadAskError: A name or a time that is none, or an end before its beginning.
    """
    until = query.until
    time, names = _grouping(query.by)
    first = _hour("since", query.since or _USUAL, now_s)
    last = int(now_s * 1000) // HOUR_MS if until is None else _hour("until", until, now_s)
    if time != "hour":
        first -= first % DAY_HOURS
    if time != "hour" or (until is not None and _is_date(until)):
        last += DAY_HOURS - 1 - last % DAY_HOURS
    if first > last:
        raise BadAskError("`until` lies before `since`.", param="until")
    chosen = {column: value for name, column in OUTWARD.items() if (value := getattr(query, name)) is not None}
    return Wish(time=time, names=names, only=chosen, first_hour=first, last_hour=last, latency=query.latency)


def stretch_ms(since: str, until: str | None, now_s: float) -> tuple[int, int]:
    """Unix milliseconds from the beginning of `since` to the end of `until`, which is a day when it is a date.

    Args:
        since: A date, RFC 3339 text, Unix seconds, an age.
        until: Likewise; None for now.
        now_s: The time.

    Raises:
        BadAskError: A time that is none, or an end before its beginning.
    """
    first = moment_ms("from", since, now_s)
    if until is None:
        return first, int(now_s * 1000) + 1
    end = moment_ms("to", until, now_s) + (DAY_HOURS * HOUR_MS if _is_date(until) else 0)
    if end < first:
        raise BadAskError("`to` lies before `from`.", param="to")
    return first, end


def _is_date(text: str) -> bool:
    return len(text) == _DAY_TEXT and "-" in text


def _grouping(by: str) -> tuple[Time | None, tuple[str, ...]]:
    asked = [name.strip() for name in by.split(",") if name.strip()]
    unknown = next((name for name in asked if name not in OUTWARD and name not in get_args(Time)), None)
    if unknown is not None:
        known = ", ".join((*get_args(Time), *OUTWARD))
        raise BadAskError(f"`by` names `{unknown[:100]}`; it may name: {known}.", param="by")
    times = [name for name in get_args(Time) if name in asked]
    if len(times) > 1:
        raise BadAskError(f"`by` names both {times[0]} and {times[1]}; name one of them.", param="by")
    names = tuple(dict.fromkeys(OUTWARD[name] for name in asked if name in OUTWARD))
    return (times[0] if times else None), names


def moment_ms(param: str, text: str, now_s: float) -> int:
    """Unix milliseconds of a date, RFC 3339 text, Unix seconds or an age.

    Raises:
        BadAskError: It is none; names `param`.
    """
    try:
        milliseconds = since_ms(text, now_s)
    except BadAskError as error:
        raise BadAskError(
            f"`{param}` must be a date such as 2026-11-23, a time such as 2026-11-23T10:00:00Z, Unix seconds, or an "
            "age such as 7d.",
            param=param,
        ) from error
    if not 0 <= milliseconds < _LAST_HOUR * HOUR_MS:
        raise BadAskError(f"`{param}` must lie in the years 1970 to 9996.", param=param)
    return milliseconds


def _hour(param: str, text: str, now_s: float) -> int:
    return moment_ms(param, text, now_s) // HOUR_MS
