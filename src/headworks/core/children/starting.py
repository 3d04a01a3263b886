"""Start a child process of ours: a module that this Python runs, with pipes to it and from it. `inside.py` is its side.

A child gets a session of its own: Ctrl-C in a terminal ends the gateway, which first finishes the calls under way.
"""

import asyncio
import contextlib
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping


class Child:
    """A running child.

    Attributes:
        said: What it writes to its standard output.
        told: Its standard input. Closing it asks the child to end.
    """

    def __init__(self, process: Process, said: StreamReader, told: StreamWriter) -> None:
        self.said = said
        self.told = told
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs, as far as is known."""
        return self._process.returncode is None

    async def wait(self) -> None:
        """Return when it is gone."""
        await self._process.wait()

    async def kill(self) -> None:
        """End it now and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self.told.close()
        await self._process.wait()


@contextlib.asynccontextmanager
async def starting(module: str, environment: Mapping[str, str]) -> AsyncIterator[Child]:
    """A child that runs `module`. It outlives the block, unless that raises: then it is killed.

    Raises:
        OSError: It cannot be started.
    """
    # -P: a file in the current folder must not be taken for one of the modules.
    command = (sys.executable, "-P", "-m", module)
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, start_new_session=True, env=environment
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("A child process was started without pipes.")
    child = Child(process, process.stdout, process.stdin)
    async with contextlib.AsyncExitStack() as undo:
        undo.push_async_callback(child.kill)
        yield child
        undo.pop_all()
