"""Who plays what: the models that are asked for, and which providers are home and which are spare to them."""

from fnmatch import fnmatchcase

from msgspec import Struct

from headworks.config import Config, router
from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Caller, Prices, Prompt, Target
from headworks.drills.scenario import HOME, SPARE, Load

_ANYBODY = Caller(key_id="drill", key_name="drill", org_id="drill")
_FEATURE = "feature/"


class Cast(Struct, frozen=True, kw_only=True):
    """The parts.

    Attributes:
        models: Names to ask for.
        providers: Every provider of the config.
        homes: The providers that serve those models first.
        spares: The providers of their fallbacks, homes excepted.
        prices: The config's own price of each (provider, provider's model); None where it has none.
    """

    models: tuple[str, ...]
    providers: tuple[str, ...]
    homes: frozenset[str]
    spares: frozenset[str]
    prices: dict[tuple[str, str], Prices | None]

    def named(self, who: str) -> list[str]:
        """The providers that a role, a name or a pattern means; none for a name that is not there."""
        if who == HOME:
            return sorted(self.homes)
        if who == SPARE:
            return sorted(self.spares)
        return [name for name in self.providers if fnmatchcase(name, who)]


def cast(config: Config, load: Load) -> Cast:
    """The parts under `config` for a load.

    Raises:
        BadAskError: The load asks for a model or a feature that the config does not have, or the config has none.
    """
    routes = {name: _targets(config, name, load.feature) for name in load.models}
    if not routes:
        routes = _chosen({name: _targets(config, name, load.feature) for name in _names(config, load.feature)})
    if not routes:
        raise BadAskError("The config has no model to ask for; name one with `load.models`.")
    homes = frozenset(targets[0].provider for targets in routes.values())
    reached = [target for targets in routes.values() for target in targets]
    return Cast(
        models=tuple(routes),
        providers=tuple(config.providers),
        homes=homes,
        spares=frozenset(target.provider for target in reached) - homes,
        prices={(target.provider, target.provider_model): target.prices for target in reached},
    )


def _names(config: Config, feature: str | None) -> list[str]:
    if feature is not None:
        return [_FEATURE + feature]
    return [name for name, _ in router(config).models(_ANYBODY) if not name.startswith(_FEATURE)]


def _targets(config: Config, model: str, feature: str | None) -> tuple[Target, ...]:
    ask = Ask(trace_id="drill", dialect="openai", kind="chat", model=model, fields={}, read_prompt=_nothing)
    ask.feature = feature
    return router(config).plan(ask, _ANYBODY).targets


def _nothing() -> Prompt:
    return Prompt(messages=())


def _chosen(routes: dict[str, tuple[Target, ...]]) -> dict[str, tuple[Target, ...]]:
    """Models whose fallbacks are elsewhere, as long as nobody's home is another's spare; else the first that chats."""
    found: dict[str, tuple[Target, ...]] = {}
    homes: set[str] = set()
    spares: set[str] = set()
    talking = {name: targets for name, targets in routes.items() if "chat" in targets[0].capabilities}
    for name, targets in talking.items():
        home = targets[0].provider
        others = {target.provider for target in targets} - {home}
        if others and home not in spares and not others & homes:
            found[name] = targets
            homes.add(home)
            spares |= others
    return found or dict(list(talking.items())[:1])
