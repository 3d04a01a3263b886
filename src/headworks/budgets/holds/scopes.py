"""Which limits a call has to fit, and the accounts they are counted on."""

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from msgspec import Struct

from headworks.budgets.holds.windows import stamp
from headworks.core.limits import Limit, Rule, Scope
from headworks.core.messages import Ask, Caller, Route

_REMEMBERED = 10_000
_DAY_S = 86_400


class Counted(Struct, frozen=True):
    """One limit of a call, with its account.

    Attributes:
        scope: Whose limit it is.
        name: Of the one it is for.
        limit: The limit.
        account: Where it is counted, with the stretch of the calendar.
    """

    scope: Scope
    name: str
    limit: Limit
    account: str


class Scopes:
    """The limits of one config. What was worked out for calls that are alike is remembered until the day ends.

    Args:
        rules: Of the config.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._named: dict[tuple[Scope, str], list[Limit]] = {}
        self._each: dict[Scope, list[Limit]] = {}
        for rule in rules:
            if rule.name is None and rule.scope != "gateway":
                self._each.setdefault(rule.scope, []).append(rule.limit)
            else:
                self._named.setdefault((rule.scope, rule.name or ""), []).append(rule.limit)
        self._scopes = {scope for scope, _ in self._named} | set(self._each)
        self._known: dict[tuple[object, ...], tuple[Counted, ...]] = {}

    def of(self, ask: Ask, caller: Caller, route: Route, now_s: float) -> tuple[Counted, ...]:
        """The limits of a call, the same account once each. Empty for a call that has none."""
        if not self._scopes and not caller.limits:
            return ()
        tags = tuple(sorted(ask.tags.items())) if ask.tags and "tag" in self._scopes else ()
        models = tuple(target.name for target in route.targets) if "model" in self._scopes else ()
        key = (caller, ask.user_id, route.feature, models, tags, int(now_s // _DAY_S))
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[key] = tuple(self._found(ask, caller, route, now_s))
        return known

    def limit(self, scope: Scope, name: str, unit: str, window: str) -> Limit | None:
        """The tightest limit of the config for an account; None when there is none any more."""
        limits = (*self._named.get((scope, name), ()), *self._each.get(scope, ()))
        fitting = [limit for limit in limits if (limit.unit, limit.window) == (unit, window)]
        return min(fitting, key=lambda limit: limit.most, default=None)

    def named(self, now_s: float) -> list[Counted]:
        """The budgets that the config has for one of a name, or for the gateway, of the days that are now."""
        return [
            Counted(scope, name, limit, account_name(scope, name, limit, now_s))
            for (scope, name), limits in self._named.items()
            for limit in limits
            if limit.is_budget
        ]

    def _found(self, ask: Ask, caller: Caller, route: Route, now_s: float) -> list[Counted]:
        found: dict[str, Counted] = {}
        for scope, name in _subjects(ask, caller, route):
            limits: Sequence[Limit] = (*self._named.get((scope, name), ()), *self._each.get(scope, ()))
            if scope == "key":
                limits = (*limits, *caller.limits)
            for limit in limits:
                account = account_name(scope, name, limit, now_s)
                other = found.get(account)
                if other is None or limit.most < other.limit.most:  # the tightest of several for the same account
                    found[account] = Counted(scope, name, limit, account)
        return list(found.values())


def account_name(scope: Scope, name: str, limit: Limit, now_s: float) -> str:
    """The account of a limit: `usd|org|acme|month|2026-11`; names as in a URL, for they may hold a `|`."""
    safe = name if name.isalnum() else quote(name)
    return f"{limit.unit}|{scope}|{safe}|{limit.window}|{stamp(limit.window, now_s)}"


def _subjects(ask: Ask, caller: Caller, route: Route) -> list[tuple[Scope, str]]:
    subjects: list[tuple[Scope, str | None]] = [
        ("gateway", ""),
        ("org", caller.org_id),
        ("team", caller.team_id),
        ("user", caller.user_id),
        ("end_user", ask.user_id),
        ("key", caller.counted_as or caller.key_id),
        ("feature", route.feature),
        *(("model", target.name) for target in route.targets),
        *(("tag", f"{name}={value}") for name, value in sorted(ask.tags.items())),
    ]
    return [(scope, name) for scope, name in subjects if name is not None]
