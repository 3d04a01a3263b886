"""The local model as the gateway sees it: an address that is there when it is asked for.

Invariants: one model process takes calls at any time (one that was let go may still finish its own); callers that come
while it starts share the start; a process that died is replaced on the next call.
"""

import asyncio
import secrets
from pathlib import Path

from headworks.core.clock import Clock
from headworks.providers.local.config import LocalSettings
from headworks.providers.local.orders import Order
from headworks.providers.local.process import ModelProcess
from headworks.providers.local.weights import bundled_weights, find_weights, runtime_installed


class LocalModel:
    """Starts the model process on first use, lets it go when it is idle, and ends it with the gateway.

    Args:
        settings: What to run and how.
        clock: Measures idleness.

    Attributes:
        key: The API key of the model's server, made anew for each `LocalModel`.
    """

    def __init__(self, settings: LocalSettings, clock: Clock) -> None:
        self.key = secrets.token_urlsafe(32)
        self._settings = settings
        self._clock = clock
        self._current: ModelProcess | None = None
        self._leaving: list[ModelProcess] = []
        self._starting: asyncio.Task[ModelProcess] | None = None
        self._last_used_s = 0.0
        self._idle_timer: asyncio.TimerHandle | None = None

    def installed(self) -> bool:
        """Whether runtime and weights are there, so that a call can be answered."""
        if not runtime_installed():
            return False
        path = self._settings.model_path
        return bundled_weights() is not None if path is None else Path(path).is_file()

    async def base_url(self) -> str:
        """Where the model answers, `http://127.0.0.1:PORT/v1`. Starts it when it does not run.

        Call it before every call to the model: the port changes with each start, and idleness counts from here.

        Raises:
            ProviderError: Runtime or weights are missing, or the model does not start.
        """
        self._last_used_s = self._clock.monotonic()
        running = self._current
        if running is None or not running.alive:
            running = await self._start_once()
        return f"{running.address}/v1"

    async def stop(self) -> None:
        """End the model process at once, with whatever it is answering. A later call starts it again."""
        self._disarm()
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        ending = [*self._leaving, *([self._current] if self._current else [])]
        self._leaving, self._current = [], None
        await asyncio.gather(*(process.end() for process in ending))

    def release_if_idle(self) -> bool:
        """Let the process go, once its calls are finished, when `idle_s` passed without a new one; whether it did."""
        running = self._current
        if running is None or self._clock.monotonic() - self._last_used_s < self._settings.idle_s:
            return False
        running.finish()
        self._leaving = [process for process in (*self._leaving, running) if process.alive]
        self._current = None
        self._disarm()
        return True

    async def _start_once(self) -> ModelProcess:
        """Join the start under way, or begin one. It goes on when the caller who began it leaves."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(_look_at)
        return await asyncio.shield(self._starting)

    async def _start(self) -> ModelProcess:
        try:
            weights = find_weights(self._settings.model_path)
            self._current = await ModelProcess.start(self._order(weights), self._settings.start_timeout_s)
            self._arm(self._settings.idle_s)
            return self._current
        finally:
            self._starting = None

    def _order(self, weights: Path) -> Order:
        settings = self._settings
        return Order(
            weights=str(weights),
            name=weights.stem,
            key=self.key,
            context_tokens=settings.context_tokens,
            parallel=settings.parallel,
            threads=settings.threads,
            temperature=settings.temperature,
            top_p=settings.top_p,
        )

    def _arm(self, delay_s: float) -> None:
        self._disarm()
        if self._settings.idle_s > 0:
            self._idle_timer = asyncio.get_running_loop().call_later(delay_s, self._on_idle_timer)

    def _disarm(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None

    def _on_idle_timer(self) -> None:
        if self._current is not None and not self.release_if_idle():
            self._arm(self._settings.idle_s - (self._clock.monotonic() - self._last_used_s))


def _look_at(task: "asyncio.Task[ModelProcess]") -> None:
    """Take note of how a start ended, so that asyncio does not complain when all who waited for it have left."""
    if not task.cancelled():
        task.exception()
