"""What is known of providers over many calls, kept across reloads of the config."""

import itertools
import random
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from headworks.core.clock import Clock
from headworks.providers.health import Board, Health, Latencies, Limiter, LimiterSettings, RetryThrottle
from headworks.providers.link import Link
from headworks.providers.pursuit.tools import Standing


class Standings:
    """Outlives every config.

    Args:
        clock: Source of time.
        board: What workers share.

    Attributes:
        health: Which lane may be asked.
        latencies: How long providers take to begin.
        rng: Dice for back-off.
        no_prefill: Models that were seen to refuse a final assistant turn.
    """

    def __init__(self, clock: Clock, board: Board) -> None:
        self.health = Health(clock, board)
        self.latencies = Latencies()
        self.rng = random.Random()  # noqa: S311  dice, not secrets
        self.no_prefill: set[tuple[str, str]] = set()
        self._clock = clock
        self._known: dict[tuple[str, int], Standing] = {}

    def of(self, links: Mapping[str, Link]) -> dict[str, Standing]:
        """The standing of each provider; the same object for as long as its limit stays the same."""
        return {name: self._standing(link) for name, link in links.items()}

    def turns(self, links: Mapping[str, Link]) -> dict[str, Iterator[int]]:
        """For each provider whose key is next, endlessly."""
        return {name: itertools.cycle(range(len(link.keys) or 1)) for name, link in links.items()}

    def keys_changed(self, before: Mapping[str, Link], now: Mapping[str, Link]) -> None:
        """A config has taken another's place: what was found of a key does not hold for the one in its place."""
        for name, link in now.items():
            old = before[name].keys if name in before else ()
            for number, key in enumerate(link.keys):
                if number >= len(old) or old[number] != key:
                    self.health.key_replaced(name, number)

    def report(self, links: Mapping[str, Link]) -> dict[str, Any]:
        """How the providers do, as plain JSON: `lanes` not open to all calls, `providers` with their limits."""
        limiters = {name: standing.limiter for name, standing in self.of(links).items()}
        return {
            "lanes": [msgspec.to_builtins(state) for state in self.health.states()],
            "providers": [
                {"provider": name, "limit": limiter.limit, "inside": limiter.inside, "waiting": limiter.waiting}
                for name, limiter in limiters.items()
            ],
        }

    def _standing(self, link: Link) -> Standing:
        key = (link.name, link.most_calls)
        if key not in self._known:
            limiter = Limiter(link.name, self._clock, LimiterSettings(most=link.most_calls))
            self._known[key] = Standing(limiter, RetryThrottle())
        return self._known[key]
