"""Model names where no config lists them: `provider/model` always, and bare names that only one provider claims."""

import re
from collections.abc import Sequence
from fnmatch import translate

from msgspec import Struct

from headworks.core.messages import Target


class OpenProvider(Struct, frozen=True, kw_only=True):
    """A provider any of whose models may be asked for.

    Attributes:
        name: Its name in the config.
        dialect: What it speaks.
        capabilities: What may be asked of it.
        patterns: Shell patterns of the bare model names that are its own.
        models: A few of its models, to be listed.
    """

    name: str
    dialect: str
    capabilities: frozenset[str]
    patterns: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


class OpenNames:
    """Finds the provider for a model name.

    Args:
        providers: In the order in which their patterns are tried.
    """

    def __init__(self, providers: Sequence[OpenProvider]) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._claims = [
            (provider, re.compile("|".join(map(translate, provider.patterns))))
            for provider in providers
            if provider.patterns
        ]
        self.listed = tuple((f"{p.name}/{model}", p.name) for p in providers for model in p.models)
        """Pairs of model name and provider, for `GET /v1/models`."""

    def target(self, name: str) -> Target | None:
        """The target called `name`; its own name is always `provider/model`. None when nobody has it."""
        prefix, _, rest = name.partition("/")
        provider = self._providers.get(prefix)
        if provider is not None and rest:
            # A provider may begin some of its own model names with its own name.
            own = name if "/" not in rest and self._claimed(name) is provider else rest
            return _target(provider, own)
        provider = self._claimed(name)
        return _target(provider, name) if provider else None

    def _claimed(self, name: str) -> OpenProvider | None:
        return next((provider for provider, pattern in self._claims if pattern.match(name)), None)


def _target(provider: OpenProvider, model: str) -> Target:
    return Target(
        name=f"{provider.name}/{model}",
        provider=provider.name,
        provider_model=model,
        dialect=provider.dialect,
        capabilities=provider.capabilities,
    )
