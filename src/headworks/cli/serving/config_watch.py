"""Notices that the config changed, checks it, and passes it on; a bad one is refused and the old one goes on."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import structlog

from headworks.config import Config, ConfigError, find_config

WATCH_S = 1.0
"""How often the file is looked at. Only its time and size are read, so looking costs nothing."""
_log = structlog.get_logger("headworks.serve")


class ConfigWatch:
    """Looks at the config file for as long as the process serves.

    Args:
        path: The file; None when the config is the environment's, which only `reload` reads again.
        accept: Takes each good config.
    """

    def __init__(self, path: Path | None, accept: Callable[[Config], None]) -> None:
        self._path = path
        self._accept = accept
        self._seen = _look(path)
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to look, on the running event loop."""
        if self._path is not None:
            self._next = asyncio.get_running_loop().call_later(WATCH_S, self._look_again)

    def stop(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()

    def reload(self) -> None:
        """Read the config now, whether it changed or not."""
        self._seen = _look(self._path)
        try:
            config = find_config(self._path, os.environ)
        except ConfigError as error:
            _log.error("config_refused", problems=[str(problem) for problem in error.problems])
        else:
            self._accept(config)

    def _look_again(self) -> None:
        now = _look(self._path)
        if now is not None and now != self._seen:
            self.reload()
        self._seen = now
        self.start()


def _look(path: Path | None) -> tuple[int, int, int] | None:
    """What tells one version of the file from another; None while it is away (an editor may be replacing it)."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
