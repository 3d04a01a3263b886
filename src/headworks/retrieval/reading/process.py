"""The reading process as the room sees it: asked one file at a time, replaced when a file brings it down."""

import asyncio
import os
from typing import Protocol

import msgspec

from headworks.core.children.starting import Child, starting
from headworks.core.clock import seconds_text
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.reading.frames import HEAD_BYTES, MOST_BYTES, Job, Result, encode, framed, length_of

WORKER = "headworks.retrieval.reading.worker"
_PASSED_ON = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH", "TMPDIR", "TZ")


class Reading(Protocol):
    """Reads files."""

    async def read(self, path: str, kind: str) -> Result:
        """What a file holds. Never raises for what is wrong with it."""

    async def stop(self) -> None:
        """Let go of what it holds."""


class ReadingProcess:
    """Satisfies `Reading`. Ended by `stop`, or by the end of this process whatever its cause.

    Args:
        settings: How to cut, and how long to wait.
    """

    def __init__(self, settings: IndexSettings) -> None:
        self._settings = settings
        self._child: Child | None = None

    async def read(self, path: str, kind: str) -> Result:
        """See `Reading`."""
        job = Job(path, kind, self._settings.chunk_chars, self._settings.overlap_chars, self._settings.max_file_chars)
        whole = False
        try:
            async with asyncio.timeout(self._settings.read_timeout_s):
                result = await self._asked(job)
            whole = True
        except TimeoutError:
            limit = seconds_text(self._settings.read_timeout_s)
            return Result(fault=f"Reading it took more than {limit} (`read_timeout_s`).")
        except (OSError, EOFError, msgspec.MsgspecError):
            return Result(fault="It brought down the process that read it.")
        finally:
            if not whole:
                await self.stop()  # half an answer may be in the pipe
        return result

    async def stop(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child is not None:
            await child.kill()

    async def _asked(self, job: Job) -> Result:
        if self._child is None or not self._child.alive:
            environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
            async with starting(WORKER, environment) as child:
                self._child = child
        child = self._child
        child.told.write(framed(encode(job)))
        await child.told.drain()
        length = length_of(await child.said.readexactly(HEAD_BYTES))
        if length > MOST_BYTES:
            raise EOFError
        return msgspec.msgpack.decode(await child.said.readexactly(length), type=Result)
