"""One run of the embedding process, from its start to its end. One question at a time."""

import asyncio
import os

import msgspec

from headworks.core.children.starting import Child, starting
from headworks.core.clock import seconds_text
from headworks.embedding.embedder import EmbedderError
from headworks.embedding.frames import HEAD_BYTES, BrokenFrameError, Made, Order, Ready, encode, framed, length_of

WORKER = "headworks.embedding.worker"
START_S = 30.0
_PASSED_ON = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH", "TMPDIR", "TZ")
_BROKEN = (OSError, EOFError, BrokenFrameError, msgspec.MsgspecError)


class EmbeddingProcess:
    """A running model. Made by `start`; ended by `end`, or by the end of this process whatever its cause.

    Attributes:
        dims: Length of its vectors.
    """

    def __init__(self, child: Child, dims: int) -> None:
        self.dims = dims
        self._child = child

    @classmethod
    async def start(cls, order: Order, timeout_s: float = START_S) -> "EmbeddingProcess":
        """Start the process and wait until its model is loaded.

        Raises:
            EmbedderError: It did not start, or not within `timeout_s`.
        """
        try:
            async with starting(WORKER, _environment()) as child:
                async with asyncio.timeout(timeout_s):
                    ready = msgspec.msgpack.decode(await _exchange(child, encode(order)), type=Ready)
                if not ready.dims:
                    raise EmbedderError(ready.failure or "The embedding model does not load.")
        except TimeoutError as error:
            raise EmbedderError(f"The embedding model did not load within {seconds_text(timeout_s)}.") from error
        except _BROKEN as error:
            raise EmbedderError("The embedding process ended while it started.") from error
        return cls(child, ready.dims)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs, as far as is known."""
        return self._child.alive

    async def ask(self, texts: list[str], timeout_s: float) -> Made:
        """The vectors of some texts. After an error the process is of no use any more: `end` it.

        Raises:
            EmbedderError: It ended, or did not answer within `timeout_s`.
        """
        try:
            async with asyncio.timeout(timeout_s):
                made = msgspec.msgpack.decode(await _exchange(self._child, encode(texts)), type=Made)
        except TimeoutError as error:
            raise EmbedderError(f"The embedding process did not answer within {seconds_text(timeout_s)}.") from error
        except _BROKEN as error:
            raise EmbedderError("The embedding process ended.") from error
        if len(made.vectors) != len(texts) * self.dims * 4 or len(made.whole) != len(texts):
            raise EmbedderError("The embedding process answered something else than it was asked.")
        return made

    async def end(self) -> None:
        """End it now and wait until it is gone."""
        await self._child.kill()


def _environment() -> dict[str, str]:
    """What Python and the system need. Our keys are none of the child's business."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


async def _exchange(child: Child, body: bytes) -> bytes:
    """Say something and read what it answers."""
    child.told.write(framed(body))
    await child.told.drain()
    return await child.said.readexactly(length_of(await child.said.readexactly(HEAD_BYTES)))
