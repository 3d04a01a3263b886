"""What the tests of the router share: asks, callers, a small config's router."""

from collections.abc import Callable

import pytest

from headworks.core.messages import Ask, Caller, Prompt, Target
from headworks.routing import FeatureRule, OpenNames, OpenProvider, Router


def target(name: str, provider: str = "lab", *, dialect: str = "openai") -> Target:
    return Target(name=name, provider=provider, provider_model=f"{name}-v1", dialect=dialect)


@pytest.fixture
def ask() -> Callable[..., Ask]:
    def make(model: str, feature: str | None = None) -> Ask:
        return Ask(
            trace_id="t",
            dialect="openai",
            kind="chat",
            model=model,
            fields={},
            read_prompt=lambda: Prompt(messages=()),
            feature=feature,
        )

    return make


@pytest.fixture
def caller() -> Callable[..., Caller]:
    def make(models: tuple[str, ...] = (), features: tuple[str, ...] = ()) -> Caller:
        return Caller(key_id="k", key_name="test", org_id="o", models=frozenset(models), features=frozenset(features))

    return make


@pytest.fixture
def router() -> Router:
    """Models fast (falls back to haiku, big), haiku, big; features default -> haiku, bot -> fast, mute -> nothing."""
    fast, haiku, big = target("fast"), target("haiku", "other"), target("big")
    return Router(
        {"fast": (fast, haiku, big), "haiku": (haiku,), "big": (big,)},
        {"default": FeatureRule("haiku"), "bot": FeatureRule("fast", "bodies"), "mute": FeatureRule()},
    )


@pytest.fixture
def open_router() -> Router:
    """Any model of openly named providers a (a-*), b (b/*, x), c; `auto` is a/a-1."""
    names = OpenNames(
        [
            OpenProvider(
                name="a", dialect="openai", capabilities=frozenset({"chat"}), patterns=("a-*",), models=("a-1", "a-2")
            ),
            OpenProvider(
                name="b",
                dialect="anthropic",
                capabilities=frozenset(),
                patterns=("b/*", "x", "a-9"),
                models=("b/auto",),
            ),
            OpenProvider(name="c", dialect="gemini", capabilities=frozenset()),
        ]
    )
    return Router({}, {"default": FeatureRule("a/a-1")}, names)
