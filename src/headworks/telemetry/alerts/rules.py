"""When something is told, to whom, and how long it waits: pure functions of settings and time."""

import random
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from headworks.core.people.alerting import Alert, Severity
from headworks.telemetry.alerts.config import AlertSettings, ChannelSettings
from headworks.telemetry.alerts.message import RANK

MOST_TRIES = 14
"""With the pauses between them they take more than an hour."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 600.0
News = Literal["raised", "again", "worse", "resolved"]


class Known(Struct, frozen=True, kw_only=True):
    """What is known of an alert from before.

    Attributes:
        severity: As it was told last.
        open: It is not over.
        since_s: When the trouble began.
        told_s: When anybody was last told of it.
    """

    severity: Severity
    open: bool
    since_s: float
    told_s: float


def news(alert: Alert, known: Known | None, now_s: float, repeat_after_s: float) -> News | None:
    """What is new about an alert; None when nobody has to be told.

    That something is over is told once. What goes on is told again after `repeat_after_s`, or when it gets worse.
    """
    if alert.resolved:
        return "resolved" if known is not None and known.open else None
    if known is None or not known.open:
        return "raised"
    if RANK[alert.severity] > RANK[known.severity]:
        return "worse"
    return "again" if now_s - known.told_s >= repeat_after_s else None


def wanted(channel: ChannelSettings, alert: Alert) -> bool:
    """Whether a channel is told of an alert."""
    if RANK[alert.severity] < RANK[channel.min_severity]:
        return False
    return not channel.kinds or any(fnmatchcase(alert.kind, pattern) for pattern in channel.kinds)


def quiet_until(settings: AlertSettings, at_s: float) -> float | None:
    """When the quiet hours that `at_s` lies in end, Unix seconds; None when it lies in none."""
    if settings.quiet_hours is None:
        return None
    start, end = settings.quiet_hours.span()
    zone = ZoneInfo(settings.time_zone)
    moment = datetime.fromtimestamp(at_s, zone)
    inside = start <= moment.time() < end if start < end else not end <= moment.time() < start
    if not inside:
        return None
    ends = [moment.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0, fold=fold) for fold in (0, 1)]
    ends.append(ends[0] + timedelta(days=1))
    # At the end of summer time the clock shows a time of day twice: the next of them counts.
    return next(found.timestamp() for found in ends if found.timestamp() > at_s)


def due(settings: AlertSettings, severity: Severity, at_s: float) -> tuple[float, bool]:
    """When something that could go out at `at_s` goes out, and whether it waits for the end of quiet hours."""
    until_s = None if severity == "critical" else quiet_until(settings, at_s)
    return (at_s, False) if until_s is None else (until_s, True)


def pause_s(tries: int, dice: random.Random) -> float:
    """Seconds before a message is tried again that was tried `tries` times: doubling, with jitter.

    At least half of the pause passes, so that tries are spread and yet never crowd.
    """
    longest: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(tries - 1, 20))
    return longest * (0.5 + dice.random() / 2)
