"""An expensive model answers only where somebody has said so."""

import pytest

from headworks.core.errors import RefusedError
from headworks.core.messages import Ask, Caller, Prompt, Target
from headworks.routing.router import FeatureRule, Router

FAST = Target(name="fast", provider="p", provider_model="f-1", dialect="openai")
OPUS = Target(name="opus", provider="p", provider_model="o-1", dialect="openai", expensive=True)
ROUTER = Router(
    {"fast": (FAST, OPUS), "opus": (OPUS, FAST)},
    {"default": FeatureRule("fast"), "review": FeatureRule("opus", allow_expensive=True)},
)


def asked(model: str, feature: str | None = None, models: frozenset[str] = frozenset()) -> list[str]:
    ask = Ask(
        trace_id="t",
        dialect="openai",
        kind="chat",
        model=model,
        fields={},
        read_prompt=lambda: Prompt(messages=()),
        feature=feature,
    )
    caller = Caller(key_id="k", key_name="k", org_id="o", models=models)
    return [target.name for target in ROUTER.plan(ask, caller).targets]


def test_it_is_refused_by_name_with_what_to_do() -> None:
    with pytest.raises(RefusedError, match="allow_expensive: true"):
        asked("opus")


def test_it_is_no_fallback_either() -> None:
    assert asked("fast") == ["fast"]


def test_a_feature_may_say_so() -> None:
    assert asked("feature/review") == ["opus", "fast"]
    assert asked("fast", "review") == ["fast", "opus"]


def test_a_key_that_names_it_may_ask_for_it() -> None:
    assert asked("opus", models=frozenset({"opus", "fast"})) == ["opus", "fast"]
