"""What the sums say: how variants differ, how sure that is, and whether a guard is hurt. Pure."""

from typing import Literal

from msgspec import Struct

from headworks.flags.experiments.assignment import shares
from headworks.flags.experiments.measure.metrics import METRICS, Metric, metric_of
from headworks.flags.experiments.measure.moments import Moments
from headworks.flags.experiments.measure.sequences import log_mismatch, one_sided, two_sided
from headworks.flags.experiments.measure.tally import Tally
from headworks.flags.experiments.records import Experiment, Guard

Verdict = Literal["better", "worse", "same", "unsure", "few"]
FEW_USERS = 30
"""Below so many users on either side nothing is worked out: the intervals rest on a limit theorem."""


class Finding(Struct, frozen=True, kw_only=True):
    """One metric of a new variant beside the control's.

    Attributes:
        metric: Its name.
        variant: The new variant.
        control: The control's value; None where it has none yet.
        value: The variant's value.
        difference: `value - control`.
        low: Lower end of the interval of the difference; None where users are too few.
        high: Upper end.
        users: Users who count, of both.
        verdict: `better`, `worse`; `same`: at most `min_effect` apart; `unsure`; `few` users.
    """

    metric: str
    variant: str
    control: float | None
    value: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    users: int = 0
    verdict: Verdict = "few"


class GuardFinding(Struct, frozen=True, kw_only=True):
    """How a guard stands. `beyond` is by how much it is worse than its margin, for sure; over 0 it is hurt.

    `looks_worse`: it is, as far as can be seen, though not for sure.
    """

    metric: str
    variant: str
    margin: float
    control: float | None
    value: float | None
    beyond: float | None
    looks_worse: bool

    @property
    def hurt(self) -> bool:
        """Whether the variant has to go."""
        return self.beyond is not None and self.beyond > 0


def findings(experiment: Experiment, tally: Tally) -> list[Finding]:
    """Every metric of every new variant. Alpha is shared out among the variants, for each metric."""
    alpha = experiment.alpha / (len(experiment.variants) - 1)
    return [
        _compared(experiment, tally, index, metric, alpha)
        for metric in METRICS
        for index in range(1, len(experiment.variants))
    ]


def _compared(experiment: Experiment, tally: Tally, index: int, metric: Metric, alpha: float) -> Finding:
    control, variant = tally.moments(0, metric.name), tally.moments(index, metric.name)
    name = experiment.variants[index].name
    users = control.users + variant.users
    if not enough(control, variant):
        return Finding(
            metric=metric.name, variant=name, control=control.value, value=variant.value, users=users, verdict="few"
        )
    assert control.value is not None
    assert variant.value is not None
    low, high = interval(control, variant, rate=metric.rate, alpha=alpha, planned=experiment.planned_users)
    return Finding(
        metric=metric.name,
        variant=name,
        control=control.value,
        value=variant.value,
        difference=variant.value - control.value,
        low=low,
        high=high,
        users=users,
        verdict=_verdict(experiment, metric, control.value, low, high),
    )


def interval(control: Moments, variant: Moments, *, rate: bool, alpha: float, planned: int) -> tuple[float, float]:
    """Where the true difference of two variants is, at all times together; needs two users of each."""
    difference = variant.y / variant.n - control.y / control.n
    error = (control.variance(rate=rate) + variant.variance(rate=rate)) ** 0.5
    reach = error * two_sided(control.users + variant.users, alpha, planned)
    return difference - reach, difference + reach


def below(control: Moments, variant: Moments, guard: Guard, *, alpha: float, planned: int) -> tuple[float, float]:
    """By how much a variant is worse than the control and the margin: as far as can be seen, and for sure."""
    metric, margin = metric_of(guard.metric), guard.margin
    sign = 1.0 if metric.better == "less" else -1.0
    factor, allowed = (1.0, margin) if metric.rate else (1.0 + sign * margin, 0.0)
    excess = sign * (variant.y / variant.n - factor * control.y / control.n) - allowed
    error = (variant.variance(rate=metric.rate) + factor**2 * control.variance(rate=metric.rate)) ** 0.5
    return excess, excess - error * one_sided(control.users + variant.users, alpha, planned)


def enough(control: Moments, variant: Moments) -> bool:
    """Whether so many users count on either side that intervals hold."""
    return min(control.counted_users, variant.counted_users) >= FEW_USERS


def _verdict(experiment: Experiment, metric: Metric, control: float, low: float, high: float) -> Verdict:
    if low > 0 or high < 0:
        return "better" if (low > 0) == (metric.better == "more") else "worse"
    if experiment.min_effect is None or metric.name != experiment.metric:
        return "unsure"
    smallest = experiment.min_effect if metric.rate else experiment.min_effect * abs(control)
    return "same" if -smallest < low and high < smallest else "unsure"


def guards(experiment: Experiment, tally: Tally) -> list[GuardFinding]:
    """Every guard of every new variant. Alpha is shared out among all of them and the steps of the ramp."""
    new = len(experiment.variants) - 1
    alpha = experiment.alpha / max(1, len(experiment.guards) * new * len(experiment.steps))
    return [
        _guarded(experiment, tally, index, guard, alpha) for guard in experiment.guards for index in range(1, new + 1)
    ]


def _guarded(experiment: Experiment, tally: Tally, index: int, guard: Guard, alpha: float) -> GuardFinding:
    metric = metric_of(guard.metric)
    control, variant = tally.moments(0, metric.name), tally.moments(index, metric.name)
    beyond, looks_worse = None, False
    if enough(control, variant):
        excess, beyond = below(control, variant, guard, alpha=alpha, planned=experiment.planned_users)
        looks_worse = excess > 0
    return GuardFinding(
        metric=guard.metric,
        variant=experiment.variants[index].name,
        margin=guard.margin,
        control=control.value,
        value=variant.value,
        beyond=beyond,
        looks_worse=looks_worse,
    )


def mismatch(experiment: Experiment, tally: Tally) -> float:
    """How much the numbers of users speak against their shares; over log(1000) something is broken."""
    return log_mismatch(tally.users, shares(experiment))
