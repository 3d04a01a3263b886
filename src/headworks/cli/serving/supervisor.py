"""Several workers on one socket: starts them, replaces one that dies, tells all of them when to reload and to stop.

The supervisor answers no calls. It holds the socket open, so that callers wait in its queue while a worker is replaced.
"""

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from msgspec import structs
from prometheus_client import multiprocess

from headworks.cli.serving.child import Child
from headworks.cli.serving.config_watch import ConfigWatch
from headworks.cli.serving.greeting import Greeting, greeting
from headworks.config import Config
from headworks.core.clock import SystemClock
from headworks.core.errors import StoreError
from headworks.identity import KeyRing, load_pepper

STEADY_S = 10.0
"""A worker that lived for so long is replaced at once; one that did not, after a pause."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
PATIENCE_S = 10.0
"""How long beyond `server.drain_grace_s` a worker may take to end before it is killed."""
_log = structlog.get_logger("headworks.serve")


async def supervise(config: Config, path: Path | None, listener: socket.socket, *, as_json: bool) -> None:
    """Serve with `config.server.workers` processes until SIGTERM or Ctrl-C; the second does not wait for calls.

    Args:
        config: The config in force.
        path: Its file; None when it is the environment's.
        listener: Bound.
        as_json: Greet programs instead of people.

    Raises:
        StoreError: The data directory cannot be used, or a worker does not start.
    """
    address = listener.getsockname()[:2]
    with _keys(config.data_dir) as keys, _metrics_folder(config.data_dir, address[1]) as folder:
        # Made here, before there are workers, so that no two of them make one.
        greet = greeting(keys, address, keys.ensure_admin_key(os.environ))
        supervisor = Supervisor(config, listener, folder)
        watch = ConfigWatch(path, supervisor.reload)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, supervisor.stop)
        loop.add_signal_handler(signal.SIGHUP, watch.reload)
        watch.start()
        try:
            await supervisor.run(greet, as_json=as_json)
        finally:
            watch.stop()
        _log.info("stopped")


class Supervisor:
    """Keeps the workers running.

    Args:
        config: The config in force.
        listener: The socket they share; closed by `stop`.
        metrics: Folder through which they count together.
    """

    def __init__(self, config: Config, listener: socket.socket, metrics: Path) -> None:
        self._config = config
        self._data_dir = config.data_dir
        self._listener = listener
        self._metrics = metrics
        self._children: dict[str, Child] = {}
        self._stopping = asyncio.Event()

    async def run(self, greet: Greeting, *, as_json: bool) -> None:
        """Start all workers, greet, and keep them running until `stop`.

        Raises:
            StoreError: A worker did not start.
        """
        names = [str(number) for number in range(self._config.server.workers)]
        started = await asyncio.gather(*(self._start(name) for name in names))
        failed = not all(started) and not self._stopping.is_set()
        if failed:
            self.stop()
            greet = structs.replace(greet, url=None)  # still told: keys that were made are shown this once
        greet.tell(as_json=as_json)
        await asyncio.gather(*(self._keep(name) for name in names))
        if failed:
            raise StoreError("A worker did not start; the log above says why.")

    def stop(self) -> None:
        """Have all workers finish their calls and end; told again, they do not wait for them."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._listener.close()
            patience = self._config.server.drain_grace_s + PATIENCE_S
            asyncio.get_running_loop().call_later(patience, self._kill)
        for child in self._children.values():
            child.stop()

    def reload(self, config: Config) -> None:
        """Put `config` in force for every call that begins from now on."""
        self._config = config
        for child in self._children.values():
            child.tell(config)

    def _kill(self) -> None:
        for child in self._children.values():
            child.kill()

    async def _start(self, name: str) -> bool:
        """Start a worker and wait until it answers calls; False when it ended instead, or when all are to end."""
        if self._stopping.is_set():
            return False
        environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(self._metrics)}
        child = self._children[name] = await Child.start(name, self._listener, environ)
        if self._stopping.is_set():  # since a moment ago
            child.stop()
        # A data directory is never changed under siblings, whatever the file says by now.
        child.tell(self._config.model_copy(update={"data_dir": self._data_dir}))
        return await child.ready()

    async def _keep(self, name: str) -> None:
        """Replace the worker whenever it dies, until `stop`."""
        clock = asyncio.get_running_loop().time
        started_s = clock()
        pause_s = FIRST_PAUSE_S
        while name in self._children:
            child = self._children[name]
            code = await child.ended()
            multiprocess.mark_process_dead(child.pid, str(self._metrics))  # type: ignore[no-untyped-call]
            if self._stopping.is_set():
                return
            steady = clock() - started_s >= STEADY_S
            pause_s = FIRST_PAUSE_S if steady else min(pause_s * 2, LONGEST_PAUSE_S)
            _log.error("worker_died", worker=name, pid=child.pid, code=code, pause_s=0.0 if steady else pause_s)
            if not steady and await self._stopped_within(pause_s):
                return
            started_s = clock()
            await self._start(name)

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True


@contextmanager
def _keys(data_dir: Path) -> Iterator[KeyRing]:
    ring = KeyRing(data_dir, SystemClock(), load_pepper(data_dir, os.environ))
    ring.open()
    try:
        yield ring
    finally:
        ring.close()


@contextmanager
def _metrics_folder(data_dir: Path, port: int) -> Iterator[Path]:
    """An empty folder of this gateway's own: nobody else holds its port."""
    folder = data_dir / "metrics" / str(port)
    try:
        shutil.rmtree(folder, ignore_errors=True)  # a gateway that was killed left it
        folder.mkdir(parents=True)
    except OSError as error:
        raise StoreError(
            f"The folder {folder} cannot be made: {error.strerror}. Give data_dir a writable path."
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
