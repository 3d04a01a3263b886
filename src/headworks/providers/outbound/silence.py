"""Ends a wait that lasts too long, for the price of one timer for many waits."""

import asyncio


class Silence:
    """Watches waits, one at a time. Enter it around each await; time in between does not count.

    A wait belongs to the task that waits: what was opened by one task may be read by another.

    The timer looks only when the limit may have passed, so a piece of a stream costs no timer work.

    Args:
        loop: The loop of the tasks.
        total_s: Seconds after which any wait ends, counted from now.

    Attributes:
        exceeded_s: The limit that was exceeded, once a wait has ended so.
        overall: True when that was the limit of the whole.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, total_s: float) -> None:
        self._loop = loop
        self._task: asyncio.Task[object] | None = None
        self._total_s = total_s
        self._ends = loop.time() + total_s
        self._limit_s = total_s
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._expired = False
        self.exceeded_s = 0.0
        self.overall = False

    def limit(self, seconds: float) -> None:
        """How long each wait may last from now on. A timer that is armed already looks again when it is due."""
        if self._timer is not None and seconds < self._limit_s:
            self.end()
        self._limit_s = seconds

    def __enter__(self) -> None:
        self._task = asyncio.current_task(self._loop)
        self._since = now = self._loop.time()
        if self._timer is None:
            self._arm(now)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._since = None
        if kind is not None and self._expired and issubclass(kind, asyncio.CancelledError):
            self._expired = False
            assert self._task is not None, "only a task can be cancelled"
            if self._task.uncancel() == 0:
                raise TimeoutError from error

    def _arm(self, now: float) -> None:
        begun = now if self._since is None else self._since
        due = min(begun + self._limit_s, self._ends)
        self._timer = self._loop.call_later(max(due - now, 0.001), self._look)

    def _look(self) -> None:
        now = self._loop.time()
        self._timer = None
        waiting = self._since is not None and self._task is not None
        self.overall = now >= self._ends
        if waiting and (self.overall or now - (self._since or now) >= self._limit_s):
            self.exceeded_s = self._total_s if self.overall else self._limit_s
            self._expired = True
            assert self._task is not None, "a wait has a task"
            self._task.cancel()
        elif waiting or not self.overall:
            self._arm(now)

    def end(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
