"""When calls are made: at a rate, whatever becomes of those before (open loop), or so many at a time."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

from headworks.core.clock import SystemClock
from headworks.drills.load.calling import Client, Outcome
from headworks.drills.load.questions import Question, right_answer
from headworks.drills.scenario import Load
from headworks.testing import Recipe

USUAL_RATE_PER_S = 10.0
_One = Callable[[Question], Coroutine[Any, Any, Outcome]]


async def run_load(
    load: Load, asked: Iterable[Question], client: Client, answer: Recipe, done: Callable[[], None]
) -> list[Outcome]:
    """Make every call; outcomes are in the order of the questions.

    Args:
        load: The pace.
        asked: What to ask.
        client: Whom, and how.
        answer: How fakes answer when nothing is wrong: what is right.
        done: Called when a call is over.
    """

    async def one(question: Question) -> Outcome:
        outcome = await client.ask(question, right_answer(question.text, answer))
        done()
        return outcome

    if load.concurrency is None:
        outcomes = await _at_rate(load.rate_per_s or USUAL_RATE_PER_S, asked, client.zero_s, one)
    else:
        outcomes = await _at_a_time(load.concurrency, iter(asked), one)
    return sorted(outcomes, key=lambda outcome: outcome.question.number)


async def _at_rate(rate_per_s: float, asked: Iterable[Question], zero_s: float, one: _One) -> list[Outcome]:
    clock = SystemClock().monotonic
    async with asyncio.TaskGroup() as group:
        tasks = []
        for question in asked:
            if (wait_s := zero_s + question.number / rate_per_s - clock()) > 0:
                await asyncio.sleep(wait_s)
            tasks.append(group.create_task(one(question)))
    return [task.result() for task in tasks]


async def _at_a_time(concurrency: int, asked: Iterator[Question], one: _One) -> list[Outcome]:
    outcomes: list[Outcome] = []

    async def work() -> None:
        for question in asked:
            outcomes.append(await one(question))  # noqa: PERF401  several workers add to it

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(work())
    return outcomes
