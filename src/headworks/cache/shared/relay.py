"""Between the shared tier and this node's own: what is purged for all nodes goes here, too.

Invariant: a node that holds entries from before hears of every rule made since, or drops them all.
"""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import structlog

from headworks.cache.shared.store import SharedStore
from headworks.cache.where import Where
from headworks.core.errors import StoreError

_log = structlog.get_logger("headworks.cache")


class Local(Protocol):
    """This node's own tiers."""

    async def purge(self, where: Where) -> object:
        """Let go of all entries that are meant; raises StoreError."""


class Relay:
    """Passes rules on.

    Args:
        shared: Where they come from.
        local: Where they are kept to.
        data_dir: Where it is written down which was the last.
        worker: Name of this process among its siblings.

    Attributes:
        shared: As given.
    """

    def __init__(self, shared: SharedStore, local: Local, data_dir: Path, *, worker: str) -> None:
        self.shared = shared
        self._local = local
        self._seen = data_dir / f"cache-rules-{worker}"
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed = False
        shared.subscribe(self._heard)

    async def start(self) -> None:
        """Connect. A node that does not know what it missed begins with an empty cache."""
        since = None
        with suppress(OSError, UnicodeDecodeError):
            since = self._seen.read_text(encoding="ascii") or None
        if since is None and not await self._purge(Where()):
            self._failed = True
        await self.shared.start(since)
        self._write()

    async def stop(self) -> None:
        """Keep to what was heard, and disconnect."""
        await asyncio.gather(*self._tasks)
        self._write()
        await self.shared.stop()

    def _heard(self, where: Where) -> None:
        task = asyncio.get_running_loop().create_task(self._keep_to(where))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_to(self, where: Where) -> None:
        if not await self._purge(where):
            self._failed = True
        if len(self._tasks) == 1:  # the last one under way: all that was heard is kept to
            self._write()

    async def _purge(self, where: Where) -> bool:
        try:
            await self._local.purge(where)
        except StoreError as error:
            _log.error("cache_rule_not_kept", reason=error.message, effect="it is tried again at the next start")
            return False
        return True

    def _write(self) -> None:
        seen = self.shared.rules_seen
        if seen is not None and not self._failed:
            with suppress(OSError):  # not knowing is safe: the next start begins with an empty cache
                fresh = self._seen.with_suffix(".new")
                fresh.write_text(seen, encoding="ascii")
                fresh.replace(self._seen)
