"""One run of the model process, from its start to its end."""

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from headworks.core.children.starting import Child, starting
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

    def __init__(self, child: Child, address: str) -> None:
        self.address = address
        self._child = child

    @classmethod
    async def start(cls, order: Order, timeout_s: float) -> "ModelProcess":
        """Start the process and wait until its server answers.

        Raises:
            ProviderError: It did not start, or not within `timeout_s`.
        """
        async with starting(WORKER, _environment()) as child:
            try:
                report = await asyncio.wait_for(_give_order(child, order), timeout_s)
            except TimeoutError as error:
                limit = seconds_text(timeout_s)
                sentence = f"The local model did not load within {limit}; `start_timeout_s` says how long it may."
                raise ProviderError(sentence, code="provider_timeout", status=504) from error
            if report.address is None:
                raise ProviderError(report.failure or "The local model ended while it started.", status=503)
        return cls(child, report.address)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs, as far as is known."""
        return self._child.alive

    def finish(self) -> None:
        """Ask it to end after the calls it is answering. Returns at once."""
        if self.alive:
            self._child.told.write(FINISH)

    async def end(self) -> None:
        """End it now and wait until it is gone."""
        self._child.told.close()
        try:
            await asyncio.wait_for(self._child.wait(), END_TIMEOUT_S)
        except TimeoutError:
            await self._child.kill()


def _environment() -> dict[str, str]:
    """Ours, and where the runtime finds the OpenMP library that setting up fetched for a system without it."""
    environment = dict(os.environ)
    openmp = Path(sys.prefix) / "lib" / "openmp"
    if openmp.is_dir():
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(
            filter(None, [environment.get("LD_LIBRARY_PATH"), str(openmp)])
        )
    return environment


async def _give_order(child: Child, order: Order) -> Report:
    """Hand over the order and read the report; an empty one when the process ended instead."""
    child.told.write(msgspec.json.encode(order) + b"\n")
    line = await child.said.readline()
    return msgspec.json.decode(line, type=Report) if line else Report()
