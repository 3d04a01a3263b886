"""Cached answers, in a data directory or through the admin API of a running gateway."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Protocol, TypeVar

import msgspec

from headworks.cache.local import LocalStore
from headworks.cache.outfit import tiers
from headworks.cache.upkeep import Upkeep
from headworks.cli.access.admin import AdminApi
from headworks.config import Config, place
from headworks.core.clock import SystemClock
from headworks.core.errors import StoreError
from headworks.extras import filed_questions, shared_store
from headworks.server.admin.caching.shapes import Invalidation

_T = TypeVar("_T")


class CacheAccess(Protocol):
    """What can be done with cached answers, wherever they are."""

    def stats(self) -> dict[str, Any]:
        """What the cache does, as `GET /admin/v1/cache` shows it."""

    def invalidate(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let go of what the body of `POST /admin/v1/cache/invalidate` means; its answer."""


class RemoteCache:
    """The cache of a running gateway."""

    def __init__(self, admin: AdminApi) -> None:
        self._admin = admin

    def stats(self) -> dict[str, Any]:
        """What it does."""
        return self._admin.get("cache")

    def invalidate(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let go of what is meant."""
        return self._admin.post("cache", "invalidate", body=wish)


class StoredCache:
    """What is kept on disk, and in the shared server if there is one. Gateways on them let go of it, too, at once.

    Args:
        config: Says where.
    """

    def __init__(self, config: Config) -> None:
        self._config = config

    def stats(self) -> dict[str, Any]:
        """What lies there. What calls did, only a running gateway knows."""

        async def look(upkeep: Upkeep) -> dict[str, Any]:
            found: dict[str, Any] = msgspec.to_builtins(upkeep.stats())
            return found

        return self._run(look)

    def invalidate(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let go of what is meant."""
        meant = Invalidation.model_validate(wish)

        async def let_go(upkeep: Upkeep) -> dict[str, Any]:
            done = await upkeep.run(meant.where(upkeep.clock.now()), dry_run=meant.dry_run)
            found: dict[str, Any] = msgspec.to_builtins(done)
            return found

        return self._run(let_go)

    def _run(self, work: Callable[[Upkeep], Awaitable[_T]]) -> _T:
        async def run() -> _T:
            async with self._opened() as upkeep:
                return await work(upkeep)

        return asyncio.run(run())

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Upkeep]:
        config, clock = self._config, SystemClock()
        try:
            config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The data directory {config.data_dir} cannot be made: {error.strerror}.") from error
        async with AsyncExitStack() as stack:
            # Nothing is kept in the memory of this process.
            settings = config.cache.model_copy(update={"memory_bytes": 0})
            kept = LocalStore(config.data_dir, settings, clock, worker="command")
            await kept.start()
            stack.push_async_callback(kept.stop)
            await kept.flush()  # a turn of the thread, which counts what there is
            shared = shared_store(place(config, "command").shared, clock)
            if shared is not None:
                await shared.start()
                stack.push_async_callback(shared.stop)
            found = tiers(kept, shared)
            questions = filed_questions(config, clock)
            if questions is not None:
                stack.callback(questions.close)
                found["semantic"] = questions
            yield Upkeep(found, clock)
