"""`headworks serve`: start the gateway, tell where it listens, drain it at the end."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog
import uvicorn
import uvloop
from rich.console import Console

from headworks.app import Gateway
from headworks.config import Config, ConfigError, config_path, find_config
from headworks.core.errors import StoreError
from headworks.identity.records import KeySpec
from headworks.server.protocol import ConnectionProtocol
from headworks.telemetry import configure_logs

_log = structlog.get_logger("headworks.serve")
WATCH_S = 1.0
"""How often the config file is looked at. Only its time and size are read, so looking costs nothing."""


def serve(*, config: Path | None = None, host: str | None = None, port: int | None = None) -> int:
    """Start the gateway.

    Without a config it serves every provider whose key is in the environment, and the local model. It drains on SIGTERM
    or Ctrl-C, and reloads its config on SIGHUP or when the file changes.

    Example: headworks serve --config headworks.yaml --port 8080

    Args:
        config: The config file; else HEADWORKS_CONFIG, else none.
        host: Listen here instead of the config's server.host.
        port: Listen here instead of the config's server.port; 0 takes any free port.
    """
    path = config or config_path(os.environ)
    settings = find_config(path, os.environ)
    configure_logs(settings.telemetry.logs)
    listener = _listen(host or settings.server.host, settings.server.port if port is None else port)
    uvloop.run(_Process(settings, path, listener).run())
    return 0


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise StoreError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Is another gateway running? Choose with --port."
        ) from error
    return listener


class _Process:
    """One serving process: the gateway, its server, and the signals that steer both."""

    def __init__(self, config: Config, path: Path | None, listener: socket.socket) -> None:
        self._path = path
        self._listener = listener
        self._gateway = Gateway(config, os.environ)
        self._server = _Server(
            uvicorn.Config(
                self._gateway.edge,
                http=ConnectionProtocol,
                loop="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=max(1, round(config.server.drain_grace_s)),
                backlog=2048,
            ),
            self._ready,
        )
        self._admin_key: str | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._seen = _look(path)

    async def run(self) -> None:
        """Serve until told to stop."""
        loop = asyncio.get_running_loop()
        self._admin_key = await self._gateway.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        if self._path is not None:
            self._watch = loop.call_later(WATCH_S, self._look_again)
        try:
            await self._server.serve(sockets=[self._listener])
        finally:
            if self._watch is not None:
                self._watch.cancel()
            await self._gateway.stop()
            _log.info("stopped")

    def _ready(self) -> None:
        # Everything made so far lives as long as the process: keep the collector from looking at it on every pass.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        host, port = self._listener.getsockname()[:2]
        _log.info("ready", host=host, port=port, providers=sorted(self._gateway.config.providers))
        _greet(self._gateway, self._admin_key, f"http://{f'[{host}]' if ':' in host else host}:{port}")

    def _stop(self) -> None:
        if self._gateway.edge.draining:
            self._server.force_exit = True  # told twice: do not wait for running calls
            return
        _log.info("draining", in_flight=self._gateway.recorder.in_flight)
        self._gateway.edge.draining = True
        self._gateway.recorder.draining = True
        self._server.should_exit = True

    def _look_again(self) -> None:
        now = _look(self._path)
        if now != self._seen and now is not None:
            self._reload()
        self._seen = now
        self._watch = asyncio.get_running_loop().call_later(WATCH_S, self._look_again)

    def _reload(self) -> None:
        self._seen = _look(self._path)
        try:
            self._gateway.reload(find_config(self._path, os.environ))
        except ConfigError as error:
            _log.error("config_refused", problems=[str(problem) for problem in error.problems])


class _Server(uvicorn.Server):
    """uvicorn's server; signals are ours, and it says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so."""
        await super().startup(sockets)
        self._on_ready()


def _look(path: Path | None) -> tuple[int, int, int] | None:
    """What tells one version of the file from another; None while it is away (an editor may be replacing it)."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _greet(gateway: Gateway, admin_key: str | None, url: str) -> None:
    """Tell a person where it listens and how to ask the first question."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    console.print(f"\nHeadworks listens on [bold]{url}[/bold]")
    if admin_key:
        console.print(f"Admin key, shown this once: [bold]{admin_key}[/bold]")
    key = "$HEADWORKS_API_KEY"
    if not gateway.keys.list(limit=1):
        key = gateway.keys.create(KeySpec(name="first", org="default"), actor="first start").key
        console.print(f"A first key for your applications, shown this once: [bold]{key}[/bold]")
    else:
        console.print("Keys for applications: headworks keys create --name NAME --org ORG")
    body = '{"model": "auto", "messages": [{"role": "user", "content": "What is the capital of France?"}]}'
    console.print(f"\n  curl {url}/v1/chat/completions -H \"authorization: Bearer {key}\" -d '{body}'\n", markup=False)
