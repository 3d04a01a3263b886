"""What the budgets room would do with a call, for people: the limits it has to fit, and what it may need."""

from typing import Any

from msgspec import Struct

from headworks.budgets.config import BudgetSettings
from headworks.budgets.holds.needs import Needs
from headworks.budgets.holds.refusals import whose
from headworks.budgets.holds.scopes import Counted, Scopes
from headworks.core.limits import Limit
from headworks.core.messages import Ask, Caller, Route, Target
from headworks.core.money import usd_text


class Outlook(Struct, frozen=True):
    """What is to be expected: a sentence, and the facts behind it."""

    decision: str
    details: dict[str, Any]


def outlook(
    scopes: Scopes, needs: Needs, settings: BudgetSettings, now_s: float, call: tuple[Ask, Caller, Route]
) -> Outlook:
    """The limits of a call, and the most that an attempt at each of its targets may use."""
    ask, caller, route = call
    most = route.max_tokens or settings.default_max_tokens
    if ask.kind in ("chat", "completion") and (needs.max_tokens(ask) is None or route.max_tokens is not None):
        ask = needs.limited(ask, most, route.targets[0])
    counted = scopes.of(ask, caller, route, now_s)
    if not counted:
        return Outlook("no budget and no rate limit is for this call", {})
    limits = [f"{whose(one)}: {_said(one.limit)}" for one in counted]
    details: dict[str, Any] = {"limits": limits}
    if any(one.limit.unit in ("usd", "tokens") for one in counted):
        details["may_need"] = {target.name: _need(counted, needs, ask, target) for target in route.targets}
    return Outlook(f"it has to fit {len(limits)} limit{'s' if len(limits) > 1 else ''}", details)


def _need(counted: tuple[Counted, ...], needs: Needs, ask: Ask, target: Target) -> dict[str, Any]:
    priced = any(one.limit.unit == "usd" for one in counted)
    need = needs.of(target, ask, needs.bound(target, ask), priced=priced)
    usd = None if need.nano is None else usd_text(need.nano)
    return {"tokens": need.tokens, "usd": usd} if priced else {"tokens": need.tokens}


def _said(limit: Limit) -> str:
    amount = f"${usd_text(limit.most)}" if limit.unit == "usd" else f"{limit.most} {limit.unit}"
    if limit.window == "now":
        return f"{amount} under way at once"
    return f"{amount} altogether" if limit.window == "total" else f"{amount} a {limit.window}"
