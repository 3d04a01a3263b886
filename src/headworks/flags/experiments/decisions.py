"""What is to be done with a running experiment, as it stands. Pure: one answer for the same figures, on every node."""

import math
from typing import Literal

from msgspec import Struct

from headworks.flags.experiments.measure.findings import Finding, GuardFinding
from headworks.flags.experiments.measure.metrics import metric_of
from headworks.flags.experiments.measure.tally import Recent
from headworks.flags.experiments.records import Experiment
from headworks.flags.experiments.words import amount

MISMATCH = math.log(1_000)
"""Users are parted wrongly: so much does not happen by chance more than once in a thousand experiments."""
HARD_CALLS = 20
HARD_RATE = 0.5
"""Of so many calls of late so many failed: no statistics are waited for."""
_SIDE_CALLS = 5
RAMP_USERS = 10
"""So many users of every variant are seen before a ramp goes on."""


class Standing(Struct, frozen=True, kw_only=True):
    """Everything that is known of the step in force.

    Attributes:
        findings: Of all metrics.
        guards: Of all guards.
        recent: By variant, how the last calls ended.
        users: By variant, how many were seen.
        mismatch: See `findings.mismatch`.
        calls: Calls that count.
        strays: See `tally.Tally`.
        early: See `tally.Tally`.
    """

    findings: list[Finding]
    guards: list[GuardFinding]
    recent: list[Recent]
    users: list[int]
    mismatch: float
    calls: int
    strays: int
    early: int


class Decision(Struct, frozen=True, kw_only=True):
    """What to do, and why in a sentence."""

    kind: Literal["roll_back", "warn", "found", "ramp"]
    why: str
    variant: str = ""
    verdict: str = ""


def decide(experiment: Experiment, standing: Standing, now_s: float) -> Decision | None:
    """The next thing to do; None for nothing. What hurts users comes first."""
    return (
        _failing(experiment, standing)
        or _hurt(standing)
        or _doubtful(experiment, standing)
        or _found(experiment, standing)
        or _onward(experiment, standing, now_s)
    )


def _failing(experiment: Experiment, standing: Standing) -> Decision | None:
    """A variant whose calls fail, and the control's do not. Where both fail, something else is broken."""
    control = standing.recent[0]
    for variant, recent in zip(experiment.variants[1:], standing.recent[1:], strict=True):
        also_fails = control.calls >= _SIDE_CALLS and control.rate >= recent.rate / 2
        if recent.calls >= HARD_CALLS and recent.rate >= HARD_RATE and not also_fails:
            why = f"Of the last {recent.calls} calls of {variant.name} {recent.failed} failed."
            return Decision(kind="roll_back", why=why, variant=variant.name)
    return None


def _hurt(standing: Standing) -> Decision | None:
    for guard in standing.guards:
        if guard.hurt and guard.value is not None and guard.control is not None:
            metric = metric_of(guard.metric)
            why = (
                f"The guard {guard.metric} is hurt: {metric.words} {amount(metric, guard.value)} with {guard.variant}, "
                f"{amount(metric, guard.control)} with the control; {margin_words(guard)} was allowed."
            )
            return Decision(kind="roll_back", why=why, variant=guard.variant)
    return None


def margin_words(guard: GuardFinding) -> str:
    """The margin of a guard, for people."""
    return f"{guard.margin * 100:g} {'points' if metric_of(guard.metric).rate else '%'} worse"


def _doubtful(experiment: Experiment, standing: Standing) -> Decision | None:
    if standing.mismatch <= MISMATCH or experiment.warnings:
        return None
    seen = ", ".join(
        f"{variant.name} {users}" for variant, users in zip(experiment.variants, standing.users, strict=True)
    )
    why = f"Users are not parted as they should be ({seen}): calls of one variant may be missing. Trust no figure."
    return Decision(kind="warn", why=why)


def _found(experiment: Experiment, standing: Standing) -> Decision | None:
    """The first certain thing on a new variant, at the last step: earlier ones are there to see harm."""
    if experiment.warnings or experiment.step + 1 < len(experiment.steps):
        return None
    known = {found.variant for found in experiment.found}
    for finding in standing.findings:
        certain = finding.verdict in {"better", "worse", "same"}
        if finding.metric == experiment.metric and certain and finding.variant not in known:
            why = f"{finding.variant} is {finding.verdict} than the control in {experiment.metric}."
            if finding.verdict == "same":
                why = f"{finding.variant} is as good as the control in {experiment.metric}, as far as it matters."
            return Decision(kind="found", why=why, variant=finding.variant, verdict=finding.verdict)
    return None


def _onward(experiment: Experiment, standing: Standing, now_s: float) -> Decision | None:
    """The next step: after its time, with users of every variant, and no guard that so much as looks worse."""
    following = experiment.step + 1
    if following >= len(experiment.steps) or experiment.warnings or now_s < experiment.since_s + experiment.step_s:
        return None
    if min(standing.users) < RAMP_USERS or any(guard.looks_worse for guard in standing.guards):
        return None
    return Decision(kind="ramp", why=f"Nothing looks worse: on to {experiment.steps[following]:g} %.")
