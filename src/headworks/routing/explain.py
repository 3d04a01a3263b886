"""What would happen to an ask, step by step, with no provider call."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct, structs

from headworks.core.errors import BadAskError, HeadworksError
from headworks.core.messages import Ask, Caller, Prices, Route, Target
from headworks.core.policy import Policy
from headworks.dialects.protocols import ProviderDialect


class Step(Struct, frozen=True):
    """One decision: which step of the way, what was decided, and the facts behind it."""

    step: str
    decision: str
    details: dict[str, Any] = {}


class Facts(Struct, frozen=True, kw_only=True):
    """What other rooms know. What is left out is not explained.

    Attributes:
        hosts: Host of each provider's base URL.
        dialects: Provider dialects by name, to say what would be dropped or refused.
        prices: The prices that apply to a target; None for an unpriced one.
        cache: What the cache would do with an ask of a caller, on its route.
        budgets: Which limits such a call has to fit.
    """

    hosts: Mapping[str, str] = {}
    dialects: Mapping[str, ProviderDialect] = {}
    prices: Callable[[Target], Prices | None] | None = None
    cache: Callable[[Ask, Caller, Route], Step] | None = None
    budgets: Callable[[Ask, Caller, Route], Step] | None = None


class Planner(Protocol):
    """What is explained: a router."""

    def plan(self, ask: Ask, caller: Caller) -> Route:
        """The route for `ask`, or the error that refuses it."""

    def rule(self, ask: Ask) -> str:
        """Why `plan` takes the model it takes."""


def explain(router: Planner, ask: Ask, caller: Caller, facts: Facts) -> list[Step]:
    """The decisions for `ask`, in order. A `refused` step, with the error's code, means that nothing is sent."""
    steps = [Step("ask", f"{ask.kind} in the {ask.dialect} dialect for model `{ask.model}`", {"stream": ask.stream})]
    try:
        route = router.plan(ask, caller)
    except HeadworksError as error:
        return [*steps, _refused(error)]
    steps.append(Step("feature", f"feature `{route.feature}`", {"capture": route.capture}))
    steps.append(Step("key", f"the key `{caller.key_name}` may use it", _limits(caller)))
    steps.append(_route_step(router.rule(ask), route))
    if facts.cache is not None:
        steps.append(facts.cache(ask, caller, route))
    if facts.budgets is not None:
        steps.append(facts.budgets(ask, caller, route))
    steps.append(_policy_step(route.policy))
    for position, target in enumerate(route.targets):
        steps.extend(_target_steps(position, target, ask, facts))
    return steps


def _limits(caller: Caller) -> dict[str, Any]:
    return {"models": sorted(caller.models), "features": sorted(caller.features)}


def _route_step(rule: str, route: Route) -> Step:
    names = [target.name for target in route.targets]
    return Step("route", rule, {"query_type": route.query_type, "targets": names})


def _policy_step(policy: Policy) -> Step:
    """What is done when the call does not go well."""
    pattern = "the latency pattern that fits the request" if policy.patience is None else "its own time-outs"
    decision = f"at most {policy.calls} provider calls, {policy.retries} more for one model, by {pattern}"
    details = structs.asdict(policy) | {"patience": policy.patience and structs.asdict(policy.patience)}
    return Step("policy", decision, details)


def _target_steps(position: int, target: Target, ask: Ask, facts: Facts) -> list[Step]:
    role = "first choice" if position == 0 else f"fallback {position}"
    details: dict[str, Any] = {
        "provider": target.provider,
        "provider_model": target.provider_model,
        "dialect": target.dialect,
        "host": facts.hosts.get(target.provider) or None,
        "unsupported": target.unsupported,
    }
    if facts.prices is not None:
        prices = facts.prices(target)
        details["prices_nano_usd_per_token"] = None if prices is None else structs.asdict(prices)
    step = Step("target", f"{role}: `{target.provider_model}` at `{target.provider}`", details)
    dialect = facts.dialects.get(target.dialect)
    if dialect is None:
        return [step]
    try:
        return [step, _request_step(dialect, ask, target)]
    except HeadworksError as error:
        # A fallback that cannot take the request is passed over; the first choice decides.
        return [step, _refused(error) if position == 0 else Step("skipped", error.message, _code(error))]


def _request_step(dialect: ProviderDialect, ask: Ask, target: Target) -> Step:
    if not target.offers(ask.kind):
        if ask.kind == "count":
            return Step("request", "counted by the gateway itself, without a provider call")
        raise BadAskError(f"`{target.provider}` offers no {ask.kind} calls.", code="unsupported_field", param="model")
    request = dialect.request(ask, target)
    details = {"path": request.path, "body_bytes": len(request.body), "dropped": list(request.dropped)}
    if request.dropped:
        return Step("request", f"sent without {', '.join(f'`{name}`' for name in request.dropped)}", details)
    return Step("request", "sent whole", details)


def _refused(error: HeadworksError) -> Step:
    return Step("refused", error.message, _code(error))


def _code(error: HeadworksError) -> dict[str, Any]:
    return {"code": error.code, "status": error.status, "param": error.param}
