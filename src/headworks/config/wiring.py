"""What the rooms are built from: a config turned into links, the local model's settings and a router."""

from headworks.budgets import PriceList, TokenCounter
from headworks.cache.protocols import Place
from headworks.config.settings import Config, Feature
from headworks.core.limits import Rule
from headworks.core.messages import Target
from headworks.providers.config import LOCAL_ROW
from headworks.providers.link import Link
from headworks.providers.local.config import LocalSettings
from headworks.routing.config import ModelSettings
from headworks.routing.names import OpenNames, OpenProvider
from headworks.routing.router import DEFAULT, FeatureRule, Router


def links(config: Config) -> dict[str, Link]:
    """How to reach each provider, by its name. Holds keys in plain text."""
    return {name: provider.link(name) for name, provider in config.providers.items()}


def local_settings(config: Config) -> LocalSettings | None:
    """How the local model runs; None when no provider is it."""
    for provider in config.providers.values():
        if provider.catalog == LOCAL_ROW:
            return provider.local.runtime() if provider.local else LocalSettings()
    return None


def router(config: Config) -> Router:
    """The router of a config."""
    rules = {
        name: FeatureRule(
            feature.model,
            feature.capture,
            feature.policy(),
            feature.cache.caching(),
            feature.max_tokens,
            feature.allow_expensive,
            feature.ladder(),
            feature.prompt,
            feature.flag,
        )
        for name, feature in config.features.items()
    }
    if config.models is not None:
        return Router(_targets(config, config.models), rules)
    providers = _open_providers(config)
    rules.setdefault(DEFAULT, FeatureRule(_first_model(providers)))
    return Router({}, rules, OpenNames(providers))


def named_models(config: Config) -> set[tuple[str, str]]:
    """The models that a config names, else those shown for its providers: (provider, the model's name there)."""
    if config.models is not None:
        return {(model.provider, model.model) for model in config.models.values()}
    return {(provider.name, model) for provider in _open_providers(config) for model in provider.models}


def rules(config: Config) -> list[Rule]:
    """The limits of a config: of its features, and all others."""
    of_features = [rule for name, feature in config.features.items() for rule in feature.rules(name)]
    return [*of_features, *(rule for limit in config.budgets.limits for rule in limit.rules())]


def _targets(config: Config, models: dict[str, ModelSettings]) -> dict[str, tuple[Target, ...]]:
    known = links(config)
    single = {name: _target(name, model, known[model.provider]) for name, model in models.items()}
    return {name: tuple(single[step] for step in _with_fallbacks(name, models)) for name in models}


def _target(name: str, model: ModelSettings, link: Link) -> Target:
    return Target(
        name=name,
        provider=link.name,
        provider_model=model.model,
        dialect=link.dialect,
        unsupported=model.unsupported,
        prices=model.price_usd_per_mtok.prices() if model.price_usd_per_mtok else None,
        context_tokens=model.context_tokens,
        max_output_tokens=model.max_output_tokens,
        expensive=model.expensive,
        capabilities=link.capabilities,
    )


def _with_fallbacks(name: str, models: dict[str, ModelSettings]) -> list[str]:
    """`name`, then each fallback followed by its own fallbacks; each name once."""
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        step = waiting.pop()
        if step not in found:
            found[step] = None
            waiting.extend(reversed(models[step].fallbacks))
    return list(found)


def _open_providers(config: Config) -> list[OpenProvider]:
    rows = {name: provider.row for name, provider in config.providers.items()}
    return [
        OpenProvider(
            name=link.name,
            dialect=link.dialect,
            capabilities=link.capabilities,
            patterns=row.patterns if (row := rows[link.name]) else (),
            models=row.models if row else (),
        )
        for link in links(config).values()
    ]


def _first_model(providers: list[OpenProvider]) -> str | None:
    return next((f"{provider.name}/{provider.models[0]}" for provider in providers if provider.models), None)


def by_meaning(feature: Feature) -> bool:
    """Whether it answers questions that mean the same: always, or where its ladder says so."""
    loose = [rung.max_error for rung in feature.ladder() if rung.level == "cache"]
    return any(most is not None for most in (feature.cache.caching().max_error, *loose))


def price_list(config: Config, counter: TokenCounter) -> PriceList:
    """The prices of a config's providers."""
    return PriceList({name: link.price_id for name, link in links(config).items()}, counter)


def place(config: Config, worker: str) -> Place:
    """Where cached answers lie."""
    shared = None if config.shared is None else config.shared.get_secret_value()
    return Place(config.data_dir, worker, shared)
