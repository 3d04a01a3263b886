"""What every pursued call shares: the links of one config, and what outlives the config."""

import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct

from headworks.core.clock import Clock
from headworks.core.messages import Ask, Target
from headworks.core.policy import Patience
from headworks.core.prefix import Prefix, Prefixes
from headworks.dialects.protocols import AskEditor, ProviderDialect
from headworks.providers.faults import GameDay
from headworks.providers.health import Admission, Health, Lane, Latencies, Limiter, RetryThrottle
from headworks.providers.link import Link
from headworks.providers.outbound.http import Outbound


class Launcher(Protocol):
    """Something that must run before a provider can be called: the local model."""

    @property
    def key(self) -> str:
        """The key its server wants."""

    async def base_url(self) -> str:
        """Where it listens; starts it first if need be.

        Raises:
            ProviderError: It is not installed or does not start.
        """


class Standing(Struct, frozen=True):
    """What is known of one provider over many calls: how many it takes at once, and whether retries help."""

    limiter: Limiter
    throttle: RetryThrottle


class Road(Struct, frozen=True):
    """The way to one model at one provider, worked out once.

    Attributes:
        link: The provider.
        standing: What is known of it.
        lanes: One for each of its keys.
        turns: Whose key is next, endlessly; shared by all models of the provider.
        patience: Time-outs worked out for a latency pattern, by its identity: it lives as long as the config.
        heads: Request lines and headers written before, by key, path and headers of the request.
    """

    link: Link
    standing: Standing
    lanes: tuple[Lane, ...]
    turns: Iterator[int]
    patience: dict[int, Patience] = {}
    heads: dict[tuple[object, ...], bytes] = {}


MOST_ROADS = 10_000
"""Clients may make model names up: beyond so many, all are worked out anew."""


class Tools(Struct, frozen=True, kw_only=True):
    """What calls share.

    Attributes:
        links: Every configured provider by name.
        dialects: Every provider dialect by name.
        editors: How to change an ask, by the client's dialect.
        outbound: The way out; outlives a reload of the config, as do the next four.
        launchers: Providers that are started on first use, by name.
        health: Which provider x model x key may be called now.
        standings: By provider name.
        turns: For each provider whose key is next, endlessly.
        latencies: First-byte times of late.
        count: Counts the tokens of an ask offline, for providers that cannot.
        context_tokens: How many tokens a model takes; None when nobody knows.
        no_prefill: Models (provider and its name for them) that were seen to refuse a final assistant turn.
        faults: What a game day injects; None where none may.
        prefixes: Knows what providers keep of prompts; None where nobody does.
        clock: For the time of attempts.
        rng: Dice for back-off.
        roads: The ways to models called before.
    """

    links: Mapping[str, Link]
    dialects: Mapping[str, ProviderDialect]
    editors: Mapping[str, AskEditor]
    outbound: Outbound
    launchers: Mapping[str, Launcher]
    health: Health
    standings: Mapping[str, Standing]
    turns: Mapping[str, Iterator[int]]
    latencies: Latencies
    count: Callable[[Target, Ask], Awaitable[int]]
    context_tokens: Callable[[Target], int | None]
    clock: Clock
    rng: random.Random
    no_prefill: set[tuple[str, str]]
    faults: GameDay | None = None
    prefixes: Prefixes | None = None
    roads: dict[tuple[str, str], Road] = {}

    def road(self, target: Target) -> Road:
        """The way to a target."""
        name = (target.provider, target.provider_model)
        road = self.roads.get(name)
        if road is None:
            if len(self.roads) >= MOST_ROADS:
                self.roads.clear()
            link = self.links[target.provider]
            lanes = tuple(Lane(*name, key) for key in range(len(link.keys) or 1))
            road = Road(link, self.standings[link.name], lanes, self.turns[link.name])
            self.roads[name] = road
        return road


class Choice(Struct, frozen=True):
    """Whom to call: a target of the route (by its place), over which of its provider's keys, admitted by its breaker.

    `waits` says that the provider is busy: its limiter has to be entered first. `prefix` knows what is to be said of
    the beginning of the prompt; None for nothing.
    """

    place: int
    target: Target
    road: Road
    admission: Admission
    waits: bool = False
    prefix: Prefix | None = None

    @property
    def link(self) -> Link:
        """Its provider."""
        return self.road.link
