"""Stretches of the calendar, in UTC: what they are called, and when they end."""

from datetime import UTC, datetime, timedelta

from headworks.core.limits import Window

WORDS: dict[Window, str] = {"day": "today", "week": "this week", "month": "this month", "total": "altogether"}


def stamp(window: Window, now_s: float) -> str:
    """The name of the stretch that `now_s` (Unix seconds) is in; empty for what is no stretch."""
    moment = datetime.fromtimestamp(now_s, UTC)
    if window == "day":
        return moment.strftime("%Y-%m-%d")
    if window == "week":
        year, week, _ = moment.isocalendar()
        return f"{year}-W{week:02d}"
    return moment.strftime("%Y-%m") if window == "month" else ""


def ends_s(window: Window, now_s: float) -> float | None:
    """When the next stretch begins, Unix seconds; None when there is none."""
    moment = datetime.fromtimestamp(now_s, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if window == "day":
        return (moment + timedelta(days=1)).timestamp()
    if window == "week":
        return (moment + timedelta(days=7 - moment.weekday())).timestamp()
    if window == "month":
        return (moment.replace(day=1) + timedelta(days=32)).replace(day=1).timestamp()
    return None
