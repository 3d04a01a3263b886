"""Routes for whoever operates the gateway: how the providers do, and the faults of a game day."""

from typing import Any, Literal

import msgspec
from fastapi import FastAPI, Response
from pydantic import Field

from headworks.core.clock import rfc3339
from headworks.core.errors import BadAskError, RefusedError
from headworks.providers.faults import Fault, GameDay
from headworks.server.admin.rooms import AdminRooms
from headworks.server.admin.shapes import Asked


class NewFault(Asked):
    """A fault to be injected into the calls of this gateway."""

    fault: Literal["down", "errors", "rate-limited", "revoked-key", "slow-first-byte", "cut-streams", "stalled-streams"]
    """What goes wrong. `revoked-key` strikes the provider's first key."""
    provider: str = Field(min_length=1, max_length=200)
    """At which provider of the config."""
    model: str | None = Field(default=None, min_length=1, max_length=200)
    """Only for this model of it, by the provider's name."""
    share: float = 1.0
    """How large a share of the calls it strikes: more than 0, at most 1."""
    seconds: float
    """After so many it ends by itself."""


def add_operation(app: FastAPI, rooms: AdminRooms) -> None:
    """Put the routes on `app`."""

    @app.get("/admin/v1/health", response_model=dict[str, Any])
    async def health() -> Response:
        """Breakers that are not closed, keys that are dead, and how many calls each provider takes at once."""
        return _json(rooms.health())

    @app.post("/admin/v1/health/reset", response_model=dict[str, Any])
    async def reset_health() -> Response:
        """Ask every provider, model and key again at once: an account was topped up, an outage is over."""
        rooms.reset_health()
        return _json(rooms.health())

    @app.get("/admin/v1/faults", response_model=dict[str, Any])
    async def list_faults() -> Response:
        """The faults in force."""
        return _json({"data": [_shown(fault) for fault in _allowed(rooms).all()]})

    @app.post("/admin/v1/faults", status_code=201, response_model=dict[str, Any])
    async def inject_fault(body: NewFault) -> Response:
        """Inject a fault into the calls of this gateway, for a set time. One of the same kind and aim is replaced."""
        known = rooms.config().get("providers", {})
        if body.provider not in known:
            raise BadAskError(
                f"No provider of the config is called `{body.provider}`; there are: {', '.join(sorted(known))}.",
                status=422,
                param="provider",
            )
        fault = Fault(fault=body.fault, provider=body.provider, model=body.model, share=body.share)
        return _json(_shown(_allowed(rooms).inject(fault, body.seconds)), 201)

    @app.delete("/admin/v1/faults", response_model=dict[str, Any])
    async def end_faults() -> Response:
        """End every fault at once."""
        _allowed(rooms).clear()
        return _json({"data": []})


def _allowed(rooms: AdminRooms) -> GameDay:
    game_day = rooms.game_day()
    if game_day is None:
        raise RefusedError(
            "This gateway takes no faults: its config does not say `game_day: true`, which is for staging."
        )
    return game_day


def _shown(fault: Fault) -> dict[str, Any]:
    return msgspec.structs.asdict(fault) | {"until": rfc3339(fault.until)}


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
