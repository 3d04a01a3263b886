"""Spending out of the ordinary: a day against the day before, an hour against the same hour of earlier weeks."""

from datetime import datetime
from zoneinfo import ZoneInfo

import apsw
from msgspec import Struct

from headworks.core.money import NANO_PER_USD
from headworks.core.people.alerting import Alert
from headworks.telemetry.alerts.config import AlertSettings
from headworks.telemetry.alerts.watch import hours as roll
from headworks.telemetry.alerts.watch.driver import Driver, driver, look_back, spends
from headworks.telemetry.alerts.watch.hours import WEEK_HOURS, Scope
from headworks.telemetry.alerts.watch.statistics import Rule, is_unusual, peaks, usual

DAY, HOUR = "spend_day", "spend_anomaly"
_HOUR_S, _DAY_HOURS = 3_600, 24
_LEAST_WEEKS = 2
_FRESH_S = 86_400
_NARROWEST = ("user", "feature", "model", "org")


class Anomaly(Struct, frozen=True, kw_only=True):
    """A scope that spends unusually much in an hour, and who is behind it. Amounts are nano-dollars."""

    scope: Scope
    hour: int
    nano: float
    usual_nano: float
    driver: Driver


class SpendWatch:
    """Looks at what was spent.

    Args:
        settings: What is out of the ordinary.
    """

    kinds = (DAY, HOUR)

    def __init__(self, settings: AlertSettings) -> None:
        self._settings = settings
        self._rule = Rule(score=settings.spend.score, least=settings.spend.hour_min_usd * NANO_PER_USD)
        self._drivers: dict[tuple[Scope, int], Driver] = {}

    def look(self, db: apsw.Connection, ledger: apsw.Connection, now_s: float) -> list[Alert]:
        """What is wrong now."""
        first = roll.first_hour(db)
        if first is None:
            return []
        found = [*self._days(db, first, now_s), *self._hours(db, ledger, first, now_s)]
        self._drivers = {key: who for key, who in self._drivers.items() if key[1] >= int(now_s) // _HOUR_S - 1}
        return found

    def _days(self, db: apsw.Connection, first: int, now_s: float) -> list[Alert]:
        today = int(now_s) // _HOUR_S // _DAY_HOURS * _DAY_HOURS
        if first > today - _DAY_HOURS:
            return []  # the day before is not known as a whole
        spend, least_nano = self._settings.spend, self._settings.spend.day_min_usd * NANO_PER_USD
        over = {
            scope: amounts
            for scope, amounts in roll.days(db, today - _DAY_HOURS, today).items()
            if amounts[1] >= spend.day_factor * max(amounts[0], least_nano)
        }
        narrow = {scope: amounts for scope, amounts in over.items() if scope.kind == "org"} or over
        return [_day_alert(scope, *amounts) for scope, amounts in sorted(narrow.items())]

    def _hours(self, db: apsw.Connection, ledger: apsw.Connection, first: int, now_s: float) -> list[Alert]:
        """The running hour so far and the last whole one, so that nothing seems over because an hour has begun."""
        running = int(now_s) // _HOUR_S
        found: dict[Scope, Anomaly] = {}
        for hour in (running - 1, running):
            weeks = [week for week in range(1, self._settings.spend.weeks + 1) if hour - week * WEEK_HOURS > first]
            if len(weeks) < _LEAST_WEEKS:
                continue
            for scope, nano in roll.spenders(db, hour, self._rule.least).items():
                past = self._past(db, scope, hour, weeks)
                if is_unusual(nano, past, self._rule):
                    who = self._driver(ledger, scope, hour, weeks)
                    typical = usual(past, self._rule).median
                    found[scope] = Anomaly(scope=scope, hour=hour, nano=nano, usual_nano=typical, driver=who)
        return [self._hour_alert(db, group, now_s) for group in _grouped(list(found.values()))]

    def _past(self, db: apsw.Connection, scope: Scope, hour: int, weeks: list[int]) -> list[float]:
        around = [hour - week * WEEK_HOURS + shift for week in weeks for shift in (-1, 0, 1)]
        return peaks(roll.spent(db, scope, around), hour, weeks)

    def _driver(self, ledger: apsw.Connection, scope: Scope, hour: int, weeks: list[int]) -> Driver:
        """Worked out once for an hour: it reads the calls of several hours."""
        key = (scope, hour)
        if key not in self._drivers:
            past = look_back(ledger, scope, hour, weeks)
            self._drivers[key] = driver(scope, spends(ledger, scope, hour), past)
        return self._drivers[key]

    def _hour_alert(self, db: apsw.Connection, group: list[Anomaly], now_s: float) -> Alert:
        one = group[0]
        who, zone = one.driver, ZoneInfo(self._settings.time_zone)
        begun = datetime.fromtimestamp(one.hour * _HOUR_S, zone)
        facts = {
            "hour": begun.strftime("%Y-%m-%d %H:00 %Z"),
            "spent": _usd(one.nano),
            "usual": _usd(one.usual_nano),
            "share of the rise": f"{who.share:.0%}",
        }
        if len(group) > 1:
            facts["also unusual"] = ", ".join(str(other.scope) for other in group[1:])
        prompt = self._prompt(db, who, now_s)
        title = f"{who.name(one.scope)}: {who.rise()}{f', {prompt}' if prompt else ''}"
        return Alert(kind=HOUR, subject=str(one.scope), severity="warning", title=title, facts=facts)

    def _prompt(self, db: apsw.Connection, who: Driver, now_s: float) -> str | None:
        """`prompt review@7 since 09:40`; the time only when it is of the last day."""
        if who.prompt is None:
            return None
        since_ms = roll.prompt_since_ms(db, who.prompt)
        if since_ms is None or now_s - since_ms / 1000 > _FRESH_S:
            return f"prompt {who.prompt}"
        since = datetime.fromtimestamp(since_ms / 1000, ZoneInfo(self._settings.time_zone))
        return f"prompt {who.prompt} since {since.strftime('%H:%M')}"


def _grouped(found: list[Anomaly]) -> list[list[Anomaly]]:
    """Scopes with the same driver are one trouble, told of the narrowest."""
    groups: dict[str, list[Anomaly]] = {}
    for one in sorted(found, key=lambda one: (_NARROWEST.index(one.scope.kind), one.scope)):
        groups.setdefault(one.driver.name(one.scope), []).append(one)
    return list(groups.values())


def _day_alert(scope: Scope, before_nano: int, now_nano: int) -> Alert:
    whose = "All organisations together have" if scope.kind == "all" else f"Org {scope.name} has"
    before = f"{now_nano / before_nano:.1f} times as much as yesterday ({_usd(before_nano)})" if before_nano else None
    return Alert(
        kind=DAY,
        subject=f"{scope}, day",
        severity="warning",
        title=f"{whose} spent {_usd(now_nano)} today, {before or 'and nothing yesterday'}.",
        facts={"today so far": _usd(now_nano), "yesterday": _usd(before_nano)},
    )


def _usd(nano: float) -> str:
    return f"{nano / NANO_PER_USD:.2f} USD"
