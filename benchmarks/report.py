"""The table of a benchmark: medians of the rounds, and each figure beside nginx's."""

from collections.abc import Iterable
from statistics import median

from benchmarks.measure import SCENARIOS, Sample
from benchmarks.targets import Target

Row = dict[str, str | float | None]


def rows(samples: Iterable[Sample]) -> list[Row]:
    """One row per scenario and target, each figure the median of its rounds."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.scenario, sample.target), []).append(sample)
    return [_row(scenario, target, group) for (scenario, target), group in groups.items()]


def table(found: list[Row], targets: list[Target], rss_at_start: dict[str, float], rounds: int) -> str:
    """The rows as a Markdown table, with start times and memory below it."""
    lines = [
        "| scenario | target | CPU us | / nginx | calls/s | p50 ms | p99 ms | first byte ms | events/read |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [_line(row, _nginx_cpu(found, row)) for row in found]
    lines += [
        "",
        f"CPU: user and system time of the target's processes, per call; of a stream: per event. {rounds} rounds.",
    ]
    for target in targets:
        if target.pid:
            last = [row["rss_mb"] for row in found if row["target"] == target.name][-1]
            memory = f"resident {rss_at_start[target.name]:.0f} MB after start, {last:.0f} MB at the end"
            lines.append(f"{target.name}: ready in {target.ready_s:.2f} s; {memory}.")
    return "\n".join(lines)


def _row(scenario: str, target: str, group: list[Sample]) -> Row:
    def middle(name: str) -> float | None:
        values = [getattr(sample, name) for sample in group]
        return None if None in values else median(values)

    figures = ("cpu_us", "calls_per_s", "p50_ms", "p99_ms", "first_byte_p50_ms", "events_per_read", "rss_mb")
    return {"scenario": scenario, "target": target, **{name: middle(name) for name in figures}}


def _nginx_cpu(found: list[Row], row: Row) -> float | None:
    for other in found:
        cpu = other["cpu_us"]
        if other["scenario"] == row["scenario"] and other["target"] == "nginx" and isinstance(cpu, float):
            return cpu
    return None


def _line(row: Row, nginx_cpu: float | None) -> str:
    cpu = row["cpu_us"]
    ratio = f"{cpu / nginx_cpu:.1f}" if isinstance(cpu, float) and nginx_cpu else ""
    streamed = SCENARIOS[str(row["scenario"])].body == "stream"
    cells = [
        str(row["scenario"]),
        str(row["target"]),
        f"{cpu:.1f}" if isinstance(cpu, float) else "",
        ratio,
        f"{row['calls_per_s']:.0f}",
        f"{row['p50_ms']:.1f}",
        f"{row['p99_ms']:.1f}",
        f"{row['first_byte_p50_ms']:.1f}",
        f"{row['events_per_read']:.1f}" if streamed else "",
    ]
    return "| " + " | ".join(cells) + " |"
