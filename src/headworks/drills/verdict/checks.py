"""Hold the figures of a drill against what its scenario expects."""

from collections.abc import Iterator

from msgspec import Struct

from headworks.drills.course import Course
from headworks.drills.expect import ByRole, Expect, Percentiles
from headworks.drills.load.calling import Outcome
from headworks.drills.verdict.accounts import discrepancies
from headworks.drills.verdict.figures import Figures, Spread, figures

SHOWN = 5
"""So many examples of what went wrong are told."""


class Check(Struct, frozen=True, kw_only=True):
    """One expectation, and what was found. `details` says more where it was not met."""

    name: str
    wanted: str
    found: str
    met: bool
    details: list[str] = []


class Verdict(Struct, frozen=True, kw_only=True):
    """What became of a scenario.

    Attributes:
        name: Of the scenario.
        title: What happened in it.
        passed: Every expectation was met.
        checks: Each expectation.
        figures: What was measured; None when the drill could not be held.
        seconds: How long it took.
        failure: Why the drill could not be held; None when it was.
    """

    name: str
    title: str
    passed: bool
    checks: list[Check]
    figures: Figures | None
    seconds: float
    failure: str | None = None


def judge(course: Course, seconds: float) -> Verdict:
    """Whether a drill met its scenario's expectations."""
    measured = figures(course)
    checks = list(_checks(course, measured))
    return Verdict(
        name=course.scenario.name,
        title=course.scenario.title,
        passed=all(check.met for check in checks),
        checks=checks,
        figures=measured,
        seconds=seconds,
    )


def _checks(course: Course, measured: Figures) -> Iterator[Check]:
    expect = course.scenario.expect
    yield from _answers(course, measured, expect)
    yield from _at_most("latency_s", measured.latency_s, expect.latency_s)
    yield from _at_most("added_latency_ms", measured.added_latency_ms, expect.added_latency_ms)
    yield from _limits(measured, expect)
    if expect.cost == "right":
        wrong = discrepancies(course)
        found = f"{len(wrong)} discrepancies" if wrong else "right"
        yield Check(name="cost", wanted="right", found=found, met=not wrong, details=wrong[:SHOWN])


def _answers(course: Course, measured: Figures, expect: Expect) -> Iterator[Check]:
    """Shares and kinds of answers."""
    calls = measured.calls
    if expect.success_share is not None:
        details = _examples(course, "wrong", "error", "broken", "hung")
        yield _least("success_share", measured.whole / calls, expect.success_share, details)
    if expect.error_share is not None:
        yield _least("error_share", measured.errors / calls, expect.error_share, _examples(course, "whole", "broken"))
    if expect.error_codes is not None:
        others = set(measured.error_codes) - set(expect.error_codes)
        told = ", ".join(f"{code} ({count})" for code, count in measured.error_codes.items()) or "none"
        wanted = ", ".join(expect.error_codes) or "none"
        yield Check(
            name="error_codes",
            wanted=wanted,
            found=told,
            met=not others,
            details=_examples(course, "error") * bool(others),
        )
    yield _most("wrong_answers", measured.wrong, expect.wrong_answers, _examples(course, "wrong"))
    yield _most("broken_answers", measured.broken, expect.broken_answers, _examples(course, "broken"))
    yield _most("hangs", measured.hung, expect.hangs, _examples(course, "hung"))


def _limits(measured: Figures, expect: Expect) -> Iterator[Check]:
    """Calls and times that must stay below a limit, or come up to one."""
    most = (
        ("calls_per_answer", measured.calls_per_answer, expect.calls_per_answer),
        ("attempts", measured.attempts, expect.attempts),
        ("failover_s", measured.failover_s, expect.failover_s),
        ("noticed_s", measured.noticed_s, expect.noticed_s),
        ("return_s", measured.return_s, expect.return_s),
    )
    yield from (_most(name, found, wanted) for name, found, wanted in most if wanted is not None)
    per_ask = expect.calls_per_ask or ByRole()
    if per_ask.home is not None:
        yield _most("calls_per_ask.home", measured.most_home_calls, per_ask.home)
    if per_ask.spare is not None:
        yield _most("calls_per_ask.spare", measured.most_spare_calls, per_ask.spare)
    served = expect.served_by or ByRole()
    if served.home is not None:
        yield _least("served_by.home", measured.home_share or 0.0, served.home)
    if served.spare is not None:
        yield _least("served_by.spare", measured.spare_share or 0.0, served.spare)
    if expect.seams is not None:
        yield _least("seams", measured.seams, expect.seams)


def _at_most(name: str, found: Spread, wanted: Percentiles | None) -> Iterator[Check]:
    for percentile in ("p50", "p95", "p99", "max"):
        limit = getattr(wanted, percentile) if wanted else None
        if limit is not None:
            yield _most(f"{name}.{percentile}", getattr(found, percentile), limit)


def _most(name: str, found: float | None, limit: float, details: list[str] | None = None) -> Check:
    met = found is not None and found <= limit
    told = "never" if found is None else shown(found)
    return Check(name=name, wanted=f"at most {shown(limit)}", found=told, met=met, details=(details or []) * (not met))


def _least(name: str, found: float, limit: float, details: list[str] | None = None) -> Check:
    met = found >= limit
    wanted = f"at least {shown(limit)}"
    return Check(name=name, wanted=wanted, found=shown(found), met=met, details=(details or []) * (not met))


def shown(number: float) -> str:
    """A number for people: no more digits than say something."""
    return f"{number:.4g}" if abs(number) < 1000 else f"{number:.0f}"


def _examples(course: Course, *kinds: str) -> list[str]:
    """The first calls of these kinds, a sentence each."""
    return [_told(outcome) for outcome in course.outcomes if outcome.kind in kinds][:SHOWN]


def _told(outcome: Outcome) -> str:
    question = outcome.question
    how = f"{question.client}, {'stream' if question.stream else 'JSON'}, {question.model}"
    took_s = outcome.ended_s - outcome.begun_s
    return f"Call {question.number} ({how}, {took_s:.1f} s): {outcome.kind}. {outcome.why}".rstrip()
