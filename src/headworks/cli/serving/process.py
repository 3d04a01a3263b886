"""One serving process: a gateway, its HTTP server, and what steers both."""

import contextlib
import gc
import os
import socket
from collections.abc import Callable, Iterator

import structlog
import uvicorn

from headworks.app import Gateway
from headworks.config import Config
from headworks.server.protocol import ConnectionProtocol

_log = structlog.get_logger("headworks.serve")


class ServingProcess:
    """Serves on a socket until told to stop.

    Args:
        config: The config in force.
        listener: Bound, perhaps shared with siblings.
        worker: This process's name among its siblings.
        on_ready: Called once, when calls are answered, with the admin key if this start made one.
    """

    def __init__(
        self, config: Config, listener: socket.socket, on_ready: Callable[[str | None], None], *, worker: str = "0"
    ) -> None:
        self.gateway = Gateway(config, os.environ, worker=worker)
        self._worker = worker
        self._listener = listener
        self._on_ready = on_ready
        self._server = _Server(
            uvicorn.Config(
                self.gateway.edge,
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

    async def run(self) -> None:
        """Serve until `stop`.

        Raises:
            StoreError: The data directory cannot be used.
        """
        self._admin_key = await self.gateway.start()
        try:
            await self._server.serve(sockets=[self._listener])
        finally:
            await self.gateway.stop()
            _log.info("stopped", worker=self._worker)

    def stop(self) -> None:
        """Take no new calls, let those under way finish; told again, do not wait for them."""
        if self.gateway.edge.draining:
            self._server.force_exit = True
            return
        _log.info("draining", worker=self._worker, in_flight=self.gateway.recorder.in_flight)
        self.gateway.edge.draining = True
        self.gateway.recorder.draining = True
        self._server.should_exit = True

    def _ready(self) -> None:
        # Everything made so far lives as long as the process: keep the collector from looking at it on every pass.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        host, port = self._listener.getsockname()[:2]
        providers = sorted(self.gateway.config.providers)
        _log.info("ready", worker=self._worker, host=host, port=port, providers=providers)
        self._on_ready(self._admin_key)


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
