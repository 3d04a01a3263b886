"""One run of the embedding process, from its start to its end. One question at a time."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

import msgspec

from headworks.cache.embedding.embedder import EmbedderError
from headworks.cache.embedding.frames import HEAD_BYTES, BrokenFrameError, Made, Order, Ready, encode, framed, length_of
from headworks.core.clock import seconds_text

COMMAND = (sys.executable, "-P", "-m", "headworks.cache.embedding.worker")
"""-P: a file in the current folder must not be taken for one of the modules."""
START_S = 30.0
_PASSED_ON = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH", "TMPDIR", "TZ")
_BROKEN = (OSError, EOFError, BrokenFrameError, msgspec.MsgspecError)


class EmbeddingProcess:
    """A running model. Made by `start`; ended by `end`, or by the end of this process whatever its cause.

    Attributes:
        dims: Length of its vectors.
    """

    def __init__(self, process: Process, dims: int) -> None:
        self.dims = dims
        self._process = process

    @classmethod
    async def start(
        cls, order: Order, command: Sequence[str] = COMMAND, timeout_s: float = START_S
    ) -> "EmbeddingProcess":
        """Start the process and wait until its model is loaded.

        Raises:
            EmbedderError: It did not start, or not within `timeout_s`.
        """
        async with contextlib.AsyncExitStack() as undo:
            try:
                # A session of its own: Ctrl-C in a terminal ends the gateway, which first finishes the calls under way.
                process = await asyncio.create_subprocess_exec(
                    *command, stdin=PIPE, stdout=PIPE, start_new_session=True, env=_environment()
                )
                undo.push_async_callback(_kill, process)
                async with asyncio.timeout(timeout_s):
                    ready = msgspec.msgpack.decode(await _exchange(process, encode(order)), type=Ready)
            except TimeoutError as error:
                raise EmbedderError(f"The embedding model did not load within {seconds_text(timeout_s)}.") from error
            except _BROKEN as error:
                raise EmbedderError("The embedding process ended while it started.") from error
            if not ready.dims:
                raise EmbedderError(ready.failure or "The embedding model does not load.")
            undo.pop_all()
        return cls(process, ready.dims)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs, as far as is known."""
        return self._process.returncode is None

    async def ask(self, texts: list[str], timeout_s: float) -> Made:
        """The vectors of some texts. After an error the process is of no use any more: `end` it.

        Raises:
            EmbedderError: It ended, or did not answer within `timeout_s`.
        """
        try:
            async with asyncio.timeout(timeout_s):
                made = msgspec.msgpack.decode(await _exchange(self._process, encode(texts)), type=Made)
        except TimeoutError as error:
            raise EmbedderError(f"The embedding process did not answer within {seconds_text(timeout_s)}.") from error
        except _BROKEN as error:
            raise EmbedderError("The embedding process ended.") from error
        if len(made.vectors) != len(texts) * self.dims * 4 or len(made.whole) != len(texts):
            raise EmbedderError("The embedding process answered something else than it was asked.")
        return made

    async def end(self) -> None:
        """End it now and wait until it is gone."""
        await _kill(self._process)


def _environment() -> dict[str, str]:
    """What Python and the system need. Our keys are none of the child's business."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


async def _exchange(process: Process, body: bytes) -> bytes:
    """Say something and read what it answers."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("The embedding process was started without pipes.")
    process.stdin.write(framed(body))
    await process.stdin.drain()
    return await process.stdout.readexactly(length_of(await process.stdout.readexactly(HEAD_BYTES)))


async def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()
