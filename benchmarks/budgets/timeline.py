"""An event loop whose time is made up: when nothing is left to do now, it is at once as late as the next thing to do.

So an hour of calls takes milliseconds, and the same schedule runs the same way each time. There are no sockets, and
what is handed to a thread is done on the spot.
"""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Timeline(asyncio.SelectorEventLoop):
    """The loop. `time()` is seconds since it was made."""

    def __init__(self) -> None:
        self._at_s = 0.0
        super().__init__(_Skips(self))
        self.set_default_executor(_OnTheSpot())

    def time(self) -> float:
        """Made-up seconds."""
        return self._at_s

    def skip(self, seconds: float) -> None:
        """Let time pass."""
        self._at_s += seconds

    def _write_to_self(self) -> None:
        """Nobody waits in a system call: there is nobody to wake."""


class LoopClock:
    """Satisfies `core.clock.Clock` on a timeline. The wall clock can be made to jump; the monotonic one is the loop's.

    Args:
        loop: Whose time it is.
        start_s: Unix seconds at the loop's present.
    """

    def __init__(self, loop: Timeline, start_s: float) -> None:
        self._loop = loop
        self._offset_s = start_s - loop.time()

    def now(self) -> float:
        """Unix seconds."""
        return self._offset_s + self._loop.time()

    def monotonic(self) -> float:
        """Seconds of the loop."""
        return self._loop.time()

    def jump(self, seconds: float) -> None:
        """Turn the wall clock, either way."""
        self._offset_s += seconds


class _Skips(selectors.BaseSelector):
    """Instead of waiting, lets the time pass."""

    def __init__(self, loop: Timeline) -> None:
        self._loop = loop
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, fileobj, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def get_map(self) -> dict[Any, selectors.SelectorKey]:
        return self._keys

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("Everybody waits, and nothing is going to happen.")
        self._loop.skip(max(0.0, timeout))
        return []


class _OnTheSpot(ThreadPoolExecutor):
    """Does at once what it is given."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  whoever waits for it is told
            done.set_exception(error)
        return done
