"""The model in a child process, as the rooms see it: started on first use, asked in batches, replaced when it dies.

Invariants: one batch is under way at a time, made of what was waiting; what waits is bounded, and so is how long; a
child that hangs is ended; one that keeps dying is started ever more rarely, and calls meanwhile fail at once.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import numpy as np
import structlog

from headworks.core.clock import Clock, seconds_text
from headworks.embedding.assets import Assets, find_assets
from headworks.embedding.config import EmbeddingSettings
from headworks.embedding.embedder import EmbedderBusyError, EmbedderError, PartlyReadError
from headworks.embedding.frames import CHARS_PER_TOKEN, Made, Order
from headworks.embedding.process import EmbeddingProcess

MOST_WAITING = 512
BATCH_TEXTS = 32
_BATCH_CHARS = 8192
HANG_S = 5.0
"""No batch takes so long."""
LONG_LIFE_S = 60.0
"""A child that has lived so long may be started again at once."""
_MOST_PAUSE_S = 60.0
_Array = np.ndarray[Any, np.dtype[np.float32]]
_log = structlog.get_logger("headworks.embedding")


class Child(Protocol):
    """What is asked of a running process; see `EmbeddingProcess`."""

    @property
    def dims(self) -> int: ...  # noqa: D102
    @property
    def alive(self) -> bool: ...  # noqa: D102
    async def ask(self, texts: list[str], timeout_s: float) -> Made: ...  # noqa: D102
    async def end(self) -> None: ...  # noqa: D102


Start = Callable[[Order], Awaitable[Child]]


class LocalEmbedder:
    """Satisfies `Embedder`.

    Args:
        settings: Which model, and how long calls wait.
        clock: Measures pauses between starts.
        start: Starts the child.
        hang_s: Seconds after which a batch counts as hanging.
        whole: Whether a text that the model cannot read whole fails. False: its vector is of what the model reads.

    Attributes:
        name: Of the model; empty before `start`.
        dims: Length of its vectors.
        failures: How often the child failed to start, hung or died since it last lived long.
    """

    def __init__(
        self,
        settings: EmbeddingSettings,
        clock: Clock,
        *,
        start: Start = EmbeddingProcess.start,
        hang_s: float = HANG_S,
        whole: bool = True,
    ) -> None:
        self.name = ""
        self.dims = settings.model_dims
        self.failures = 0
        self._settings = settings
        self._clock = clock
        self._start_child = start
        self._hang_s = hang_s
        self._whole = whole
        self._assets: Assets | None = None
        self._child: Child | None = None
        self._born_s = self._again_s = 0.0
        self._waiting: deque[tuple[str, asyncio.Future[_Array]]] = deque()
        self._pump: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """See that the model is there. It is loaded when the first text comes.

        Raises:
            EmbedderMissingError: Model or runtime are not installed.
        """
        self._assets = find_assets(self._settings.model_path)
        self.name = self._assets.name()

    async def stop(self) -> None:
        """End the child; texts under way fail."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait([self._pump])
            self._pump = None
        self._fail(list(self._waiting), EmbedderError("The embedding model is being stopped."))
        self._waiting.clear()
        if self._child is not None:
            await self._child.end()
        self._child = None

    async def embed(self, texts: Sequence[str]) -> _Array:
        """See `Embedder`. Each `BATCH_TEXTS` of many texts have the whole time-out for themselves."""
        rows = np.empty((len(texts), self.dims), np.float32)
        for first in range(0, len(texts), BATCH_TEXTS):
            part = texts[first : first + BATCH_TEXTS]
            rows[first : first + len(part)] = await self._made([_readable(text) for text in part])
        return rows

    async def _made(self, texts: list[str]) -> list[_Array]:
        if self._assets is None:
            raise EmbedderError("The embedding model was not started.")
        most_chars = self._settings.max_tokens * CHARS_PER_TOKEN
        if not self._whole:
            texts = [text[:most_chars] for text in texts]
        elif any(len(text) > most_chars for text in texts):
            raise self._unread()
        if len(self._waiting) + len(texts) > MOST_WAITING:
            self._waiting = deque(one for one in self._waiting if not one[1].done())
        if len(self._waiting) + len(texts) > MOST_WAITING:
            raise EmbedderBusyError(f"{MOST_WAITING} texts are waiting for the embedding model already.")
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[_Array]] = [loop.create_future() for _ in texts]
        self._waiting.extend(zip(texts, futures, strict=True))
        if self._pump is None:
            self._pump = loop.create_task(self._work())
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await asyncio.gather(*futures)
        except TimeoutError as error:
            limit = seconds_text(self._settings.timeout_s)
            raise EmbedderError(f"The embedding model did not answer within {limit}.") from error
        finally:
            for future in futures:
                if not future.cancel() and not future.cancelled():
                    future.exception()  # seen: of several that failed, only the first is raised

    async def _work(self) -> None:
        """Ask the child until nothing waits."""
        batch: list[tuple[str, asyncio.Future[_Array]]] = []
        try:
            while batch := self._take(BATCH_TEXTS):
                try:
                    made = await self._asked([text for text, _ in batch])
                except EmbedderError as error:
                    self._fail(batch, error)
                else:
                    self._answer(batch, made)
        except asyncio.CancelledError:
            self._fail(batch, EmbedderError("The embedding model is being stopped."))
            raise
        finally:
            self._pump = None

    def _take(self, most: int) -> list[tuple[str, "asyncio.Future[_Array]"]]:
        """The next texts that somebody still waits for."""
        batch: list[tuple[str, asyncio.Future[_Array]]] = []
        chars = 0
        while self._waiting and len(batch) < most:
            text, future = self._waiting[0]
            if not future.done():
                chars += len(text)
                if batch and chars > _BATCH_CHARS:
                    break
                batch.append((text, future))
            self._waiting.popleft()
        return batch

    async def _asked(self, texts: list[str]) -> Made:
        child = await self._running()
        try:
            return await child.ask(texts, self._hang_s)
        except EmbedderError as error:
            await self._lose(child, error)
            raise

    async def _running(self) -> Child:
        """The child, started when it does not run."""
        if self._child is not None and not self._child.alive:
            await self._lose(self._child, EmbedderError("The embedding process ended."))
        if self._child is None:
            left_s = self._again_s - self._clock.monotonic()
            if left_s > 0:
                raise EmbedderError(f"The embedding process failed; it is started again in {seconds_text(left_s)}.")
            self._child = await self._started()
            self._born_s = self._clock.monotonic()
        return self._child

    async def _started(self) -> Child:
        assert self._assets is not None
        order = Order(str(self._assets.tokenizer), str(self._assets.weights), self._settings.max_tokens)
        try:
            child = await self._start_child(order)
        except EmbedderError as error:
            self._pause(error)
            raise
        if child.dims != self.dims:
            await child.end()
            wrong = f"The vectors of the embedding model are {child.dims} long, not {self.dims}: set `model_dims`."
            self._pause(EmbedderError(wrong))
            raise EmbedderError(wrong)
        return child

    async def _lose(self, child: Child, error: EmbedderError) -> None:
        self._child = None
        await child.end()
        if self._clock.monotonic() - self._born_s >= LONG_LIFE_S:
            self.failures = 0
            _log.warning("embedding_process_lost", reason=str(error), effect="it is started again")
        else:
            self._pause(error)

    def _pause(self, error: EmbedderError) -> None:
        pause_s = min(_MOST_PAUSE_S, 2.0**self.failures)
        self.failures += 1
        self._again_s = self._clock.monotonic() + pause_s
        _log.warning("embedding_process_failed", reason=str(error), effect=f"it is started again in {pause_s:.0f} s")

    def _answer(self, batch: list[tuple[str, "asyncio.Future[_Array]"]], made: Made) -> None:
        rows = np.frombuffer(made.vectors, np.float32).reshape(len(batch), self.dims)
        for (_, future), row, whole in zip(batch, rows, made.whole, strict=True):
            if future.done():
                continue
            if whole or not self._whole:
                future.set_result(row)
            else:
                future.set_exception(self._unread())

    def _fail(self, batch: list[tuple[str, "asyncio.Future[_Array]"]], error: EmbedderError) -> None:
        for _, future in batch:
            if not future.done():
                future.set_exception(error)

    def _unread(self) -> PartlyReadError:
        most = self._settings.max_tokens
        return PartlyReadError(f"A text has more than {most} tokens, or signs that the embedding model does not know.")


def _readable(text: str) -> str:
    """The text without halves of characters, which no encoding carries."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
