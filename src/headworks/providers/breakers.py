"""What Prometheus sees of breakers: a gauge for each provider, model and key, read off when `/metrics` is asked for.

Labels come from the config: what calls to models that it does not name have found out is told as model `other`. Keys
are told by their numbers. All workers know the same of breakers, so whichever is asked tells for all of them.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from headworks.providers.health import Lane, LaneState
from headworks.providers.link import Link

OTHER = "other"
_VALUES = {"half_open": 1, "open": 2, "denied": 2}
"""After a 429 a lane rests, and its breaker is closed."""


def breaker_text(states: Iterable[LaneState], links: Mapping[str, Link], models: Iterable[tuple[str, str]]) -> bytes:
    """The gauge in the Prometheus text format.

    Args:
        states: Every place that is not plainly closed.
        links: The providers.
        models: The models of the config, as (provider, its name there).
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gauge(_values(states, links, models)))
    return generate_latest(registry)


def _values(
    states: Iterable[LaneState], links: Mapping[str, Link], models: Iterable[tuple[str, str]]
) -> dict[Lane, int]:
    """0 closed, 1 half-open, 2 open. What is true of a whole key is true of all that is asked with it."""
    found = {
        Lane(provider, model, key): 0
        for provider, model in models
        if provider in links
        for key in range(len(links[provider].keys) or 1)
    }
    for state in states:
        value = _VALUES.get(state.state, 0)
        for lane in _meant(state, found) if value and state.provider in links else ():
            found[lane] = max(found.get(lane, 0), value)
    return found


def _meant(state: LaneState, known: Collection[Lane]) -> list[Lane]:
    if state.model is None:
        return [lane for lane in known if (lane.provider, lane.key) == (state.provider, state.key)]
    lane = Lane(state.provider, state.model, state.key)
    return [lane if lane in known else lane._replace(model=OTHER)]


class _Gauge(Collector):
    def __init__(self, values: Mapping[Lane, int]) -> None:
        self._values = values

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The one family."""
        family = GaugeMetricFamily(
            "headworks_breaker_state",
            "Whether a model is asked: 0 closed (it is), 1 half-open (one call at a time), 2 open (it is not).",
            labels=["provider", "model", "key"],
        )
        for lane, value in sorted(self._values.items()):
            family.add_metric([lane.provider, lane.model, str(lane.key)], value)
        yield family
