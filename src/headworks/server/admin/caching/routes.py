"""Routes for the cache: how it does, and what is to go from it."""

import msgspec
import structlog
from fastapi import FastAPI, Response

from headworks.cache.upkeep import Upkeep
from headworks.server.admin.caching.shapes import CacheView, Invalidation, InvalidationView

_log = structlog.get_logger("headworks.cache")


def add_cache(app: FastAPI, upkeep: Upkeep) -> None:
    """Put the routes on `app`."""

    @app.get("/admin/v1/cache", response_model=CacheView)
    async def show_cache() -> Response:
        """What the worker that answers did with its calls, and what each tier holds."""
        return _json(upkeep.stats())

    @app.post("/admin/v1/cache/invalidate", response_model=InvalidationView)
    async def invalidate(body: Invalidation) -> Response:
        """Let go of all entries that are meant, from every tier, and count what is left; a dry run only counts."""
        done = await upkeep.run(body.where(upkeep.clock.now()), dry_run=body.dry_run)
        if not body.dry_run:
            _log.info("cache_invalidated", where=body.said(), counts=done.counts, erased=done.erased, left=done.left)
        return _json(done)


def _json(value: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
