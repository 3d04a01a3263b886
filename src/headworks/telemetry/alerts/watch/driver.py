"""Who is behind a rise: the model, feature, user and prompt that account for most of it."""

from collections import defaultdict
from collections.abc import Sequence

import apsw
from msgspec import Struct

from headworks.telemetry.alerts.watch.hours import HOUR_MS, WEEK_HOURS, Rows, Scope
from headworks.telemetry.alerts.watch.statistics import median, rise_text

_MOST = 0.5
"""A name is given when it accounts for at least this share of the rise."""
_COLUMNS = {"org": "org_id", "feature": "feature", "model": "model", "user": "user_id"}


class Spend(Struct, frozen=True, kw_only=True):
    """What one combination spent in an hour, nano-dollars."""

    model: str
    feature: str | None
    user: str | None
    prompt: str | None
    nano: int


class Driver(Struct, frozen=True, kw_only=True):
    """Who is behind a rise; None where nobody stands out. Amounts are nano-dollars of an hour.

    Attributes:
        model, feature, user: Names.
        prompt: The prompt of most of it.
        nano: What they spent.
        before_nano: What they usually spend.
        share: Of the whole rise.
    """

    model: str | None
    feature: str | None
    user: str | None
    prompt: str | None
    nano: float
    before_nano: float
    share: float

    def name(self, scope: Scope) -> str:
        """`claude-opus for feature review, user u17`; the scope itself when nobody stands out."""
        of = [self.model] if self.model else []
        of += [f"{'for ' if self.model else ''}feature {self.feature}"] if self.feature else []
        first = " ".join(of)
        parts = [first] if first else []
        parts += [f"user {self.user}"] if self.user else []
        return ", ".join(parts) or str(scope)

    def rise(self) -> str:
        """`+340%`."""
        return rise_text(self.nano, self.before_nano)


Hour = Sequence[Spend]


def spends(ledger: apsw.Connection, scope: Scope, hour: int) -> list[Spend]:
    """What each combination within a scope spent in an hour. The cost is that of the calls of the hour."""
    term = f"{_COLUMNS[scope.kind]} = ?" + (" AND org_id = ?" if scope.org else "")
    rows: Rows = ledger.execute(
        "SELECT model, feature, user_id, prompt, sum(cost_nano) FROM traces "  # noqa: S608  columns of our own
        f"WHERE {term} AND started_at >= ? AND started_at < ? AND cost_nano > 0 GROUP BY 1, 2, 3, 4",
        (scope.name, *([scope.org] if scope.org else []), hour * HOUR_MS, (hour + 1) * HOUR_MS),
    ).fetchall()
    return [Spend(model=row[0], feature=row[1], user=row[2], prompt=row[3], nano=row[4]) for row in rows]


def look_back(ledger: apsw.Connection, scope: Scope, hour: int, weeks: Sequence[int]) -> list[list[Spend]]:
    """The same hour of earlier weeks."""
    return [spends(ledger, scope, hour - week * WEEK_HOURS) for week in weeks]


def driver(scope: Scope, now: Hour, past: Sequence[Hour]) -> Driver:
    """Who is behind the rise from `past` (hours of earlier weeks) to `now`.

    Model, feature and user are named one after the other, each only if it accounts for most of the whole rise together
    with those named before.
    """
    whole = _total(now) - _typical(past)
    fixed: dict[str, str | None] = {"model": None, "feature": None, "user": None}
    if scope.kind in fixed:
        fixed[scope.kind] = scope.name
    for part, known in list(fixed.items()):
        name = known or _main(now, past, part, whole)
        fixed[part] = name
        if name is not None:
            now, past = _only(now, part, name), [_only(hour, part, name) for hour in past]
    nano, before = float(_total(now)), _typical(past)
    share = 1.0 if whole <= 0 else min(1.0, (nano - before) / whole)
    return Driver(**fixed, prompt=_main_prompt(now), nano=nano, before_nano=before, share=share)


def _main(now: Hour, past: Sequence[Hour], part: str, whole: float) -> str | None:
    """The name that accounts for most of the rise; None when no one does."""
    rises: dict[str, float] = defaultdict(float)
    for spend, weight in [(spend, 1.0) for spend in now] + [(s, -1.0 / len(past)) for hour in past for s in hour]:
        name: str | None = getattr(spend, part)
        if name is not None:
            rises[name] += weight * spend.nano
    if not rises:
        return None
    top = max(sorted(rises), key=lambda name: rises[name])
    return top if whole > 0 and rises[top] >= _MOST * whole else None


def _main_prompt(now: Hour) -> str | None:
    amounts: dict[str, int] = defaultdict(int)
    for spend in now:
        if spend.prompt is not None:
            amounts[spend.prompt] += spend.nano
    top = max(sorted(amounts), key=lambda name: amounts[name], default=None)
    return top if top is not None and amounts[top] >= _MOST * _total(now) else None


def _only(hour: Hour, part: str, name: str | None) -> Hour:
    return [spend for spend in hour if getattr(spend, part) == name]


def _total(hour: Hour) -> int:
    return sum(spend.nano for spend in hour)


def _typical(past: Sequence[Hour]) -> float:
    return median([float(_total(hour)) for hour in past]) if past else 0.0
