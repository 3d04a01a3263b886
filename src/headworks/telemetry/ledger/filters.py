"""Turn what a caller asks for into one WHERE clause; values are always bound, never written into the SQL."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, get_args

from headworks.core.errors import BadAskError
from headworks.telemetry.record import Status

_COLUMN_OF = {"feature": "feature", "model": "model", "user": "user_id", "org": "org_id", "status": "status"}
_AGE = re.compile(r"(\d{1,9})([smhd])")
_CURSOR = re.compile(r"(\d{1,15})-(\d{1,18})")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def where(filters: Mapping[str, Any], cursor: str | None, now_s: float) -> tuple[str, list[Any]]:
    """A WHERE clause (empty for everything) and its values.

    Args:
        filters: A `TraceFilter`.
        cursor: Where the page before ended: traces strictly after it in the order newest first.
        now_s: The time, for ages.

    Raises:
        BadAskError: An unknown status, a time or cursor that is none.
    """
    terms: list[str] = []
    values: list[Any] = []
    for name, column in _COLUMN_OF.items():
        if (value := filters.get(name)) is not None:
            terms.append(f"{column} = ?")
            values.append(value)
    if (status := filters.get("status")) is not None:
        if status not in get_args(Status):
            raise BadAskError(f"`status` must be one of {', '.join(get_args(Status))}.", param="status")
        if status != "ok":
            terms.append("status <> 'ok'")  # lets SQLite use the index of the few that are not
    if (since := filters.get("since")) is not None:
        terms.append("started_at >= ?")
        values.append(since_ms(since, now_s))
    if cursor is not None:
        terms.append("(started_at, id) < (?, ?)")
        values += _position(cursor)
    return f"WHERE {' AND '.join(terms)}" if terms else "", values


def since_ms(since: str | float, now_s: float) -> int:
    """Unix milliseconds of RFC 3339 text, Unix seconds (number or digits) or an age (`15m`, `24h`, `7d`).

    Raises:
        BadAskError: None of these.
    """
    if isinstance(since, str) and (age := _AGE.fullmatch(since)):
        return int((now_s - int(age[1]) * _SECONDS[age[2]]) * 1000)
    try:
        return _instant_ms(since)
    except (ValueError, OverflowError) as error:
        raise BadAskError(
            "`since` must be a time such as 2026-11-23T10:00:00Z, Unix seconds, or an age such as 24h.", param="since"
        ) from error


def _instant_ms(since: str | float) -> int:
    try:
        seconds = float(since)
    except ValueError:
        moment = datetime.fromisoformat(str(since))
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    milliseconds = int(seconds * 1000)
    if abs(milliseconds) > 10**15:
        raise ValueError("out of range")
    return milliseconds


def _position(cursor: str) -> tuple[int, int]:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise BadAskError("`cursor` is not one this gateway gave out.", param="cursor")
    return int(match[1]), int(match[2])
