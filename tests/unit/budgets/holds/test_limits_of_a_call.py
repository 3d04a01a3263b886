"""Which limits a call has to fit: its own, those of each of a scope, the tightest of several."""

import pytest
from pydantic import ValidationError

from headworks.budgets.config import BudgetSettings, FeatureLimits
from headworks.budgets.holds.scopes import Scopes
from headworks.core.limits import Limit
from headworks.core.messages import Ask, Caller, Prompt, Route, Target

NOW_S = 1_767_225_600.0
TARGETS = tuple(Target(name=name, provider="p", provider_model=name, dialect="openai") for name in ("fast", "slow"))
ROUTE = Route(feature="bot", query_type="x", targets=TARGETS)


def counted(settings: BudgetSettings, *, tags: dict[str, str] | None = None, **caller: object) -> dict[str, int]:
    ask = Ask(
        trace_id="t",
        dialect="openai",
        kind="chat",
        model="fast",
        fields={},
        read_prompt=lambda: Prompt(messages=()),
        user_id="ann",
        tags=tags or {},
    )
    who = Caller(key_id="k1", key_name="k", org_id="acme|x", **caller)  # type: ignore[arg-type]
    scopes = Scopes([rule for limit in settings.limits for rule in limit.rules()])
    found = scopes.of(ask, who, ROUTE, NOW_S)
    assert scopes.of(ask, who, ROUTE, NOW_S) is found or not found, "it is worked out once"
    return {one.account: one.limit.most for one in found}


def of(*limits: dict[str, object]) -> BudgetSettings:
    return BudgetSettings.model_validate({"limits": limits})


def test_each_of_a_scope_has_an_account_of_its_own() -> None:
    assert counted(of({"scope": "org", "usd_per_day": 1}, {"scope": "end_user", "tokens_total": 5})) == {
        "usd|org|acme%7Cx|day|2026-01-01": 1_000_000_000,
        "tokens|end_user|ann|total|": 5,
    }


def test_the_tightest_of_several_counts() -> None:
    settings = of({"scope": "model", "rpm": 10}, {"scope": "model", "name": "slow", "rpm": 3})
    assert counted(settings) == {"requests|model|fast|minute|": 10, "requests|model|slow|minute|": 3}


def test_what_is_of_somebody_else_is_not_counted() -> None:
    settings = of(
        {"scope": "org", "name": "other", "usd_total": 1},
        {"scope": "team", "usd_total": 1},
        {"scope": "tag", "name": "env=prod", "usd_total": 1},
    )
    assert counted(settings, tags={"env": "dev"}) == {}
    assert list(counted(settings, tags={"env": "prod"})) == ["usd|tag|env%3Dprod|total|"]


def test_a_key_brings_its_own_and_keeps_its_account_when_it_is_replaced() -> None:
    limits = (Limit("calls", "now", 2, ()),)
    assert counted(of(), limits=limits) == {"calls|key|k1|now|": 2}
    assert counted(of(), limits=limits, counted_as="k0") == {"calls|key|k0|now|": 2}


@pytest.mark.parametrize(
    "limit",
    [
        {"scope": "planet", "usd_total": 1},
        {"scope": "org"},
        {"scope": "gateway", "name": "x", "usd_total": 1},
        {"scope": "org", "usd_total": -1},
        {"scope": "org", "usd_total": "nan"},
        {"scope": "org", "usd_total": "1e-12"},
        {"scope": "org", "eur_total": 1},
        {"scope": "org", "tokens_total": 1.5},
        {"scope": "org", "rpm": 0},
        {"scope": "org", "usd_total": 1, "alert_at_percent": [0]},
    ],
)
def test_a_limit_that_is_none_is_refused(limit: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        of(limit)


def test_a_feature_says_the_same_in_its_own_place() -> None:
    feature = FeatureLimits.model_validate({"budget": {"usd_per_week": "0.000000001"}, "limits": {"tpm": 9}})
    assert [(rule.scope, rule.name, rule.limit.most) for rule in feature.rules("bot")] == [
        ("feature", "bot", 1),
        ("feature", "bot", 9),
    ]
