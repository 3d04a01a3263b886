"""Figures for people: amounts and differences in the words of their metric."""

from headworks.flags.experiments.measure.metrics import Metric

_SMALL_USD = 0.01


def amount(metric: Metric, value: float) -> str:
    """`63.1 %`, `$0.0042`, `1.24 s`, `4.12`."""
    if metric.unit == "percent":
        return f"{value * 100:.1f} %"
    if metric.unit == "usd":
        return f"${value:.6f}" if abs(value) < _SMALL_USD else f"${value:.4f}"
    return f"{value:.3g} s" if metric.unit == "seconds" else f"{value:.3g}"


def difference(metric: Metric, value: float, control: float) -> str:
    """`+4.8 points`, or for what is no rate `-12 %` of the control's value."""
    if metric.rate:
        return f"{value * 100:+.1f} points"
    return f"{value / control * 100:+.1f} %" if control else f"{value:+.3g}"
