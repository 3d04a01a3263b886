"""What can be measured: each metric is an amount per call, or per opinion, summed by user before it is worked out."""

from typing import Literal

from msgspec import Struct

from headworks.core.errors import BadAskError
from headworks.flags.experiments.measure.calls import Call


class Metric(Struct, frozen=True, kw_only=True):
    """One thing that is measured.

    Attributes:
        name: As commands have it.
        words: As reports have it.
        better: Whether more or less of it is better.
        rate: True for a share of calls; differences are then points, and else shares of the control's value.
        margin: Of a guard, unless it names one: in points for rates, else as a share.
        unit: How values are shown.
    """

    name: str
    words: str
    better: Literal["more", "less"]
    rate: bool
    margin: float
    unit: Literal["percent", "usd", "seconds", "score"]


METRICS = (
    Metric(name="feedback", words="thumbs up", better="more", rate=True, margin=0.05, unit="percent"),
    Metric(name="judge", words="judge's score", better="more", rate=False, margin=0.05, unit="score"),
    Metric(name="cost", words="cost of a call", better="less", rate=False, margin=0.2, unit="usd"),
    Metric(name="latency", words="time to the whole answer", better="less", rate=False, margin=0.2, unit="seconds"),
    Metric(name="ttft", words="time to the first token", better="less", rate=False, margin=0.2, unit="seconds"),
    Metric(name="errors", words="calls that failed", better="less", rate=True, margin=0.02, unit="percent"),
    Metric(name="refusals", words="calls that were declined", better="less", rate=True, margin=0.02, unit="percent"),
    Metric(name="cache_hits", words="answers from the cache", better="more", rate=True, margin=0.1, unit="percent"),
)
INDEX = {metric.name: index for index, metric in enumerate(METRICS)}


def metric_of(name: str) -> Metric:
    """The metric of this name.

    Raises:
        BadAskError: There is none.
    """
    if name not in INDEX:
        raise BadAskError(f"There is no metric `{name}`. There are: {', '.join(INDEX)}.", param="metric")
    return METRICS[INDEX[name]]


def amounts(call: Call) -> list[tuple[int, float]]:
    """What a call adds: the index of a metric, and the amount. A metric that it says nothing of is left out."""
    found = [
        (INDEX["errors"], float(call.failed)),
        (INDEX["refusals"], float(call.refused)),
        (INDEX["cache_hits"], float(call.cache_hit)),
    ]
    for name, amount in (("cost", call.cost_usd), ("latency", call.latency_s), ("ttft", call.ttft_s)):
        if amount is not None:
            found.append((INDEX[name], amount))
    return found
