"""What recorded calls cost when their prices are worked out again: of the same models, or of others.

Each attempt is priced from the counts that its own cost was worked out from. Attempts of records from before these were
kept have none: where one attempt alone used tokens, those of the record are its counts, without what the record does
not keep (lifetimes of cache writes, sound, pictures, searches, service tier).
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from headworks.budgets import PriceList, TokenCounter
from headworks.config import Config, price_list, router
from headworks.core.errors import HeadworksError
from headworks.core.messages import Ask, Caller, Prompt, Route, Target
from headworks.core.replies import Usage
from headworks.routing.router import Router
from headworks.telemetry.record import Attempt, TraceRecord

_ANYBODY = Caller(key_id="none", key_name="any key without limits", org_id="none")
_DAY_S = 86_400
Kind = Literal["counted", "shares", "unknown"]


class Counts(Struct, frozen=True):
    """What a call used.

    Attributes:
        kind: `counted` as the provider did; `shares` from the record's own figures; `unknown` when it used tokens and
            nothing says which.
        attempts: Each attempt that used something, and what.
    """

    kind: Kind
    attempts: list[tuple[Attempt | None, Usage]]


def counts_of(record: TraceRecord) -> Counts:
    """What the attempts of a call used."""
    if record.status == "lost":
        return Counts("unknown", [])
    spent = [attempt for attempt in record.attempts if attempt.tokens]
    if all(attempt.usage is not None for attempt in spent):
        return Counts("counted", [(attempt, attempt.usage) for attempt in spent if attempt.usage is not None])
    if len(spent) > 1:
        return Counts("unknown", [])
    usage = Usage(
        input_tokens=record.prompt_tokens,
        output_tokens=record.completion_tokens,
        cached_tokens=record.cached_tokens,
        cache_write_5m_tokens=record.cache_write_tokens,
        reasoning_tokens=record.reasoning_tokens,
    )
    return Counts("shares", [(spent[0], usage)])


class Tariff:
    """The prices of a config, in force today or when a call was made.

    Args:
        config: Its models, providers and prices.
        moment_s: The time, Unix seconds, for which prices are looked up; None for the moment of each call.
    """

    def __init__(self, config: Config, moment_s: float | None) -> None:
        self._prices: PriceList = price_list(config, TokenCounter())
        self._moment_s = moment_s
        self._router = router(config)
        self._targets = targets_of(config)
        self._routes: dict[tuple[str | None, str], Route | str] = {}

    def again_nano(self, record: TraceRecord) -> int | None:
        """What the call costs, of the models that answered it; None when that is not known."""
        counts = counts_of(record)
        if counts.kind == "unknown":
            return None
        return self._sum(record, [(self._same(record, attempt), usage) for attempt, usage in counts.attempts])

    def elsewhere_nano(self, record: TraceRecord, target: Target) -> int | None:
        """What the call costs of `target`, were the same tokens used there; None when that is not known."""
        counts = counts_of(record)
        if counts.kind == "unknown":
            return None
        return self._sum(record, [(target, _at(target, attempt, usage)) for attempt, usage in counts.attempts])

    def route(self, record: TraceRecord) -> Route | str:
        """Where the config sends the call; a sentence when it refuses it."""
        key = (record.feature, record.requested_model or record.model)
        found = self._routes.get(key)
        if found is None:
            found = self._routes[key] = self._plan(*key)
        return found

    def _plan(self, feature: str | None, model: str) -> Route | str:
        try:
            return planned(self._router, feature, model)
        except HeadworksError as error:
            return error.message

    def _same(self, record: TraceRecord, attempt: Attempt | None) -> Target:
        """The config's model that an attempt was made at, else the bare name at its provider."""
        provider = attempt.provider if attempt else record.provider or ""
        model = attempt.model if attempt else record.provider_model or ""
        named = self._targets.get(record.model)
        for target in (*([named] if named else []), *self._targets.values()):
            if (target.provider, target.provider_model) == (provider, model):
                return target
        return Target(name=model, provider=provider, provider_model=model, dialect="")

    def _sum(self, record: TraceRecord, parts: list[tuple[Target, Usage]]) -> int | None:
        total = 0
        for target, usage in parts:
            cost_nano = self._prices.cost_nano(target, usage, self._at_s(record))
            if cost_nano is None:
                return None  # half a price would look like a whole one
            total += cost_nano
        return total

    def _at_s(self, record: TraceRecord) -> float:
        """Today at the time of day of the call: some prices are lower at night."""
        called_s = record.started_at / 1000
        if self._moment_s is None:
            return called_s
        return self._moment_s // _DAY_S * _DAY_S + called_s % _DAY_S


def planned(known: Router, feature: str | None, model: str) -> Route:
    """Where a call goes that names this feature and model, with a key that has no limits.

    Raises:
        BadAskError: There is no such model or feature.
        RefusedError: The model is expensive, and the feature does not allow that.
    """
    ask = Ask(trace_id="money", dialect="openai", kind="chat", model=model, fields={}, read_prompt=_nothing)
    ask.feature = feature
    return known.plan(ask, _ANYBODY)


def targets_of(config: Config) -> dict[str, Target]:
    """The models of a config by name, as far as prices need them: their own, or what the library is asked for."""
    return {
        name: Target(
            name=name,
            provider=model.provider,
            provider_model=model.model,
            dialect="",
            prices=model.price_usd_per_mtok.prices() if model.price_usd_per_mtok else None,
        )
        for name, model in (config.models or {}).items()
    }


def _at(target: Target, attempt: Attempt | None, usage: Usage) -> Usage:
    """The counts at a target: a service tier is a word of the provider that it was bought at."""
    same = attempt is not None and attempt.provider == target.provider
    return usage if same else replace(usage, service_tier=None)


def _nothing() -> Prompt:
    return Prompt(messages=())
