"""One process that serves by itself: the gateway as most people run it."""

import asyncio
import signal
import socket
from pathlib import Path

from headworks.cli.serving.config_watch import ConfigWatch
from headworks.cli.serving.greeting import greeting
from headworks.cli.serving.process import ServingProcess
from headworks.config import Config


async def serve_alone(config: Config, path: Path | None, listener: socket.socket, *, as_json: bool) -> None:
    """Serve until SIGTERM or Ctrl-C; the second of them does not wait for calls under way.

    Args:
        config: The config in force.
        path: Its file; None when it is the environment's.
        listener: Bound.
        as_json: Greet programs instead of people.

    Raises:
        StoreError: The data directory cannot be used.
    """

    def greet(admin_key: str | None) -> None:
        greeting(process.gateway.keys, listener.getsockname()[:2], admin_key).tell(as_json=as_json)

    process = ServingProcess(config, listener, greet)
    watch = ConfigWatch(path, process.gateway.reload)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stop)
    loop.add_signal_handler(signal.SIGHUP, watch.reload)
    watch.start()
    try:
        await process.run()
    finally:
        watch.stop()
