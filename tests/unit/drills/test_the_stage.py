"""Who plays what, fakes in the place of providers, and recipes as events want them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.config import Config, load
from headworks.core.errors import BadAskError
from headworks.drills.loading import usual_config
from headworks.drills.scenario import Event, Load
from headworks.drills.stage.cast import cast
from headworks.drills.stage.providers import as_usual, recipes
from headworks.drills.stage.stand_in import key_of, stand_in
from headworks.testing import Recipe

OWN = """
server: {workers: 2}
telemetry: {otlp: {endpoint: "http://collector.example/v1/traces"}, logs: {level: debug}}
providers:
  openai: {catalog: openai, api_key: sk-secret-a, headers: {x-tenant: sk-secret-b}}
  claude: {catalog: anthropic, api_keys: [sk-secret-c, sk-secret-d]}
  gem: {catalog: gemini, api_key: sk-secret-e}
  own: {catalog: local}
models:
  embed: {provider: openai, model: text-embedding-3-small}
  fast: {provider: openai, model: gpt-4o-mini, fallbacks: [haiku]}
  haiku: {provider: claude, model: claude-haiku-4-5, fallbacks: [small]}
  big: {provider: gem, model: gemini-2.5-pro}
  small: {provider: own, model: local}
features:
  bot: {model: big}
"""
FAKES = {name: f"http://127.0.0.1:{port}" for port, name in enumerate(("openai", "claude", "gem", "own"), 9000)}


@pytest.fixture
def own(tmp_path: Path) -> Config:
    file = tmp_path / "own.yaml"
    file.write_text(OWN, encoding="utf-8")
    return load(file, {})


def test_the_usual_config_has_two_homes_and_their_spares() -> None:
    parts = cast(usual_config(), Load())
    assert parts.models == ("main-openai", "main-anthropic")
    assert parts.homes == {"home-openai", "home-anthropic"}
    assert parts.spares == {"spare-openai", "spare-anthropic"}
    assert parts.named("home") == ["home-anthropic", "home-openai"]
    assert parts.named("*-openai") == ["home-openai", "spare-openai"]
    assert parts.named("nobody") == []
    price: Any = parts.prices["home-openai", "gpt-drill"]
    assert (price.input, price.output) == (500, 1500)


def test_nobodys_home_is_anothers_spare(own: Config) -> None:
    parts = cast(own, Load())
    assert (parts.models, parts.homes, parts.spares) == (("fast",), {"openai"}, {"claude", "own"})


def test_models_and_features_can_be_named(own: Config) -> None:
    assert cast(own, Load(models=("big", "haiku"))).homes == {"gem", "claude"}
    assert cast(own, Load(feature="bot")).homes == {"gem"}
    assert cast(own, Load(models=("big",))).spares == frozenset()
    with pytest.raises(BadAskError, match="fats"):
        cast(own, Load(models=("fats",)))


def test_without_a_fallback_the_first_model_that_chats_is_asked_for(tmp_path: Path) -> None:
    config = Config.model_validate({"providers": {"openai": {"catalog": "openai", "api_key": "k"}}})
    parts = cast(config, Load())
    assert (len(parts.models), parts.homes, parts.spares) == (1, {"openai"}, frozenset())
    with pytest.raises(BadAskError, match="no model to ask for"):
        cast(Config.model_validate({}), Load())


def test_fakes_stand_in_and_nothing_else_differs(own: Config, tmp_path: Path) -> None:
    values = stand_in(own, FAKES, tmp_path / "data")
    providers = values["providers"]
    assert providers["openai"] == {
        "catalog": "openai",
        "base_url": "http://127.0.0.1:9000/v1",
        "api_keys": ["sk-drill-openai-1"],
        "headers": {"x-tenant": "drill"},
    }
    assert providers["claude"]["api_keys"] == [key_of("claude", 1), key_of("claude", 2)]
    assert providers["gem"]["base_url"] == "http://127.0.0.1:9002/v1beta"
    assert (providers["own"]["dialect"], providers["own"]["api_key"]) == ("openai", "none")
    assert values["telemetry"] == {"logs": {"level": "debug"}}
    assert values["data_dir"] == str(tmp_path / "data")
    for section in ("server", "models", "features"):
        assert values[section] == own.model_dump(mode="json", exclude_unset=True)[section]


def test_a_config_with_fakes_is_a_right_config_without_secrets(own: Config, tmp_path: Path) -> None:
    written = tmp_path / "headworks.yaml"
    written.write_text(json.dumps(stand_in(own, FAKES, tmp_path / "data")), encoding="utf-8")
    assert "sk-secret" not in written.read_text(encoding="utf-8")
    read = load(written, {})
    assert read.models == own.models
    assert [link.link(name).dialect for name, link in read.providers.items()] == [
        link.link(name).dialect for name, link in own.providers.items()
    ]


def test_recipes_take_from_the_usual_answer_what_they_leave_open() -> None:
    usual = Recipe(tokens=60, tokens_per_second=100)
    assert as_usual(Recipe(cut_after_tokens=40), usual) == Recipe(tokens=60, tokens_per_second=100, cut_after_tokens=40)
    assert as_usual(Recipe(tokens=5), usual).tokens == 5


def test_recipes_may_be_for_one_key() -> None:
    event = Event(recipes=(Recipe(status=401),), key=2)
    assert recipes(event, "lab", Recipe()) == [Recipe(status=401, for_key="sk-drill-lab-2")]


@given(st.integers(1, 30), st.floats(0.01, 1))
def test_a_share_is_shared_by_all_recipes_alike(count: int, share: float) -> None:
    event = Event(recipes=(Recipe(status=500),) * count, share=share)
    left, parts = 1.0, []
    for recipe in recipes(event, "lab", Recipe()):
        assert 0 <= recipe.probability <= 1
        parts.append(left * recipe.probability)
        left -= parts[-1]
    assert parts == pytest.approx([share / count] * count)
