"""What came of an experiment, for people who decide: what was tried, what changed, how sure that is, what to do."""

from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.clock import rfc3339
from headworks.flags.experiments.decisions import Standing
from headworks.flags.experiments.measure.findings import FEW_USERS, Finding, GuardFinding
from headworks.flags.experiments.measure.metrics import metric_of
from headworks.flags.experiments.records import Experiment, Release, Variant
from headworks.flags.experiments.words import amount, difference

_NOTABLE = 0.01


class Report(Struct, frozen=True, kw_only=True):
    """One experiment as it stands, or stood at its end.

    Attributes:
        experiment: Its name.
        feature: Its feature.
        state: `running`, `stopped`, `rolled_back`, `promoted`.
        headline: The outcome, in a sentence.
        advice: What to do, in a sentence.
        tried: What each variant is, by name.
        users: Users seen at this step, by variant.
        calls: Their calls.
        percent: Step of the ramp.
        planned_users: Users it was planned for.
        confidence: How often the intervals hold, all the time together.
        findings: Every metric of every new variant.
        guards: How the guards stand.
        warnings: What makes the figures doubtful.
        made_at: When, RFC 3339.
        started_at: When the experiment began, RFC 3339.
        ended_at: When it was over, RFC 3339.
    """

    experiment: str
    feature: str
    state: str
    headline: str
    advice: str
    tried: dict[str, str]
    users: dict[str, int]
    calls: int
    percent: float
    metric: str
    planned_users: int
    confidence: float
    findings: list[Finding]
    guards: list[GuardFinding]
    warnings: list[str]
    made_at: str
    started_at: str
    ended_at: str | None = None


def report_of(experiment: Experiment, standing: Standing | None, now_s: float) -> Report:
    """The report. Without a standing, what was kept when the experiment ended, as far as it was."""
    kept = _kept(experiment.result) if standing is None else None
    found = standing.findings if standing else kept.findings if kept else []
    names = [variant.name for variant in experiment.variants]
    headline, advice = _outcome(experiment, found)
    return Report(
        experiment=experiment.name,
        feature=experiment.feature,
        state=experiment.state,
        headline=headline,
        advice=advice,
        tried={variant.name: _tried(variant) for variant in experiment.variants},
        users=dict(zip(names, standing.users, strict=True)) if standing else kept.users if kept else {},
        calls=standing.calls if standing else kept.calls if kept else 0,
        percent=experiment.steps[experiment.step],
        metric=experiment.metric,
        planned_users=experiment.planned_users,
        confidence=1 - experiment.alpha,
        findings=found,
        guards=standing.guards if standing else kept.guards if kept else [],
        warnings=_warnings(experiment, standing) if standing else kept.warnings if kept else list(experiment.warnings),
        made_at=rfc3339(now_s) if standing or not kept else kept.made_at,
        started_at=rfc3339(experiment.started_s),
        ended_at=None if experiment.ended_s is None else rfc3339(experiment.ended_s),
    )


def text_of(report: Report) -> str:
    """The report as text."""
    lines = [f"{report.experiment} on {report.feature}: {report.headline}", f"What to do: {report.advice}", ""]
    lines += [f"  {warning}" for warning in report.warnings] + ([""] if report.warnings else [])
    lines.append(f"Tried since {report.started_at}" + (f", until {report.ended_at}:" if report.ended_at else ":"))
    for name, words in report.tried.items():
        lines.append(f"  {name}: {words}; {report.users.get(name, 0):,} users")
    lines += ["", f"What changed ({report.calls:,} calls, {report.percent:g} % of the ramp):"]
    lines += [f"  {_line(finding)}" for finding in sorted(report.findings, key=lambda one: one.metric != report.metric)]
    if report.guards:
        lines += ["", "Guards:", *(f"  {_guard_line(guard)}" for guard in report.guards)]
    sure = f"{report.confidence * 100:g}"
    lines += [
        "",
        f"How sure: for each metric the ranges hold with {sure} % certainty, however often one looks.",
        "They count users, not calls.",
    ]
    return "\n".join(lines)


def _kept(result: dict[str, Any] | None) -> Report | None:
    try:
        return msgspec.convert(result, Report)
    except msgspec.ValidationError:
        return None


def _tried(variant: Variant) -> str:
    release = variant.release
    if release == Release():
        return "as the config says"
    settings = [(name, getattr(release, name)) for name in ("model", "prompt", "safety")]
    settings += [(name, value) for name, value in release.parameters.items()]
    settings += [(f"retrieval {name}", value) for name, value in release.retrieval.items()]
    return ", ".join(f"{name} {value}" for name, value in settings if value is not None)


