"""Verdicts as a Markdown page: an overview, then each scenario with its expectations and figures."""

from collections.abc import Iterator, Sequence

from headworks.drills.verdict.checks import Verdict, shown
from headworks.drills.verdict.figures import Figures, Spread


def markdown(verdicts: Sequence[Verdict]) -> str:
    """The page."""
    passed = sum(verdict.passed for verdict in verdicts)
    lines = ["# Drills", "", f"{passed} of {len(verdicts)} passed.", "", *_overview(verdicts)]
    for verdict in verdicts:
        lines += ["", *_scenario(verdict)]
    return "\n".join(lines) + "\n"


def _overview(verdicts: Sequence[Verdict]) -> Iterator[str]:
    yield "| scenario | | whole answers | errors | added p50 / p99 (ms) | calls per answer | seconds |"
    yield "|---|---|---|---|---|---|---|"
    for verdict in verdicts:
        state = "passed" if verdict.passed else "**not met**" if verdict.failure is None else "**not held**"
        found = verdict.figures
        cells = [verdict.name, state, *(_cells(found) if found else ["", "", "", ""]), f"{verdict.seconds:.0f}"]
        yield f"| {' | '.join(cells)} |"


def _cells(found: Figures) -> list[str]:
    added = found.added_latency_ms
    return [
        f"{found.whole} of {found.calls}",
        str(found.errors),
        f"{shown(added.p50)} / {shown(added.p99)}" if found.whole else "-",
        "-" if found.calls_per_answer is None else shown(found.calls_per_answer),
    ]


def _scenario(verdict: Verdict) -> Iterator[str]:
    yield f"## {verdict.name}"
    yield ""
    yield verdict.title if verdict.title.endswith((".", "?")) else f"{verdict.title}."
    if verdict.failure is not None:
        yield f"\nThe drill could not be held: {_cell(verdict.failure)}"
        return
    yield from ("", "| expectation | wanted | found | |", "|---|---|---|---|")
    for check in verdict.checks:
        cells = [check.name, _cell(check.wanted), _cell(check.found), "met" if check.met else "**not met**"]
        yield f"| {' | '.join(cells)} |"
    details = [detail for check in verdict.checks if not check.met for detail in check.details]
    yield from ("",) * bool(details)
    yield from (f"* {_cell(detail)}" for detail in details)
    if verdict.figures is not None:
        yield from ("", "| figure | |", "|---|---|")
        yield from (f"| {name} | {value} |" for name, value in rows(verdict.figures))


def rows(found: Figures) -> Iterator[tuple[str, str]]:
    """Every figure that says something, for people."""
    for name in found.__struct_fields__:
        value = getattr(found, name)
        if isinstance(value, Spread):
            if found.whole:
                yield (
                    name,
                    f"p50 {shown(value.p50)}, p95 {shown(value.p95)}, p99 {shown(value.p99)}, max {shown(value.max)}",
                )
        elif isinstance(value, dict):
            if value:
                yield name, ", ".join(f"{key} {count}" for key, count in value.items())
        elif value is not None:
            yield name, shown(value)


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")
