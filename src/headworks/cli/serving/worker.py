"""A worker: `python -m headworks.cli.serving.worker NAME DESCRIPTOR`, started by `child.py` and by nobody else.

NAME tells it from its siblings; DESCRIPTOR is the number of the inherited listening socket.
"""

import asyncio
import os
import signal
import socket
import sys

import structlog
import uvloop

from headworks.cli.serving.orders import READY, next_config
from headworks.cli.serving.process import ServingProcess
from headworks.core.errors import HeadworksError
from headworks.telemetry import configure_logs

_FAILED = 1
_log = structlog.get_logger("headworks.serve")


def main() -> None:
    """Serve until told to stop; exits 0 then, 1 when it cannot serve."""
    name, descriptor = sys.argv[1:]
    try:
        uvloop.run(_work(name, socket.socket(fileno=int(descriptor))))
    except HeadworksError as error:
        _log.error("worker_failed", worker=name, reason=error.message)
        sys.exit(_FAILED)


async def _work(name: str, listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    config = await next_config(orders)
    if config is None:
        return
    configure_logs(config.telemetry.logs)
    process = ServingProcess(config, listener, _report, worker=name)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the supervisor reads configs
    following = asyncio.create_task(_follow(orders, process))
    await process.run()
    following.cancel()


async def _follow(orders: asyncio.StreamReader, process: ServingProcess) -> None:
    """Do what the supervisor says, and stop when there is none any more."""
    while (config := await next_config(orders)) is not None:
        process.gateway.reload(config)
    if not process.gateway.edge.draining:
        process.stop()


def _report(admin_key: str | None) -> None:  # noqa: ARG001  the supervisor made it before
    os.write(sys.stdout.fileno(), READY)
    os.dup2(
        sys.stderr.fileno(), sys.stdout.fileno()
    )  # nobody reads on: what is printed from now on must not fill a pipe


if __name__ == "__main__":
    main()
