"""What people write when they start an experiment, checked and turned into one. Pure; every fault is a sentence."""

import math
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.errors import BadAskError
from headworks.flags.experiments.measure.metrics import Metric, metric_of
from headworks.flags.experiments.measure.sequences import users_needed
from headworks.flags.experiments.records import Experiment, Guard, Release, Variant

RAMP = (1.0, 5.0, 25.0, 50.0, 100.0)
PARAMETERS = (
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "max_completion_tokens",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "stop",
    "reasoning_effort",
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@/-]{0,99}")
_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
_MOST_VARIANTS = 10
_USUAL_USERS = 5_000


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be started, as it was asked for.

    Attributes:
        feature: Whose calls are split.
        variants: `NAME:SHARE`, or `PROMPT@VERSION:SHARE`; the first is the control. Shares add up to 100.
        set: `VARIANT.KEY=VALUE`: model, prompt, safety, retrieval.X, parameters.X, or a parameter's own name.
        metric: What the new variants are to be better at.
        guards: `METRIC` or `METRIC:MARGIN`.
        alpha: How often a difference may be found where there is none.
        min_effect: The smallest difference that matters.
        ramp: Whether the new variants begin with few users.
        step_s: The least time between two steps of the ramp.
        users: Users it is planned for; worked out from `min_effect` when None.
        name: Of the run; made from the feature when None.
        salt: What users are hashed with; the name of the run when None.
    """

    feature: str
    variants: Sequence[str]
    set: Sequence[str] = ()
    metric: str = "feedback"
    guards: Sequence[str] = ()
    alpha: float = 0.05
    min_effect: float | None = None
    ramp: bool = False
    step_s: float = 600.0
    users: int | None = None
    name: str | None = None
    salt: str | None = None


def planned(plan: Plan, *, run: int, now_s: float, base: Release) -> Experiment:
    """The experiment that is asked for.

    Args:
        plan: As it was written.
        run: Counts the runs of the feature.
        now_s: When it begins, Unix seconds.
        base: What is in force for everybody; a variant differs from it.

    Raises:
        BadAskError: Something in it cannot be; says what.
    """
    metric = metric_of(plan.metric)
    _check_numbers(plan)
    name = plan.name or f"{plan.feature}-{run}"
    if not plan.name:
        name = re.sub(r"[^A-Za-z0-9._@-]", "-", name)[:100]
    if not _RUN_NAME.fullmatch(name):
        raise _bad(f"`{name}` is no name: letters, digits, dots, dashes, `_` and `@`, at most 100.", "name")
    variants = _released(_shared_out(plan.variants), plan.set, base)
    return Experiment(
        feature=plan.feature,
        name=name,
        run=run,
        salt=plan.salt or name,
        variants=variants,
        metric=metric.name,
        guards=tuple(read_guard(text) for text in plan.guards),
        alpha=plan.alpha,
        min_effect=plan.min_effect,
        planned_users=plan.users or _users(plan, metric, variants),
        steps=RAMP if plan.ramp else (100.0,),
        step_s=plan.step_s,
        started_s=now_s,
        since_s=now_s,
        in_force=base,
    )


def read_guard(text: str) -> Guard:
    """The guard of `METRIC` or `METRIC:MARGIN`, such as `cost:0.1`.

    Raises:
        BadAskError: No such metric, or no such margin.
    """
    name, _, margin = text.partition(":")
    metric = metric_of(name.strip())
    if not margin:
        return Guard(metric=metric.name, margin=metric.margin)
    found = _number(margin)
    if found is None or not 0 <= found <= 10:
        raise _bad(f"`{margin}` is no margin of {metric.name}: a number from 0 to 10, 0.1 for 10 %.", "guards")
    return Guard(metric=metric.name, margin=found)


def _check_numbers(plan: Plan) -> None:
    if not 0 < plan.alpha <= 0.2:
        raise _bad(f"alpha is {plan.alpha:g}; it must be over 0 and at most 0.2.", "alpha")
    if plan.min_effect is not None and not 0 < plan.min_effect <= 1:
        raise _bad(f"The smallest effect is {plan.min_effect:g}; it must be over 0 and at most 1.", "min_effect")
    if plan.users is not None and not 100 <= plan.users <= 10**9:
        raise _bad(f"{plan.users} users cannot be planned for; 100 at least.", "users")
    if not 10 <= plan.step_s <= 30 * 86_400:
        raise _bad(f"{plan.step_s:g} s are no step of a ramp: from 10 seconds to 30 days.", "step")
    if not plan.feature or len(plan.feature) > 300:
        raise _bad("A feature has a name of 1 to 300 characters.", "feature")


def _shared_out(texts: Sequence[str]) -> list[tuple[str, float]]:
    if not 2 <= len(texts) <= _MOST_VARIANTS:
        raise _bad(f"There are {len(texts)} variants; an experiment has 2 to {_MOST_VARIANTS}.", "variants")
    found: list[tuple[str, float]] = []
    for text in texts:
        name, _, share_text = text.strip().rpartition(":")
        share = _number(share_text)
        if share is None or not _NAME.fullmatch(name):
            raise _bad(f"`{text}` is no variant; write NAME:SHARE, such as control:50.", "variants")
        if not 0.01 <= share < 100:
            raise _bad(f"The share of `{name}` is {share:g}; it must be from 0.01 to below 100.", "variants")
        if any(name == other for other, _ in found):
            raise _bad(f"There are two variants `{name}`.", "variants")
        found.append((name, share))
    total = math.fsum(share for _, share in found)
    if abs(total - 100) > 1e-6:
        raise _bad(f"The shares add up to {total:g}, not to 100.", "variants")
    return found


def _released(shares: list[tuple[str, float]], settings: Sequence[str], base: Release) -> tuple[Variant, ...]:
    fields: dict[str, dict[str, Any]] = {name: {} for name, _ in shares}
    for text in settings:
        place, equals, value = text.partition("=")
        # The longest name first: names may hold dots, and one may begin as another does.
        names = sorted(fields, key=len, reverse=True)
        name = next((one for one in names if place.strip().startswith(f"{one}.")), None)
        if not equals or name is None:
            raise _bad(f"`{text}` sets nothing; write VARIANT.KEY=VALUE, VARIANT one of {', '.join(fields)}.", "set")
        _put(fields[name], place.strip()[len(name) + 1 :], value.strip())
    return tuple(
        Variant(name=name, share=share, release=_release(name, fields[name]).over(base)) for name, share in shares
    )


def _put(fields: dict[str, Any], key: str, text: str) -> None:
    if not text:
        raise _bad(f"`{key}` is set to nothing.", "set")
    if key in {"model", "prompt", "safety"}:
        fields[key] = text
        return
    group, _, inner = key.partition(".")
    if group not in {"retrieval", "parameters"} and key in PARAMETERS:
        group, inner = "parameters", key
    if group not in {"retrieval", "parameters"} or not inner:
        known = ", ".join(("model", "prompt", "safety", "retrieval.NAME", "parameters.NAME", *PARAMETERS))
        raise _bad(f"`{key}` cannot be set. There are: {known}.", "set")
    fields.setdefault(group, {})[inner] = _value(text)


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _release(name: str, fields: dict[str, Any]) -> Release:
    """A variant called `PROMPT@VERSION` means that prompt, unless another is set."""
    prompt = name if "@" in name else None
    return Release(**{"prompt": prompt, **fields})


def _users(plan: Plan, metric: Metric, variants: Sequence[Variant]) -> int:
    """Users by whom the smallest effect is found; of a rate at its widest spread, else where values vary as a mean."""
    if plan.min_effect is None:
        return _USUAL_USERS
    spread = 0.25 if metric.rate else 1.0
    smallest = min(variants[1:], key=lambda variant: variant.share)
    shares = (variants[0].share / 100, smallest.share / 100)
    needed = users_needed(plan.min_effect, spread, shares, plan.alpha / (len(variants) - 1))
    return max(100, needed)


def _number(text: str) -> float | None:
    try:
        found = float(text.strip().removesuffix("%"))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _bad(message: str, param: str) -> BadAskError:
    return BadAskError(message, param=param)
