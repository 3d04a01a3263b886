"""Hedging: when the first model takes longer to begin than it usually does, a second one is started beside it.

The first to speak wins and the other is cancelled. Both are on the record and priced: a provider whose answer nobody
waited for has read the prompt, and bills it. Source: Dean and Barroso, The Tail at Scale (2013), hedged requests.
"""

import asyncio
from typing import Protocol

from headworks.core.errors import ProviderError, RefusedError, StoreError
from headworks.core.protocols import OpenTrace
from headworks.core.replies import Chunk, Usage
from headworks.providers.pursuit.attempt import Attempt
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

    async def cover(self, attempt: Attempt, beside: Attempt | None = None) -> None:
        """See that an attempt more is paid for, or let it go; raises RefusedError and StoreError."""

    def succeeded(self, attempt: Attempt) -> None:
        """Its answer has begun."""

    def note_lost(self, attempt: Attempt, error: ProviderError) -> Usage | None:
        """It has failed."""

    async def mend(self, attempt: Attempt, error: ProviderError, plan: Plan) -> None:
        """Mend the ask after it failed so."""


async def race(pursuer: Starter, first: Attempt, plan: Plan) -> tuple[Attempt, list[Chunk]] | None:
    """Send `first`, and another after the usual time of its model; the one that begins first, with its first chunks.

    Returns:
        None when both failed, or the only one did.
    """
    runners: _Runners = {}
    try:
        _start(pursuer, runners, first)
        done, _ = await asyncio.wait(runners, timeout=_usual_s(pursuer, first))
        if not done:
            second = await _second(pursuer, first, plan)
            if second is not None and any(task.done() for task in runners):  # while it was seen to be paid for
                pursuer.tools.health.released(second.choice.admission)
                second.close("none")
            elif second is not None:
                _start(pursuer, runners, second)
        return await _first_to_speak(pursuer, runners, plan)
    except asyncio.CancelledError:
        _end_with_call(pursuer, runners)
        raise
    finally:
        for task, attempt in runners.items():
            pursuer.trace.beside(attempt.choice.target, attempt.started_s, None)
            _end(pursuer, task, attempt)


def _usual_s(pursuer: Starter, attempt: Attempt) -> float:
    known_s = pursuer.tools.latencies.p95_s(attempt.choice.link.name, attempt.pace_name)
    return attempt.patience.first_byte_s / 2 if known_s is None else known_s


async def _second(pursuer: Starter, first: Attempt, plan: Plan) -> Attempt | None:
    """Another attempt, ready to be sent; None when nobody is free, or the call's limits do not pay for two."""
    choice = pursuer.course.beside(first.choice)
    attempt = pursuer.prepare(choice, plan) if choice is not None else None
    if attempt is not None:
        try:
            await pursuer.cover(attempt, first)
        except (RefusedError, StoreError):
            return None
    return attempt


def _start(pursuer: Starter, runners: _Runners, attempt: Attempt) -> None:
    pursuer.course.calls += 1
    task = asyncio.ensure_future(attempt.begin())
    task.add_done_callback(_heed)
    runners[task] = attempt


def _heed(task: asyncio.Task[list[Chunk]]) -> None:
    """A loser may fail when nobody looks any more."""
    if not task.cancelled():
        task.exception()


async def _first_to_speak(pursuer: Starter, runners: _Runners, plan: Plan) -> tuple[Attempt, list[Chunk]] | None:
    failures: list[tuple[Attempt, ProviderError]] = []
    while runners:
        done, _ = await asyncio.wait(runners, return_when=asyncio.FIRST_COMPLETED)
        for task in sorted(done, key=_has_spoken):  # who failed in the same instant is on record as that
            attempt = runners[task]
            try:
                held = task.result()
            except ProviderError as error:
                failures.append((attempt, error))
                _announce(pursuer, attempt)
                pursuer.note_lost(attempt, error)
                del runners[task]
            else:
                _announce(pursuer, attempt)
                pursuer.succeeded(attempt)
                del runners[task]
                return attempt, held
    for attempt, failure in failures:
        await pursuer.mend(attempt, failure, plan)
    return None


def _has_spoken(task: asyncio.Task[list[Chunk]]) -> bool:
    return task.exception() is None


def _announce(pursuer: Starter, attempt: Attempt) -> None:
    pursuer.trace.attempt(attempt.choice.target, attempt.started_s)


def _end_with_call(pursuer: Starter, runners: _Runners) -> None:
    """The whole call was cancelled. The attempt that was sent first is on record as the one that was under way."""
    for task, attempt in list(runners.items())[:1]:
        del runners[task]
        _announce(pursuer, attempt)
        _end(pursuer, task, attempt)


def _end(pursuer: Starter, task: asyncio.Task[list[Chunk]], attempt: Attempt) -> None:
    task.cancel()
    pursuer.tools.health.released(attempt.choice.admission)
    attempt.close("none")
