"""The fakes of a drill: one for each provider, made to misbehave when the timeline says so."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from msgspec import Struct, structs

from headworks.core.clock import SystemClock
from headworks.drills.scenario import Event
from headworks.drills.stage.cast import Cast
from headworks.drills.stage.stand_in import key_of
from headworks.testing import FakeProvider, Recipe

_MODEST = Recipe()
_CALLS_KEPT = 1_000_000


class Happened(Struct, frozen=True, kw_only=True):
    """An event as it happened: to whom, and when (seconds from the first call)."""

    provider: str
    at_s: float
    harms: bool
    down: bool


class Fakes:
    """The fakes by the names of their providers.

    Args:
        providers: Who is to be stood in for.
        answer: How they answer when nothing is wrong.
    """

    def __init__(self, providers: Iterable[str], answer: Recipe) -> None:
        self._answer = answer
        self.by_name = {
            name: FakeProvider([answer], keep_calls=_CALLS_KEPT, rng=random.Random(name))  # noqa: S311  dice
            for name in providers
        }
        self.happened: list[Happened] = []

    @property
    def urls(self) -> dict[str, str]:
        """Where each listens."""
        return {name: fake.base_url for name, fake in self.by_name.items()}

    def forget(self) -> None:
        """Forget the calls so far."""
        for fake in self.by_name.values():
            fake.forget()

    async def apply(self, event: Event, cast: Cast, at_s: float) -> None:
        """Let an event happen."""
        for name in cast.named(event.provider):
            fake = self.by_name[name]
            if event.down:
                await fake.stop()
            elif event.up:
                fake.recipes(self._answer)
                await fake.start()
            else:
                fake.recipes(*recipes(event, name, self._answer), self._answer)
            self.happened.append(Happened(provider=name, at_s=at_s, harms=event.harms, down=event.down))

    async def play(self, events: Iterable[Event], cast: Cast, zero_s: float) -> None:
        """Let events happen in their time, counted from `zero_s` of the monotonic clock."""
        clock = SystemClock().monotonic
        for event in sorted(events, key=lambda one: one.at_s):
            await asyncio.sleep(zero_s + event.at_s - clock())
            await self.apply(event, cast, clock() - zero_s)


@asynccontextmanager
async def listening(providers: Iterable[str], answer: Recipe) -> AsyncIterator[Fakes]:
    """Fakes that listen for as long as the block lasts."""
    fakes = Fakes(providers, answer)
    try:
        for fake in fakes.by_name.values():
            await fake.start()
        yield fakes
    finally:
        for fake in fakes.by_name.values():
            await fake.stop()


def recipes(event: Event, provider: str, answer: Recipe) -> list[Recipe]:
    """The recipes of an event for one provider: with the usual answer, its share and its key."""
    wanted = [as_usual(recipe, answer) for recipe in event.recipes or ()]
    if event.key is not None:
        wanted = [structs.replace(recipe, for_key=key_of(provider, event.key)) for recipe in wanted]
    if event.share is None:
        return wanted
    part = event.share / len(wanted) if wanted else 0.0
    # They are tried one after the other: each takes its part of what those before it have left.
    return [structs.replace(recipe, probability=min(1.0, part / (1 - part * at))) for at, recipe in enumerate(wanted)]


def as_usual(recipe: Recipe, answer: Recipe) -> Recipe:
    """`recipe`, where it leaves something out, as `answer` has it."""
    usual = structs.asdict(answer)
    kept = structs.asdict(_MODEST)
    given = structs.asdict(recipe)
    return structs.replace(recipe, **{name: usual[name] for name, value in given.items() if value == kept[name]})
