"""Hold several drills side by side: most of the time of most of them is waiting. Long ones start first."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress

from headworks.config import Config
from headworks.drills.load.pacing import USUAL_RATE_PER_S
from headworks.drills.rehearsal import rehearse
from headworks.drills.scenario import Scenario
from headworks.drills.verdict.checks import Verdict
from headworks.testing import Recipe

PARALLEL = 8
_PATIENT_S = 30.0


def expected_s(scenario: Scenario) -> float:
    """About how long a scenario takes, by what it says itself: its calls and its longest waits."""
    load = scenario.load
    calling_s = 0.0 if load.concurrency else load.calls / (load.rate_per_s or USUAL_RATE_PER_S)
    recipes = [recipe for event in scenario.timeline for recipe in event.recipes or ()]
    return calling_s + max(map(_wait_s, recipes), default=0.0)


def _wait_s(recipe: Recipe) -> float:
    """What a recipe makes a client wait for, as far as a gateway lets it."""
    stall_s = recipe.stall_s if recipe.stall_after_tokens is not None else 0.0
    loris_s = _PATIENT_S if recipe.bytes_per_second is not None else 0.0
    return min(max(recipe.silence_s, recipe.first_token_s, stall_s, loris_s), _PATIENT_S)


async def hold(
    scenarios: Sequence[Scenario], config: Config | None, parallel: int, told: Callable[[str, Verdict | None], None]
) -> list[Verdict]:
    """Hold drills, `parallel` at a time. A signal to stop ends them all, and what they started.

    Args:
        scenarios: What to play.
        config: The gateway's config instead of the scenarios' own; None for theirs.
        parallel: At most so many at a time.
        told: Called with a scenario's name when one of its calls is over, and with its verdict at its end.

    Returns:
        The verdicts, in the order of the scenarios.
    """
    _cancel_on_termination()
    gate = asyncio.Semaphore(parallel)
    verdicts: dict[int, Verdict] = {}

    async def one(at: int, scenario: Scenario) -> None:
        async with gate:
            verdicts[at] = await rehearse(scenario, config, lambda: told(scenario.name, None))
        told(scenario.name, verdicts[at])

    async with asyncio.TaskGroup() as group:
        for at, scenario in sorted(enumerate(scenarios), key=lambda pair: -expected_s(pair[1])):
            group.create_task(one(at, scenario))
    return [verdicts[at] for at in range(len(scenarios))]


def _cancel_on_termination() -> None:
    """SIGTERM would end this process without ending the gateways; so it is made a cancellation, as Ctrl-C is."""
    task = asyncio.current_task()
    assert task is not None
    with suppress(NotImplementedError):  # Windows has no such handlers
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
