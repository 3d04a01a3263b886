"""Read the roll-ups: what was called, used and spent in a stretch of days or hours, by any of its names.

Whole months are read as such, so a year by user reads few rows. The database sums and answers with one text: a busy
gateway is slow to give the interpreter back to a thread that asks for row after row.
"""

from collections.abc import Iterator
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from headworks.telemetry.ledger.rollups.filling import filled
from headworks.telemetry.ledger.rollups.levels import (
    BRIEF_DAYS,
    DAY_HOURS,
    DAYS,
    HOURS,
    MONTHS,
    PEOPLE,
    RECENT,
    SUMS,
    TIMES,
    Rows,
    first_day,
    month_of,
)
from headworks.telemetry.ledger.rollups.times import unpacked
from headworks.telemetry.ledger.rollups.wish import Wish

Sums = list[int]
_decode = msgspec.json.Decoder(list[list[Any]]).decode


class Line(Struct, frozen=True):
    """The sums of one group.

    Attributes:
        span: The hour or day (since 1970), the Monday of a week as a day, or the month (since the year 0); None for
            a report without time.
        names: One for each name that was asked for.
        sums: As in `SUMS`, then the histograms of latency and time to first token (0 unless they were asked for).
    """

    span: int | None
    names: tuple[str, ...]
    sums: Sums


class Report(Struct, frozen=True):
    """All of it.

    Attributes:
        lines: Oldest first, and of one time the dearest first.
        totals: The sums over all lines.
        first_hour: The oldest hour (since 1970) that roll-ups of this kind are kept of; None where there are none.
        complete: False while traces from before the roll-ups are still being brought in.
    """

    lines: list[Line]
    totals: Sums
    first_hour: int | None
    complete: bool


class _Piece(Struct, frozen=True):
    """A table, and from which span to which of it (both included)."""

    table: str
    unit: str
    first: int
    last: int


def read_report(connection: apsw.Connection, wish: Wish) -> Report:
    """Answer `wish`; the caller sees to it that everything is read at one moment.

    Raises:
        apsw.Error: The database cannot be read.
    """
    groups: dict[tuple[Any, ...], Sums] = {}
    for piece in _pieces(wish):
        for span, names, sums in _read(connection, wish, piece):
            key = (_time(wish, piece.unit, span), *names)
            known = groups.get(key)
            groups[key] = sums if known is None else _plus(known, sums)
    totals = list(map(sum, zip(*groups.values(), strict=True))) or [0] * (len(SUMS) + len(TIMES))
    cost = SUMS.index("cost_nano")
    lines = [Line(key[0], key[1:], sums) for key, sums in groups.items()]
    lines.sort(key=lambda line: (line.span or 0, -line.sums[cost], -line.sums[0], line.names))
    return Report(lines, totals, _first_hour(connection, wish), filled(connection))


def _pieces(wish: Wish) -> Iterator[_Piece]:
    yield _Piece(RECENT, "hour", wish.first_hour, wish.last_hour)
    if wish.time == "hour":
        yield _Piece(HOURS.table, "hour", wish.first_hour, wish.last_hour)
        return
    days = DAYS if PEOPLE & {*wish.names, *wish.only} else BRIEF_DAYS
    first, last = wish.first_hour // DAY_HOURS, wish.last_hour // DAY_HOURS
    begin = month_of(first) if first_day(month_of(first)) == first else month_of(first) + 1
    end = month_of(last) if first_day(month_of(last) + 1) == last + 1 else month_of(last) - 1
    if wish.time in {"day", "week"} or begin > end:
        yield _Piece(days.table, "day", first, last)
        return
    yield _Piece(days.table, "day", first, first_day(begin) - 1)
    yield _Piece(MONTHS.table, "month", begin, end)
    yield _Piece(days.table, "day", first_day(end + 1), last)


def _read(connection: apsw.Connection, wish: Wish, piece: _Piece) -> Iterator[tuple[int, list[str], Sums]]:
    if piece.first > piece.last:
        return
    keys = [*(("span",) if wish.time else ()), *wish.names]
    shown = [*keys, *(f"sum({name})" for name in SUMS)]
    shown += [f"group_concat(hex({name}), ' ')" for name in TIMES] if wish.latency else []
    where = "".join(f" AND {name} = ?" for name in wish.only)
    grouped = f"GROUP BY {', '.join(map(str, range(1, len(keys) + 1)))}" if keys else "HAVING count(*) > 0"
    columns = ", ".join(f"c{number}" for number in range(len(shown)))
    named = ", ".join(f"{column} AS c{number}" for number, column in enumerate(shown))
    rows: Rows = connection.execute(
        f"SELECT json_group_array(json_array({columns})) FROM "  # noqa: S608  names of our own
        f"(SELECT {named} FROM {piece.table} WHERE span BETWEEN ? AND ?{where} {grouped})",
        (piece.first, piece.last, *wish.only.values()),
    ).fetchall()
    begin = len(keys)
    end = begin + len(SUMS)
    for row in _decode(rows[0][0]):
        times = [sum(map(unpacked, text.split())) for text in row[end:]] or [0, 0]
        yield row[0] if wish.time else 0, row[begin - len(wish.names) : begin], row[begin:end] + times


def _time(wish: Wish, unit: str, span: int) -> int | None:
    """The span that the report shows a row under."""
    if wish.time is None or wish.time == unit:
        return None if wish.time is None else span
    day = span // DAY_HOURS if unit == "hour" else span
    if wish.time == "week":
        return day - (day + 3) % 7  # 1970 began on a Thursday
    return month_of(day) if wish.time == "month" else day


def _plus(one: Sums, other: Sums) -> Sums:
    return [a + b for a, b in zip(one, other, strict=True)]


def _first_hour(connection: apsw.Connection, wish: Wish) -> int | None:
    level = HOURS if wish.time == "hour" else BRIEF_DAYS
    found: Rows = connection.execute(
        f"SELECT (SELECT min(span) FROM {level.table}), (SELECT min(span) FROM {RECENT})"  # noqa: S608
    ).fetchall()
    kept, recent = found[0]
    hours = [] if kept is None else [kept if level is HOURS else kept * DAY_HOURS]
    return min([*hours, *([] if recent is None else [recent])], default=None)
