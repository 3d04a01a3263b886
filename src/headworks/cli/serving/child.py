"""A worker as its supervisor sees it."""

import asyncio
import contextlib
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping

from headworks.cli.serving.orders import READY, framed
from headworks.config import Config

MODULE = "headworks.cli.serving.worker"


class Child:
    """One run of a worker. Made by `start`.

    Args:
        name: The worker's name.
        process: Its process, with both pipes open.
    """

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self.pid = process.pid
        self._process = process

    @classmethod
    async def start(cls, name: str, listener: socket.socket, environ: Mapping[str, str]) -> "Child":
        """Start the process; it waits for its first config."""
        # A session of its own: Ctrl-C in a terminal is for the supervisor, which passes it on.
        # -P: a file in the current folder must not be taken for one of the modules.
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", MODULE, name, str(listener.fileno())),
            stdin=PIPE,
            stdout=PIPE,
            pass_fds=(listener.fileno(),),
            start_new_session=True,
            env=environ,
        )
        return cls(name, process)

    def tell(self, config: Config) -> None:
        """Have it serve `config` from now on."""
        if self._process.stdin is not None and self._process.returncode is None:
            self._process.stdin.write(framed(config))

    async def ready(self) -> bool:
        """Wait until it answers calls; False when it ended instead."""
        return self._process.stdout is not None and await self._process.stdout.readline() == READY

    def stop(self) -> None:
        """Have it finish its calls and end; told again, it does not wait for them."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End it now."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def ended(self) -> int:
        """Wait until it is gone: its exit code, or minus the signal that killed it."""
        return await self._process.wait()
