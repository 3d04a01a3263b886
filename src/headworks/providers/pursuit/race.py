"""Hedging: when the first model takes longer to begin than it usually does, a second one is started beside it.

The first to speak wins and the other is cancelled. Both are on the record and priced: a provider whose answer nobody
waited for has read the prompt, and bills it. Source: Dean and Barroso, The Tail at Scale (2013), hedged requests.
"""

import asyncio
from typing import Protocol

from headworks.core.errors import ProviderError
from headworks.core.protocols import OpenTrace
from headworks.core.replies import Chunk
from headworks.providers.pursuit.attempt import Attempt, Outcome
from headworks.providers.pursuit.course import Course
from headworks.providers.pursuit.plans import Plan
from headworks.providers.pursuit.tools import Choice, Tools

_Runners = dict[asyncio.Task[list[Chunk]], Attempt]


class Starter(Protocol):
    """Who starts attempts, and learns from them: the pursuer."""

    tools: Tools
    course: Course
    trace: OpenTrace

    def prepare(self, choice: Choice, plan: Plan) -> Attempt | None:
        """An attempt that is ready to be sent."""

    def succeeded(self, attempt: Attempt) -> None:
        """Its answer has begun."""

    def drop(self, attempt: Attempt, outcome: Outcome) -> None:
        """Let go of it."""


async def race(pursuer: Starter, first: Attempt, plan: Plan) -> tuple[Attempt, list[Chunk]]:
    """Send `first`, and another after the usual time of its model; the one that begins first, with its first chunks.

    Raises:
        ProviderError: Both failed, or the only one did; the error of `first`, which is left to the caller to note.
    """
    runners: _Runners = {}
    try:
        _start(pursuer, runners, first)
        done, _ = await asyncio.wait(runners, timeout=_usual_s(pursuer, first))
        if not done:
            second = _second(pursuer, first, plan)
            if second is not None:
                _start(pursuer, runners, second)
        return await _first_to_speak(pursuer, runners, first)
    finally:
        _cancel(pursuer, runners)


def _usual_s(pursuer: Starter, attempt: Attempt) -> float:
    known_s = pursuer.tools.latencies.p95_s(attempt.choice.link.name, attempt.pace_name)
    return attempt.patience.first_byte_s / 2 if known_s is None else known_s


def _second(pursuer: Starter, first: Attempt, plan: Plan) -> Attempt | None:
    choice = pursuer.course.beside(first.choice)
    return pursuer.prepare(choice, plan) if choice is not None else None


def _start(pursuer: Starter, runners: _Runners, attempt: Attempt) -> None:
    pursuer.course.calls += 1
    task = asyncio.ensure_future(attempt.begin())
    task.add_done_callback(_heed)
    runners[task] = attempt


def _heed(task: asyncio.Task[list[Chunk]]) -> None:
    """A loser may fail when nobody looks any more."""
    if not task.cancelled():
        task.exception()


async def _first_to_speak(pursuer: Starter, runners: _Runners, first: Attempt) -> tuple[Attempt, list[Chunk]]:
    failure: ProviderError | None = None
    while runners:
        done, _ = await asyncio.wait(runners, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            attempt = runners.pop(task)
            try:
                held = task.result()
            except ProviderError as error:
                if attempt is first:
                    failure = error
                else:
                    _failed(pursuer, attempt, error)
            else:
                attempt.adopt()
                if failure is not None:
                    _failed(pursuer, first, failure)
                pursuer.trace.attempt(attempt.choice.target, attempt.started_s)
                pursuer.succeeded(attempt)
                return attempt, held
    pursuer.trace.attempt(first.choice.target, first.started_s)
    assert failure is not None, "the first runner was always there"
    raise failure


def _failed(pursuer: Starter, attempt: Attempt, error: ProviderError) -> None:
    pursuer.trace.beside(attempt.choice.target, attempt.started_s, error)
    pursuer.drop(attempt, "failed")
    pursuer.course.failed(attempt.choice, error)


def _cancel(pursuer: Starter, runners: _Runners) -> None:
    """End who has lost, or, when the whole call was cancelled, everybody."""
    for task, attempt in runners.items():
        task.cancel()
        pursuer.trace.beside(attempt.choice.target, attempt.started_s, None)
        pursuer.tools.health.released(attempt.choice.admission)
        attempt.close("none")
