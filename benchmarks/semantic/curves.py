"""The figures as pictures."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

from benchmarks.semantic.measures import Row

mpl.use("svg")
mpl.rcParams.update({"svg.hashsalt": "headworks", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})

_NAMES = {"none": "no guards", "sure": "guards", "all": "all guards"}
_COLOURS = {"none": "tab:red", "sure": "tab:blue", "all": "tab:cyan"}


def draw(result: Row, folder: Path) -> None:
    """Write the pictures."""
    _hits(result, folder / "semantic-hits.svg")
    _kept(result, folder / "semantic-error.svg")
    _course(result, folder / "semantic-course.svg")


def _hits(result: Row, file: Path) -> None:
    """Hit rate over error: thresholds as lines, rules as points."""
    figure, axes = plt.subplots(figsize=(6.4, 4))
    for guards, rows in result["fixed"].items():
        shown = [row for row in rows if row["error"] <= 0.07]
        axes.plot(
            [100 * row["error"] for row in shown],
            [100 * row["hits"] for row in shown],
            color=_COLOURS[guards],
            linewidth=1,
            label=f"fixed threshold, {_NAMES[guards]}",
        )
    for key, sign, name in (("ours", "o", "this rule"), ("vcache", "x", "vCache")):
        rows = result[key]["sure"]
        axes.plot(
            [100 * row["error"] for row in rows],
            [100 * row["hits"] for row in rows],
            sign + "-",
            color="black" if key == "ours" else "tab:grey",
            label=f"{name}, guards",
        )
    axes.axhline(100 * result["oracle"]["hits"], color="tab:green", linestyle=":", label="all meanings known")
    axes.set(
        xlabel="wrong answers, % of all calls", ylabel="semantic hits, % of all calls", xlim=(0, 6), ylim=(0, None)
    )
    axes.legend(fontsize=7)
    _save(figure, file)


def _kept(result: Row, file: Path) -> None:
    """Error measured over error asked for."""
    figure, axes = plt.subplots(figsize=(4.4, 4))
    for guards, rows in result["ours"].items():
        asked = [100 * row["max_error"] for row in rows]
        error = [100 * row["error"] for row in rows]
        upper = [100 * (row["error_upper"] - row["error"]) for row in rows]
        axes.errorbar(asked, error, [[0.0] * len(upper), upper], fmt="o-", color=_COLOURS[guards], label=_NAMES[guards])
    axes.plot([0.3, 7], [0.3, 7], color="black", linewidth=0.8, label="asked")
    axes.set(
        xscale="log", yscale="log", xlabel="error asked for, % of all calls", ylabel="measured, with upper 95% bound"
    )
    ticks = [0.5, 1, 2, 5]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.legend(fontsize=7)
    _save(figure, file)


def _course(result: Row, file: Path) -> None:
    """Error and hits so far, along the first stream."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(6.4, 4.4), sharex=True)
    for row in result["ours"]["sure"]:
        course = [mark for mark in row["course"] if mark[0]]
        calls = [mark[0] for mark in course]
        above.plot(calls, [100 * hits / number for number, hits, _ in course], label=f"{row['max_error']:.1%}")
        below.plot(calls, [wrong / number / row["max_error"] for number, _, wrong in course])
    below.axhline(1, color="black", linewidth=0.8)
    above.set(ylabel="hits so far, %")
    below.set(xlabel="calls", ylabel="error so far / asked", ylim=(0, 1.2))
    above.legend(fontsize=7, title="asked")
    _save(figure, file)


def _save(figure: plt.Figure, file: Path) -> None:
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
