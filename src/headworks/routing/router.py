"""The router: a table of routes, made once per config, and the rules for who may use which.

What a request may say: a model name, `feature/NAME`, or `auto`, with or without a feature named by header. A key's
lists of models and features hold for every target: a fallback that the key does not cover is left out.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from headworks.core.caching import ON_REQUEST, Caching
from headworks.core.degrading import Rung
from headworks.core.errors import BadAskError, RefusedError
from headworks.core.messages import Ask, Caller, Route, Target
from headworks.core.policy import USUAL, Policy
from headworks.routing.explain import Facts, Step, explain
from headworks.routing.names import OpenNames

AUTO = "auto"
DEFAULT = "default"
FEATURE_PREFIX = "feature/"
EXPLICIT = "explicit"
MAPPED = "feature"
_SHOWN_NAMES = 10
_SHOWN_CHARACTERS = 100


class FeatureRule(Struct, frozen=True):
    """What a feature says of its calls: the model, what traces keep, what is done when one fails, what is cached."""

    model: str | None = None
    capture: Literal["none", "bodies"] = "none"
    policy: Policy = USUAL
    caching: Caching = ON_REQUEST
    max_tokens: int | None = None
    allow_expensive: bool = False
    ladder: tuple[Rung, ...] = ()
    prompt: str | None = None
    flag: str | None = None


class Router:
    """Satisfies `core.protocols.Routing`.

    Args:
        models: For each model name, its target and then its fallbacks, in order.
        features: The features; `default` is added when it is missing. Their models must be known.
        open_names: Where other names are looked up; None when only `models` are served.
    """

    def __init__(
        self,
        models: Mapping[str, tuple[Target, ...]],
        features: Mapping[str, FeatureRule],
        open_names: OpenNames | None = None,
    ) -> None:
        self._models = dict(models)
        self._features = {DEFAULT: FeatureRule(), **features}
        self._open = open_names
        self._expensive = any(target.expensive for targets in self._models.values() for target in targets)
        self._routes: dict[tuple[str | None, str], Route] = {}
        for feature in self._features:
            self._tabulate(feature)

    def plan(self, ask: Ask, caller: Caller) -> Route:
        """The route for `ask`.

        Raises:
            BadAskError: `unknown_model` (404) when no model or feature has that name; `invalid_request` (400) when
                model and header name different features.
            RefusedError: `forbidden` (403) when the caller's key does not cover the model or the feature, or the model
                is expensive and nobody has said that it may be used here.
        """
        route = self._routes.get((ask.feature, ask.model)) or self._search(ask, caller)
        if caller.models or caller.features or self._expensive:
            return self._permitted(route, ask.model, caller)
        return route

    def models(self, caller: Caller) -> list[tuple[str, str]]:
        """Names that `caller` may put into `model`, each with the provider that answers first."""
        known = [(name, targets[0].provider) for name, targets in self._models.items()]
        known += self._open.listed if self._open else ()
        listed = [(name, provider) for name, provider in known if self._covers(caller, name)]
        for feature in self._features:
            route = self._routes.get((feature, FEATURE_PREFIX + feature))
            if route and feature != DEFAULT and self._allows(route, caller):
                listed.append((FEATURE_PREFIX + feature, route.targets[0].provider))
        return listed

    def explain(self, ask: Ask, caller: Caller, facts: Facts | None = None) -> list[Step]:
        """The decisions `plan` makes for `ask`, step by step; what other rooms know of the targets comes by `facts`."""
        return explain(self, ask, caller, facts or Facts())

    def rule(self, ask: Ask) -> str:
        """Why `plan` takes the model it takes, as a sentence. Only for an ask that `plan` accepts."""
        if ask.model.startswith(FEATURE_PREFIX):
            return f"`{ask.model}` is the model of that feature"
        if ask.model == AUTO:
            return f"`auto` is the model of the feature `{ask.feature or DEFAULT}`"
        if ask.model in self._models:
            return f"`{ask.model}` is a model of the config"
        return f"the config lists no models, and `{ask.model}` is a name its providers know"

    def _tabulate(self, feature: str) -> None:
        """Work out every route that names `feature`; for `default`, also those that name none."""
        rule = self._features[feature]
        headers = (feature, None) if feature == DEFAULT else (feature,)
        for name, targets in self._models.items():
            self._routes.update({(header, name): _route(feature, EXPLICIT, targets, rule) for header in headers})
        targets = self._targets(rule.model) if rule.model is not None else ()
        if targets:
            route = _route(feature, MAPPED, targets, rule)
            self._routes.update({(header, AUTO): route for header in headers})
            self._routes.update({(header, FEATURE_PREFIX + feature): route for header in (feature, None)})

    def _targets(self, model: str) -> tuple[Target, ...]:
        if model in self._models:
            return self._models[model]
        target = self._open.target(model) if self._open else None
        return (target,) if target else ()

    def _search(self, ask: Ask, caller: Caller) -> Route:
        """The route for a name that is not in the table: one of an open provider's, or an error."""
        feature = ask.feature or DEFAULT
        if feature not in self._features:
            raise self._unknown_feature(feature, caller, param="x-headworks-feature")
        if ask.model.startswith(FEATURE_PREFIX):
            raise self._bad_feature(ask, caller)
        if ask.model == AUTO:
            raise BadAskError(
                f"`auto` needs a model for the feature `{feature}`, and the config names none. Ask for a model by "
                f"name, or set `features: {{{feature}: {{model: ...}}}}`.",
                code="unknown_model",
                status=404,
                param="model",
            )
        targets = self._targets(ask.model)
        if not targets:
            raise self._unknown_model(ask.model, caller)
        return _route(feature, EXPLICIT, targets, self._features[feature])

    def _permitted(self, route: Route, asked: str, caller: Caller) -> Route:
        if caller.features and route.feature not in caller.features:
            raise RefusedError(
                f"This key may not use the feature `{route.feature}`. It may use: {_listing(sorted(caller.features))}."
            )
        covered = tuple(target for target in route.targets if self._covers(caller, target.name))
        allowed = tuple(target for target in covered if self._affords(caller, route.feature, target))
        if covered and covered[0] is route.targets[0] and (not allowed or allowed[0] is not covered[0]):
            raise RefusedError(
                f"`{covered[0].name}` is an expensive model, which the feature `{route.feature}` may not use. Say "
                "`allow_expensive: true` for the feature, or name the model in the key's `models`.",
                param="model",
            )
        if not allowed or allowed[0] is not route.targets[0]:
            raise RefusedError(
                f"This key may not use the model `{_short(asked)}`. It may use: {_listing(sorted(caller.models))}.",
                param="model",
            )
        return route if len(allowed) == len(route.targets) else replace(route, targets=allowed)

    def _allows(self, route: Route, caller: Caller) -> bool:
        feature_allowed = not caller.features or route.feature in caller.features
        return feature_allowed and self._covers(caller, route.targets[0].name)

    def _covers(self, caller: Caller, name: str) -> bool:
        """Whether the caller's list has the model `name`, under whichever of its names."""
        if not caller.models or name in caller.models:
            return True
        if self._open is None:
            return False
        listed = (self._open.target(other) for other in caller.models)
        return any(target is not None and target.name == name for target in listed)

    def _affords(self, caller: Caller, feature: str, target: Target) -> bool:
        """Whether an expensive model may answer: only where somebody has said so."""
        return not target.expensive or target.name in caller.models or self._features[feature].allow_expensive

    def _bad_feature(self, ask: Ask, caller: Caller) -> BadAskError:
        named = ask.model.removeprefix(FEATURE_PREFIX)
        if named not in self._features:
            return self._unknown_feature(named, caller, param="model")
        if ask.feature and ask.feature != named:
            return BadAskError(
                f"The model names the feature `{named}` and the header `x-headworks-feature` names `{ask.feature}`. "
                "Name one feature.",
                param="model",
            )
        return BadAskError(
            f"The feature `{named}` has no model of its own. Name a model, and the feature by the header "
            "`x-headworks-feature`.",
            code="unknown_model",
            status=404,
            param="model",
        )

    def _unknown_feature(self, name: str, caller: Caller, *, param: str) -> BadAskError:
        known = [feature for feature in self._features if not caller.features or feature in caller.features]
        return _unknown("feature", name, known, param)

    def _unknown_model(self, name: str, caller: Caller) -> BadAskError:
        return _unknown("model", name, [known for known, _ in self.models(caller)], "model")


def _route(feature: str, query_type: str, targets: tuple[Target, ...], rule: FeatureRule) -> Route:
    return Route(
        feature=feature,
        query_type=query_type,
        targets=targets,
        capture=rule.capture,
        policy=rule.policy,
        caching=rule.caching,
        max_tokens=rule.max_tokens,
        ladder=rule.ladder,
        prompt=rule.prompt,
        flag=rule.flag,
    )


def _unknown(kind: str, name: str, known: list[str], param: str) -> BadAskError:
    close = get_close_matches(_short(name), known, n=3)
    if close:
        advice = f"Did you mean {' or '.join(f'`{match}`' for match in close)}?"
    elif known:
        advice = f"There {'is' if len(known) == 1 else 'are'}: {_listing(known)}."
    else:
        advice = f"There is no {kind} that this key may use: set a provider's key, or write a config."
    message = f"There is no {kind} `{_short(name)}`. {advice}"
    return BadAskError(message, code="unknown_model", status=404, param=param)


def _listing(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN_NAMES])
    return f"{shown} and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else shown


def _short(name: str) -> str:
    return name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}..."
