"""How much of the budgets of the config is used, as a metric. Those of each user or key are too many."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from headworks.budgets.accounts.protocol import Balance
from headworks.budgets.holds.scopes import Counted

_LABELS = ["scope", "name", "unit", "window"]


def used_text(seen: Mapping[Counted, Balance]) -> bytes:
    """The gauge in the Prometheus text format; nothing where there are no budgets."""
    if not seen:
        return b""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gauge(seen))
    return generate_latest(registry)


class _Gauge(Collector):
    def __init__(self, seen: Mapping[Counted, Balance]) -> None:
        self._seen = seen

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The one family. Of several limits for the same account the tightest is told."""
        family = GaugeMetricFamily(
            "headworks_budget_used_ratio", "Spent and reserved, of a budget of the config.", labels=_LABELS
        )
        used: dict[tuple[str, ...], float] = {}
        for one, balance in self._seen.items():
            labels: tuple[str, ...] = (one.scope, one.name, one.limit.unit, one.limit.window)
            share = (balance.spent + balance.reserved) / one.limit.most if one.limit.most else 1.0
            used[labels] = max(share, used.get(labels, 0.0))
        for labels, share in sorted(used.items()):
            family.add_metric(labels, share)
        yield family
