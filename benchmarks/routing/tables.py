"""The figures as tables for people, in Markdown."""

from collections.abc import Iterator
from typing import Any


def tables(figures: dict[str, Any]) -> str:
    """All tables."""
    return "\n".join(_lines(figures))


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    yield "| microseconds of CPU | |\n|---|---|"
    yield from (f"| {name} | {value:.0f} |" for name, value in figures["costs"].items())
    for name in ("types, rows of known sources", "types, sources never seen"):
        if name in figures:
            yield from _types(name, figures[name])
    yield f"\nDifficulty: AUC {figures['difficulty']['auc']:.3f}, calibration error {figures['difficulty']['ece']:.3f}"
    for name in ("within subjects", "whole subjects"):
        yield from _curves(name, figures[name])
    yield f"\nMixed workload, {figures['mixed']['prompts']} prompts, 95% of the strong model's quality aimed at:"
    for name in ("strong_share", "quality_of_strong", "cost_factor"):
        yield f"* {name}: {_interval(figures['mixed'][name])}"
    yield f"* read off the curve: {', '.join(f'{one:.3f}' for one in figures['mixed']['read_off_the_curve'])}"
    for model, steps in figures["bounds"].items():
        yield f"\n| {model}: lower bound | good answers | prompts |\n|---|---|---|"
        yield from (f"| {lower:.3f} | {good:.3f} | {count} |" for lower, good, count in steps)


def _types(name: str, types: dict[str, Any]) -> Iterator[str]:
    yield f"\n{name}: macro {types['macro']:.3f}, accuracy {types['accuracy']:.3f}, ECE {types['ece']:.3f};"
    yield f"abstained {types['abstained']:.3f}, right after abstaining {types['right_after_abstaining']:.3f}"
    yield "\n| source (type) | right | prompts |\n|---|---|---|"
    yield from (f"| {name} | {share:.3f} | {count} |" for name, (share, count) in types["by_source"].items())
    yield from (f"| all of `{name}` | {share:.3f} | |" for name, share in types["by_type"].items())
    yield f"\nConfused: {', '.join(f'{name} {count}' for name, count in types['confused'].items())}"


def _curves(name: str, found: dict[str, Any]) -> Iterator[str]:
    yield f"\n{name}: {found['prompts']} prompts, cheap {found['cheap']:.3f}, strong {found['strong']:.3f}\n"
    yield "| router | APGR | CPT50 | CPT80 | CPT95 |\n|---|---|---|---|---|"
    for router, one in found["routers"].items():
        yield f"| {router} | {' | '.join(map(_interval, (one['apgr'], *one['cpt'])))} |"
    yield from (f"* {router}: {said}" for router, said in found["live"].items())


def _interval(one: tuple[float, float, float]) -> str:
    return f"{one[0]:.3f} ({one[1]:.3f} to {one[2]:.3f})"
