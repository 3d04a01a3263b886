"""Settings of budgets and rate limits: of the gateway, of a feature, and the shape that a key's have, too."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from headworks.core.limits import MARKS, Limit, Rule, Scope, Unit, Window
from headworks.core.money import NANO_PER_USD, nano_from_usd, usd_text

_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
MOST_USD = 1_000_000_000
Usd = Annotated[Decimal | None, Field(ge=0, le=MOST_USD, allow_inf_nan=False)]
Count = Annotated[int | None, Field(ge=0, le=10**15)]
Pace = Annotated[int | None, Field(ge=1, le=10**12)]
_BUDGETS: dict[str, tuple[Unit, Window]] = {
    "usd_per_day": ("usd", "day"),
    "usd_per_week": ("usd", "week"),
    "usd_per_month": ("usd", "month"),
    "usd_total": ("usd", "total"),
    "tokens_per_day": ("tokens", "day"),
    "tokens_per_week": ("tokens", "week"),
    "tokens_per_month": ("tokens", "month"),
    "tokens_total": ("tokens", "total"),
}
_PACES: dict[str, tuple[Unit, Window]] = {
    "rpm": ("requests", "minute"),
    "tpm": ("tokens", "minute"),
    "concurrent": ("calls", "now"),
}


class BudgetAmounts(BaseModel):
    """How much may be spent, in US dollars and in tokens. Days, weeks (from Monday) and months are in UTC."""

    model_config = _SETTINGS

    usd_per_day: Usd = None
    """Dollars a day."""

    usd_per_week: Usd = None
    """Dollars a week."""

    usd_per_month: Usd = None
    """Dollars a month."""

    usd_total: Usd = None
    """Dollars altogether."""

    tokens_per_day: Count = None
    """Tokens a day, read and written together."""

    tokens_per_week: Count = None
    """Tokens a week."""

    tokens_per_month: Count = None
    """Tokens a month."""

    tokens_total: Count = None
    """Tokens altogether."""

    alert_at_percent: tuple[Annotated[int, Field(ge=1, le=100)], ...] = MARKS
    """Marks of a budget at which an alert is raised. At 100 one is raised in any case."""

    @field_validator("usd_per_day", "usd_per_week", "usd_per_month", "usd_total")
    @classmethod
    def _whole_nano_dollars(cls, usd: Decimal | None) -> Decimal | None:
        if usd is not None and usd * NANO_PER_USD % 1:
            raise ValueError("an amount is exact to a nano-dollar (nine digits after the point), not finer")
        return usd

    def limits(self) -> list[Limit]:
        """The same as values."""
        found = []
        for name, (unit, window) in _BUDGETS.items():
            given = getattr(self, name)
            if given is not None:
                most = nano_from_usd(given) if unit == "usd" else given
                found.append(Limit(unit, window, most, tuple(sorted(self.alert_at_percent))))
        return found


class PaceAmounts(BaseModel):
    """How fast calls may come."""

    model_config = _SETTINGS

    rpm: Pace = None
    """Requests a minute, as a token bucket: a minute's worth at once, then as it fills up again."""

    tpm: Pace = None
    """Tokens a minute, read and written together."""

    concurrent: Pace = None
    """Calls under way at once."""

    def limits(self) -> list[Limit]:
        """The same as values."""
        given = {name: getattr(self, name) for name in _PACES}
        return [Limit(*_PACES[name], most, ()) for name, most in given.items() if most is not None]


class ScopedLimit(BudgetAmounts, PaceAmounts):
    """Limits for one of a scope, or for each of them apart."""

    model_config = _SETTINGS

    scope: Scope
    """Whose spending is counted together. `user` is the key's, `end_user` the request's."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    """Of the one it is for; of a tag `name=value`. Left out: each has limits of its own."""

    @model_validator(mode="after")
    def _says_something(self) -> "ScopedLimit":
        if not self.rules():
            raise ValueError("this sets no limit: name one, such as usd_per_month or rpm")
        if self.scope == "gateway" and self.name is not None:
            raise ValueError("there is one gateway: leave `name` out")
        return self

    def rules(self) -> list[Rule]:
        """The same as values."""
        limits = BudgetAmounts.limits(self) + PaceAmounts.limits(self)
        return [Rule(self.scope, self.name, limit) for limit in limits]


class BudgetSettings(BaseModel):
    """What may be spent, and how fast."""

    model_config = _SETTINGS

    limits: tuple[ScopedLimit, ...] = ()
    """Any number; a call has to fit all that are for it."""

    default_max_tokens: int = Field(default=16_384, ge=1, le=10**9)
    """Longest answer of a call under a budget that says no `max_tokens`, where its model writes no less."""

    least_max_tokens: int = Field(default=64, ge=1, le=10**6)
    """A call that the rest of a budget pays for in part is given a smaller `max_tokens`, but not below this."""

    wait_s: float = Field(default=5.0, ge=0, le=300)
    """How long a call waits for others to settle when only what they have reserved is in its way, or for a rate to have
    room. Calls in the background wait for rates up to their own deadline."""

    on_store_failure: Literal["closed", "open-with-local-share"] = "closed"
    """While the accounts cannot be reached: refuse calls that have a limit, or go on with this node's share."""


class FeatureLimits(BaseModel):
    """What one feature may spend."""

    model_config = _SETTINGS

    budget: BudgetAmounts = BudgetAmounts()
    """What it may spend."""

    limits: PaceAmounts = PaceAmounts()
    """How fast its calls may come."""

    max_tokens: int | None = Field(default=None, ge=1, le=10**9)
    """Longest answer of its calls: a larger `max_tokens` is cut to it, a missing one set."""

    def rules(self, name: str) -> list[Rule]:
        """The same as values."""
        return [Rule("feature", name, limit) for limit in (*self.budget.limits(), *self.limits.limits())]


def shown(limits: Iterable[Limit]) -> tuple[dict[str, str | int], dict[str, int]]:
    """Limits under the names that the config has for them: budgets, and paces."""
    budgets: dict[str, str | int] = {}
    paces: dict[str, int] = {}
    names = {kind: name for name, kind in (*_BUDGETS.items(), *_PACES.items())}
    for limit in limits:
        name = names[limit.unit, limit.window]
        if limit.is_budget:
            budgets[name] = usd_text(limit.most) if limit.unit == "usd" else limit.most
        else:
            paces[name] = limit.most
    return budgets, paces
