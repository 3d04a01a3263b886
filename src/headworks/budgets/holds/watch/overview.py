"""How budgets and rate limits stand, for people: each account with its limit, what is spent, reserved and left."""

from collections.abc import Callable, Iterable, Sequence
from typing import get_args
from urllib.parse import unquote

from msgspec import Struct

from headworks.budgets.accounts.protocol import Balance, pace_taken
from headworks.budgets.holds.scopes import Scopes
from headworks.budgets.holds.windows import ends_s, stamp
from headworks.core.clock import rfc3339
from headworks.core.limits import SCOPES, Limit, Scope, Unit, Window
from headworks.core.money import usd_text

LimitOf = Callable[[Scope, str, str, str], Limit | None]
_UNITS: dict[str, Unit] = {unit: unit for unit in get_args(Unit)}
_WINDOWS: dict[str, Window] = {window: window for window in get_args(Window)}


class Standing(Struct, frozen=True, kw_only=True):
    """One account. Amounts are dollars as text, or whole tokens, requests and calls.

    Attributes:
        scope: Whose it is: `org`, `key`, ...
        name: Of the one it is of; empty for the gateway.
        unit: `usd`, `tokens`, `requests` or `calls`.
        window: `day`, `week`, `month`, `total`, `minute` or `now`.
        period: Which day, week or month; empty for the others.
        limit: None when nothing limits it any more.
        spent: Of a minute: what is taken of it now.
        reserved: By calls under way.
        left: What is neither.
        used_percent: Of the limit, spent and reserved together.
        resets_at: When it begins anew, RFC 3339; None when it does not.
    """

    scope: str
    name: str
    unit: str
    window: str
    period: str
    limit: str | int | None
    spent: str | int
    reserved: str | int
    left: str | int | None
    used_percent: float | None
    resets_at: str | None


def limits_of(scopes: Scopes, key_limits: Callable[[str], Sequence[Limit]]) -> LimitOf:
    """The tightest limit of an account: of the config, or of the key with an id, as `key_limits` has them."""

    def limit_of(scope: Scope, name: str, unit: str, window: str) -> Limit | None:
        found = scopes.limit(scope, name, unit, window)
        own = key_limits(name) if scope == "key" else ()
        fitting = [one for one in own if (one.unit, one.window) == (unit, window)]
        return min([*fitting, *([found] if found else [])], key=lambda one: one.most, default=None)

    return limit_of


def standings(rows: Iterable[tuple[str, Balance]], limit_of: LimitOf, now_s: float) -> list[Standing]:
    """The accounts of periods that are not over, in the order of `rows`."""
    found = []
    for account, balance in rows:
        unit, scope, name, window, period = map(unquote, account.split("|"))
        if unit in _UNITS and window in _WINDOWS and scope in SCOPES and period == stamp(_WINDOWS[window], now_s):
            limit = limit_of(scope, name, unit, window)
            found.append(_standing((scope, name, _UNITS[unit], _WINDOWS[window], period), limit, balance, now_s))
    return found


def _standing(
    of: tuple[Scope, str, Unit, Window, str], limit: Limit | None, balance: Balance, now_s: float
) -> Standing:
    scope, name, unit, window, period = of
    spent = balance.spent
    if window == "minute":
        spent = 0 if limit is None else pace_taken(balance.spent, round(now_s * 1_000_000), limit.most)
    used = spent + balance.reserved
    show = usd_text if unit == "usd" else int
    ends = ends_s(window, now_s)
    return Standing(
        scope=scope,
        name=name,
        unit=unit,
        window=window,
        period=period,
        limit=None if limit is None else show(limit.most),
        spent=show(spent),
        reserved=show(balance.reserved),
        left=None if limit is None else show(max(0, limit.most - used)),
        used_percent=None if limit is None or not limit.most else round(100 * used / limit.most, 1),
        resets_at=None if ends is None else rfc3339(ends),
    )
