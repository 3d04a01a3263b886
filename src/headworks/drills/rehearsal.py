"""Hold one drill: start fakes and the gateway, ask while things go wrong, read the records, judge.

Everything that is started is ended on every way out, and everything that is waited for has a limit: the gateway's
start, each call, the records.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import structs

from headworks.config import Config
from headworks.core.clock import SystemClock
from headworks.core.errors import HeadworksError
from headworks.drills.course import Course
from headworks.drills.load.calling import Client, Outcome
from headworks.drills.load.pacing import run_load
from headworks.drills.load.questions import Question, questions, right_answer
from headworks.drills.loading import usual_config
from headworks.drills.records import records_of
from headworks.drills.scenario import Load, Scenario
from headworks.drills.stage.cast import Cast, cast
from headworks.drills.stage.gateway import DrillError, Gateway, running
from headworks.drills.stage.providers import Fakes, listening
from headworks.drills.stage.stand_in import stand_in
from headworks.drills.verdict.checks import Verdict, judge

STRAIGHT_CALLS, STRAIGHT_MS = 9, 1_500.0
"""So many calls of each kind go straight to a fake, as long as that does not take longer than this."""
_WARM_S = 30.0


async def rehearse(scenario: Scenario, config: Config | None, done: Callable[[], None]) -> Verdict:
    """Play a scenario and judge it.

    Args:
        scenario: The scenario.
        config: The gateway's config instead of the scenario's own; its models are chosen anew.
        done: Called when a call is over, for a progress bar.
    """
    began_s = time.monotonic()
    try:
        course = await _course(scenario, config, done)
    except HeadworksError as error:
        return Verdict(
            name=scenario.name,
            title=scenario.title,
            passed=False,
            checks=[],
            figures=None,
            seconds=time.monotonic() - began_s,
            failure=error.message,
        )
    return judge(course, time.monotonic() - began_s)


async def _course(scenario: Scenario, config: Config | None, done: Callable[[], None]) -> Course:
    load = scenario.load if config is None else scenario.load.model_copy(update={"models": ()})
    played = config or scenario.config or usual_config()
    parts = cast(played, load)
    _check_parts(scenario, parts)
    with tempfile.TemporaryDirectory(prefix="headworks-drill-") as folder:
        async with listening(parts.providers, scenario.answer) as fakes:
            values = stand_in(played, fakes.urls, Path(folder) / "data")
            async with running(values, Path(folder)) as gateway:
                return await _Play(scenario, load, parts, fakes, gateway).course(done)


def _check_parts(scenario: Scenario, parts: Cast) -> None:
    for event in scenario.timeline:
        if not parts.named(event.provider):
            raise DrillError(
                f"The timeline names `{event.provider}`, and the config has no such provider for the models "
                f"{', '.join(parts.models)}. Its providers are {', '.join(parts.providers)}."
            )


class _Play:
    """One drill between the gateway's start and its end."""

    def __init__(self, scenario: Scenario, load: Load, parts: Cast, fakes: Fakes, gateway: Gateway) -> None:
        self._scenario = scenario
        self._load = load
        self._cast = parts
        self._fakes = fakes
        self._gateway = gateway

    async def course(self, done: Callable[[], None]) -> Course:
        """Measure, warm up, play, read."""
        straight = await self._straight()
        await self._warm_up()
        self._fakes.forget()
        timeline = self._scenario.timeline
        for event in timeline:
            if event.at_s == 0:
                await self._fakes.apply(event, self._cast, 0.0)
        zero_s, zero_at = SystemClock().monotonic(), SystemClock().now()
        play = asyncio.ensure_future(
            self._fakes.play([event for event in timeline if event.at_s > 0], self._cast, zero_s)
        )
        try:
            asked = questions(self._load, self._cast.models)
            outcomes = await run_load(self._load, asked, self._client(zero_s), self._scenario.answer, done)
        finally:
            await _ended(play)
        return await self._read(outcomes, zero_at, straight)

    async def _read(self, outcomes: list[Outcome], zero_at: float, straight: dict[tuple[str, bool], float]) -> Course:
        wanted = {outcome.trace_id for outcome in outcomes if outcome.trace_id}
        return Course(
            scenario=self._scenario,
            cast=self._cast,
            outcomes=outcomes,
            calls={name: fake.calls for name, fake in self._fakes.by_name.items()},
            happened=self._fakes.happened,
            records=await records_of(self._gateway, wanted),
            zero_at=zero_at,
            straight_ms=straight,
        )

    def _client(self, zero_s: float) -> Client:
        load = self._load
        headers = {"authorization": f"Bearer {self._gateway.key}"}
        if load.feature is not None:
            headers["x-headworks-feature"] = load.feature
        if load.deadline_ms is not None:
            headers["x-headworks-deadline-ms"] = str(load.deadline_ms)
        return Client(
            address=(self._gateway.host, self._gateway.port),
            headers=headers,
            patience_s=load.patience_s,
            deadline_s=None if load.deadline_ms is None else load.deadline_ms / 1000,
            zero_s=zero_s,
        )

    def _kinds(self) -> list[Question]:
        """One question of each kind."""
        load = self._load
        count = len(load.clients) * len(load.stream) * len(self._cast.models)
        return list(questions(load.model_copy(update={"calls": count}), self._cast.models))

    async def _warm_up(self) -> None:
        """One good call of each kind: what a gateway does only at its first calls is no part of what is measured."""
        client = structs.replace(self._client(0.0), patience_s=_WARM_S)
        outcomes = await self._all(client, self._kinds())
        wrong = next((outcome for outcome in outcomes if outcome.kind != "whole"), None)
        if wrong is not None:
            raise DrillError(
                f"The gateway does not answer while nothing is wrong: {wrong.question.client} client, model "
                f"`{wrong.question.model}`: {wrong.kind}. {wrong.why}"
            )

    async def _straight(self) -> dict[tuple[str, bool], float]:
        """What a right answer takes straight from a fake: the median, by client and stream, in milliseconds."""
        address = urlsplit(next(iter(self._fakes.urls.values())))
        client = Client(
            address=(address.hostname or "", address.port or 0),
            headers={"x-fake-recipe": msgspec.json.encode(self._scenario.answer).decode()},
            patience_s=_WARM_S,
        )
        kinds = {(question.client, question.stream): question for question in self._kinds()}
        return {kind: await self._median_ms(client, question) for kind, question in kinds.items()}

    async def _median_ms(self, client: Client, question: Question) -> float:
        """What a call takes at the median of some, made one after the other; the first does not count."""
        taken: list[float] = []
        while len(taken) <= STRAIGHT_CALLS and sum(taken) < STRAIGHT_MS:
            (outcome,) = await self._all(client, [question])
            taken.append((outcome.ended_s - outcome.begun_s) * 1000)
        return statistics.median(taken[1:] or taken)

    async def _all(self, client: Client, asked: Iterable[Question]) -> list[Outcome]:
        answer = self._scenario.answer
        return await asyncio.gather(*(client.ask(one, right_answer(one.text, answer)) for one in asked))


async def _ended(play: asyncio.Future[None]) -> None:
    """End the timeline: what would still happen concerns nobody any more. A fault of its own is raised."""
    play.cancel()
    await asyncio.gather(play, return_exceptions=True)
    if not play.cancelled() and (error := play.exception()) is not None:
        raise error