def _outcome(experiment: Experiment, found: list[Finding]) -> tuple[str, str]:
    """The headline and the advice."""
    if experiment.state == "rolled_back":
        return f"rolled back. {experiment.ended}", "Nothing at once: all users get what they had. Find out why."
    if experiment.state == "promoted":
        config = "Write it into the config, then `headworks experiments stop --to-config`."
        return f"{experiment.winner} was promoted and answers all users.", config
    if experiment.state == "stopped":
        return f"stopped. {experiment.ended}", "Nothing: all users get what they had. Start another when you like."
    if experiment.warnings:
        return "do not trust these figures.", "Find out why users are parted wrongly, then start again."
    if experiment.step + 1 < len(experiment.steps):
        return "the ramp is on its way up.", "Wait: figures count once it is up. Guards are watched meanwhile."
    return _leading(experiment, [finding for finding in found if finding.metric == experiment.metric])


def _leading(experiment: Experiment, found: list[Finding]) -> tuple[str, str]:
    words = metric_of(experiment.metric).words
    verdicts: dict[str, str] = {finding.variant: finding.verdict for finding in found}
    verdicts |= {one.variant: one.verdict for one in experiment.found}  # what was certain once stays found
    better = [name for name, verdict in verdicts.items() if verdict == "better"]
    if better:
        best = max((one for one in found if one.variant in better), key=_gain)
        return f"{best.variant} is better: {_line(best)}", f"Promote {best.variant}, if the guards are well."
    if verdicts and all(verdict == "worse" for verdict in verdicts.values()):
        return f"the new variants are worse in {words}.", "Stop it."
    if verdicts and all(verdict in {"worse", "same"} for verdict in verdicts.values()):
        return f"no difference that matters in {words}.", "Stop it, or promote what is cheaper or faster."
    users = max((finding.users for finding in found), default=0)
    if any(finding.verdict == "few" for finding in found):
        return f"too few users yet for {words}.", f"Wait for {FEW_USERS} users with a value on each side, at the least."
    if users >= experiment.planned_users:
        return f"no difference is certain in {words}.", "Stop it: it has seen the users it was planned for."
    return (
        f"nothing is certain yet in {words}.",
        f"Wait: {users:,} of the {experiment.planned_users:,} users it was planned for.",
    )


def _gain(finding: Finding) -> float:
    sign = 1 if metric_of(finding.metric).better == "more" else -1
    return sign * (finding.difference or 0.0)


def _line(finding: Finding) -> str:
    metric = metric_of(finding.metric)
    if finding.value is None or finding.control is None:
        return f"{metric.words}, {finding.variant}: nothing is known."
    values = f"{metric.words} {amount(metric, finding.value)} instead of {amount(metric, finding.control)}"
    if finding.difference is None or finding.low is None or finding.high is None:
        return f"{values}, {finding.variant}: too few users ({finding.users:,})."
    change = difference(metric, finding.difference, finding.control)
    sure = {"better": "better, for sure", "worse": "worse, for sure", "same": "no difference that matters"}
    verdict = sure.get(finding.verdict, "not certain")
    low, high = (difference(metric, end, finding.control) for end in (finding.low, finding.high))
    return f"{values}, {finding.variant}: {change} (between {low} and {high}), {verdict}; {finding.users:,} users."


def _guard_line(guard: GuardFinding) -> str:
    metric = metric_of(guard.metric)
    allowed = f"{guard.margin * 100:g} {'points' if metric.rate else '%'} worse allowed"
    if guard.hurt:
        state = "hurt"
    elif guard.beyond is None:
        state = "too few users"
    else:
        state = "looks worse, not certain" if guard.looks_worse else "well"
    return f"{guard.metric}, {guard.variant}: {state} ({allowed})"


def _warnings(experiment: Experiment, standing: Standing) -> list[str]:
    found = list(experiment.warnings)
    seen = standing.calls + standing.strays + standing.early
    if standing.strays > _NOTABLE * seen:
        found.append(
            f"{standing.strays:,} of {seen:,} calls were answered by another variant than their user's: not counted."
        )
    if standing.early > _NOTABLE * seen:
        found.append(
            f"{standing.early:,} of {seen:,} calls arrived before this step began: not counted. Are the clocks right?"
        )
    return found
