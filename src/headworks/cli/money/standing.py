"""`headworks budgets list`: how budgets and rate limits stand."""

from collections.abc import Mapping
from typing import Any

from headworks.cli.access.budgets import BudgetAccess, RemoteBudgets, StoredBudgets
from headworks.cli.access.place import Here, Place
from headworks.cli.output import json_text, table
from headworks.core.limits import Scope

_COLUMNS = ("scope", "name", "limit", "per", "spent", "reserved", "left", "used", "resets_at")
_NONE = "Nothing that has a limit has been called yet."


def list_budgets(
    *, scope: Scope | None = None, name: str | None = None, used: float = 0.0, place: Here | None = None
) -> int:
    """List how budgets and rate limits stand, the fullest first.

    Example: headworks budgets list --scope user --used 80

    Args:
        scope: Only of this scope: gateway, org, team, user, end_user, key, feature, model or tag.
        name: Only of the one with this name, or id of a key.
        used: Only those of which so many percent are spent and reserved.
        place: Where to look.
    """
    place = place or Place()
    rows = [row for row in _budgets(place).standings() if _wanted(row, scope, name, used)]
    if place.json:
        print(json_text(rows))
    elif rows:
        print(table([_readable(row) for row in sorted(rows, key=_fullness, reverse=True)], _COLUMNS))
    else:
        print(_NONE if not (scope or name or used) else "No budget or rate limit is like that.")
    return 0


def _budgets(place: Place) -> BudgetAccess:
    admin = place.admin()
    return StoredBudgets(place.read()) if admin is None else RemoteBudgets(admin)


def _wanted(row: Mapping[str, Any], scope: Scope | None, name: str | None, used: float) -> bool:
    return scope in {None, row["scope"]} and name in {None, row["name"]} and _fullness(row) >= used


def _fullness(row: Mapping[str, Any]) -> float:
    return float(row["used_percent"] or 0.0)


def _readable(row: Mapping[str, Any]) -> dict[str, Any]:
    unit = "USD" if row["unit"] == "usd" else row["unit"]
    used = None if row["used_percent"] is None else f"{row['used_percent']}%"
    return {**row, "per": f"{unit} {_PER[row['window']]}", "used": used, "name": row["name"] or None}


_PER: Mapping[str, str] = {
    "minute": "a minute",
    "day": "a day",
    "week": "a week",
    "month": "a month",
    "total": "in all",
    "now": "at once",
}
