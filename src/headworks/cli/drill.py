"""`headworks drill`: list scenarios, and rehearse them on the real gateway with fakes in the place of its providers."""

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from headworks.cli.output import AsJson, json_text
from headworks.config import Config, ConfigError
from headworks.core.errors import HeadworksError
from headworks.drills import PARALLEL, Scenario, Verdict, find_scenarios, hold, junit, markdown, read_config, shipped

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop

_DONE, _NOT_MET, _BAD_USAGE, _TERMINATED = 0, 1, 2, 143


def list_scenarios(*, json: AsJson = False) -> int:
    """List the scenarios that are shipped.

    Example: headworks drill list

    Args:
        json: Print JSON for programs.
    """
    found = shipped()
    if json:
        print(json_text([{"name": one.name, "title": one.title, "long": one.long} for one in found]))
        return _DONE
    width = max(len(one.name) for one in found)
    for one in found:
        print(f"{one.name:<{width}}  {one.title}{' Takes minutes; not part of `all`.' if one.long else ''}")
    return _DONE


def run(
    *names: str,
    config: Path | None = None,
    report: Path | None = None,
    parallel: Annotated[int, Parameter(validator=validators.Number(gte=1))] = PARALLEL,
    json: AsJson = False,
) -> int:
    """Rehearse outages: play scenarios on the real gateway and check what must come of them.

    Every provider is a fake on this machine for as long as it takes; nothing is called outside, and no data of a
    running gateway is touched.

    Example: headworks drill run all

    Example: headworks drill run lasting-503 my-outage.yaml --config headworks.yaml --report drills/

    Args:
        names: Shipped scenarios (`headworks drill list`), files of your own, or `all`.
        config: Rehearse this config, with fakes for its providers and a data directory of its own, instead of the
            scenarios' own.
        report: Write drill.md (Markdown) and drill.xml (JUnit) into this folder.
        parallel: So many scenarios at a time, at most.
        json: Print JSON for programs.

    Returns:
        Exit code: 0 when every expectation was met, 1 when not, 2 for a scenario or config that is not right.
    """
    try:
        scenarios = find_scenarios(names, os.environ)
        rehearsed = read_config(config, os.environ) if config else None
    except ConfigError as error:
        _complain(error, as_json=json)
        return _BAD_USAGE
    if report is not None:
        _make(report)
    try:
        verdicts = _held(scenarios, rehearsed, parallel, quiet=json)
    except asyncio.CancelledError:  # told to end; everything that was started is gone
        return _TERMINATED
    if report is not None:
        (report / "drill.md").write_text(markdown(verdicts), encoding="utf-8")
        (report / "drill.xml").write_bytes(junit(verdicts))
    passed = all(verdict.passed for verdict in verdicts)
    if json:
        print(json_text({"passed": passed, "verdicts": verdicts}))
    else:
        _tell(verdicts, report)
    return _DONE if passed else _NOT_MET


def _complain(error: ConfigError, *, as_json: bool) -> None:
    if as_json:
        print(json_text({"error": {"code": error.code, "message": error.message}}))
    else:
        print(error.message, file=sys.stderr)


def _make(folder: Path) -> None:
    """Make the folder of reports before anything runs: a drill's minutes must not be lost to a mistyped name."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HeadworksError(f"{folder} cannot be made: {error.strerror}.") from error


def _held(scenarios: Sequence[Scenario], config: Config | None, parallel: int, *, quiet: bool) -> list[Verdict]:
    console = Console(stderr=True, quiet=quiet, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("calls"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        total = sum(scenario.load.calls for scenario in scenarios)
        bar = progress.add_task(f"0 of {len(scenarios)} drills", total=total)
        over: list[Verdict] = []

        def told(name: str, verdict: Verdict | None) -> None:
            if verdict is None:
                progress.advance(bar)
                return
            over.append(verdict)
            progress.update(bar, description=f"{len(over)} of {len(scenarios)} drills")
            progress.console.print(f"{_state(verdict)}  {name}  {verdict.seconds:.0f} s")

        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(hold(scenarios, config, parallel, told))


def _tell(verdicts: Sequence[Verdict], report: Path | None) -> None:
    """The summary for people: a line for each scenario, and why those failed that did."""
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for heading in ("scenario", "", "whole", "errors", "+p50 ms", "+p99 ms", "calls/answer", "s"):
        table.add_column(heading, no_wrap=heading == "scenario")
    for verdict in verdicts:
        table.add_row(*_row(verdict))
    console.print(table)
    for verdict in verdicts:
        if not verdict.passed:
            console.print(f"\n[bold]{verdict.name}[/bold]: {escape(verdict.title)}")
            console.print("\n".join(_reasons(verdict)), markup=False)
    passed = sum(verdict.passed for verdict in verdicts)
    where = f" Reports are in {report}." if report else ""
    console.print(f"\n{passed} of {len(verdicts)} drills passed.{where}", markup=False)


def _row(verdict: Verdict) -> list[str]:
    found = verdict.figures
    if found is None:
        return [verdict.name, _state(verdict), *("",) * 5, f"{verdict.seconds:.0f}"]
    added = (f"{found.added_latency_ms.p50:.1f}", f"{found.added_latency_ms.p99:.1f}")
    return [
        verdict.name,
        _state(verdict),
        f"{found.whole}/{found.calls}",
        str(found.errors),
        *(added if found.whole else ("", "")),
        "" if found.calls_per_answer is None else f"{found.calls_per_answer:.2f}",
        f"{verdict.seconds:.0f}",
    ]


def _state(verdict: Verdict) -> str:
    if verdict.failure is not None:
        return "[red]not held[/red]"
    return "[green]passed[/green]" if verdict.passed else "[red]failed[/red]"


def _reasons(verdict: Verdict) -> Iterator[str]:
    if verdict.failure is not None:
        yield f"  The drill could not be held: {verdict.failure}"
    for check in verdict.checks:
        if not check.met:
            yield f"  {check.name}: wanted {check.wanted}, found {check.found}"
            yield from (f"    {detail}" for detail in check.details)
