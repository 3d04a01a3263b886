"""One run of the model process, from its start to its end."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import msgspec

from headworks.core.clock import seconds_text
from headworks.core.errors import ProviderError
from headworks.providers.local.orders import FINISH, Order, Report

WORKER = "headworks.providers.local.worker"
END_TIMEOUT_S = 5.0


class ModelProcess:
    """A running model. Made by `start`; ended by `end`, or by the end of this process whatever its cause.

    Attributes:
        address: `http://127.0.0.1:PORT` of its server.
    """

    def __init__(self, process: Process, address: str) -> None:
        self.address = address
        self._process = process

    @classmethod
    async def start(cls, order: Order, timeout_s: float) -> "ModelProcess":
        """Start the process and wait until its server answers.

        Raises:
            ProviderError: It did not start, or not within `timeout_s`.
        """
        async with contextlib.AsyncExitStack() as undo:
            # A session of its own: Ctrl-C in a terminal ends the gateway, which first finishes the calls under way.
            # -P: a file in the current folder must not be taken for one of the modules.
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", WORKER),
                stdin=PIPE,
                stdout=PIPE,
                start_new_session=True,
                env=_environment(),
            )
            undo.push_async_callback(_kill, process)
            try:
                report = await asyncio.wait_for(_give_order(process, order), timeout_s)
            except TimeoutError as error:
                limit = seconds_text(timeout_s)
                sentence = f"The local model did not load within {limit}; `start_timeout_s` says how long it may."
                raise ProviderError(sentence, code="provider_timeout", status=504) from error
            if report.address is None:
                raise ProviderError(report.failure or "The local model ended while it started.", status=503)
            undo.pop_all()
        return cls(process, report.address)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs, as far as is known."""
        return self._process.returncode is None

    def finish(self) -> None:
        """Ask it to end after the calls it is answering. Returns at once."""
        if self._process.stdin is not None and self.alive:
            self._process.stdin.write(FINISH)

    async def end(self) -> None:
        """End it now and wait until it is gone."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), END_TIMEOUT_S)
        except TimeoutError:
            await _kill(self._process)


def _environment() -> dict[str, str]:
    """Ours, and where the runtime finds the OpenMP library that setting up fetched for a system without it."""
    environment = dict(os.environ)
    openmp = Path(sys.prefix) / "lib" / "openmp"
    if openmp.is_dir():
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(
            filter(None, [environment.get("LD_LIBRARY_PATH"), str(openmp)])
        )
    return environment


async def _give_order(process: Process, order: Order) -> Report:
    """Hand over the order and read the report; an empty one when the process ended instead."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("The model process was started without pipes.")
    process.stdin.write(msgspec.json.encode(order) + b"\n")
    line = await process.stdout.readline()
    return msgspec.json.decode(line, type=Report) if line else Report()


async def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
