"""A race whose runners end in the same instant: one wins, and who failed is on record as failed."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from headworks.core.errors import ProviderError
from headworks.core.replies import Chunk, TextDelta
from headworks.providers.pursuit.race import race


class Runner:
    """An attempt that ends when the race says so: with a chunk, or with its error."""

    def __init__(self, name: str, ended: asyncio.Event, error: ProviderError | None) -> None:
        self.name, self._ended, self._error = name, ended, error
        self.choice = SimpleNamespace(target=name, admission=name, link=SimpleNamespace(name=name))
        self.patience = SimpleNamespace(first_byte_s=0.0)
        self.pace_name, self.started_s = name, 0.0

    async def begin(self) -> list[Chunk]:
        await self._ended.wait()
        if self._error is not None:
            raise self._error
        return [Chunk([TextDelta(self.name)])]

    def close(self, outcome: str) -> None:
        """Holds nothing."""


class Diary:
    """A starter that writes down what the race tells it."""

    def __init__(self, second: Runner, ended: asyncio.Event) -> None:
        self.said: list[tuple[str, str]] = []
        self.course = SimpleNamespace(calls=0, beside=lambda choice: second.choice)
        self.tools = SimpleNamespace(
            latencies=SimpleNamespace(p95_s=lambda provider, name: 0.0),
            health=SimpleNamespace(released=lambda admission: self.said.append(("released", admission))),
        )
        self.trace = SimpleNamespace(
            attempt=lambda target, started_s: None,
            beside=lambda target, started_s, error: self.said.append(("superseded", target)),
        )
        self._second, self._ended = second, ended

    def prepare(self, choice: Any, plan: Any) -> Any:
        asyncio.get_running_loop().call_soon(self._ended.set)
        return self._second

    async def cover(self, attempt: Any, beside: Any = None) -> None:
        """It is paid for."""

    def succeeded(self, attempt: Any) -> None:
        self.said.append(("succeeded", attempt.name))

    def note_lost(self, attempt: Any, error: ProviderError) -> None:
        self.said.append(("lost", attempt.name))

    async def mend(self, attempt: Any, error: ProviderError, plan: Any) -> None:
        raise AssertionError("somebody has spoken")


@pytest.mark.parametrize("failing", ["first", "second"])
def test_who_failed_as_another_began_is_on_record_as_failed(failing):
    async def run() -> list[tuple[str, str]]:
        ended = asyncio.Event()
        first, second = (
            Runner(name, ended, ProviderError("It failed.") if name == failing else None)
            for name in ("first", "second")
        )
        diary = Diary(second, ended)
        won = await race(diary, first, None)  # type: ignore[arg-type]
        assert won is not None
        assert won[0].name != failing  # type: ignore[attr-defined]
        return diary.said

    spoke = "second" if failing == "first" else "first"
    assert asyncio.run(run()) == [("lost", failing), ("succeeded", spoke)]
