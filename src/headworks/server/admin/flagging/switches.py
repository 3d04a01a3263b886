"""Routes for kill switches: what is off, switch off, switch on, and every flip."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Query, Response
from pydantic import Field

from headworks.core.clock import rfc3339
from headworks.flags.switches import SwitchWish
from headworks.flags.switches.remarks import remark
from headworks.flags.switches.switch import Switch, told
from headworks.flags.switches.switches import Switches
from headworks.server.admin.shapes import Asked

ACTOR = "admin API"
_Name = Annotated[str, Path(max_length=300)]
_Why = Annotated[str, Query(max_length=1_000)]


class NewSwitch(Asked):
    """Something that is to be off."""

    kind: str
    """Of what: `all`, `feature`, `model`, `provider`, `prompt`, `tool`, `org`, `user`, `cache`, `retrieval`, or
    `safety`."""
    name: str = Field(default="", max_length=200)
    """Which one. Left out: everything, for `all`, `cache` and `retrieval`."""
    why: str = Field(max_length=1_000)
    """In words, for whoever finds it off."""
    seconds: float | None = None
    """After so many it ends by itself."""
    now: bool = False
    """Also end answers that are being written."""


def add_switches(app: FastAPI, switches: Switches, config: Callable[[], dict[str, Any]]) -> None:
    """Put the routes on `app`; `config` is asked whether it knows what is switched off."""

    @app.get("/admin/v1/switches", response_model=dict[str, Any])
    async def list_switches() -> Response:
        """What is off now, the latest first."""
        return _json({"data": [shown(one) for one in switches.standing()]})

    @app.post("/admin/v1/switches", status_code=201, response_model=dict[str, Any])
    async def kill(body: NewSwitch) -> Response:
        """Switch something off, in every worker and node within a second."""
        wish = SwitchWish(kind=body.kind, name=body.name, why=body.why, for_s=body.seconds, now=body.now)
        made = await switches.kill(wish, ACTOR)
        return _json({**shown(made), "remark": remark(made.kind, made.name, config())}, 201)

    @app.delete("/admin/v1/switches/{kind}/{name:path}", response_model=dict[str, Any])
    async def revive(kind: _Name, name: _Name, why: _Why = "") -> Response:
        """Switch something on again."""
        await switches.revive(kind, name, who=ACTOR, why=why)
        return _json({"kind": kind, "name": name, "on": True})

    @app.get("/admin/v1/switch-log", response_model=dict[str, Any])
    async def log(limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Response:
        """Every flip, the newest first."""
        return _json({"data": [told(entry) for entry in await switches.history(limit)]})


def shown(switch: Switch) -> dict[str, Any]:
    """A switch as people see it."""
    return {
        "kind": switch.kind,
        "name": switch.name,
        "why": switch.why,
        "who": switch.who,
        "since": rfc3339(switch.since_s),
        "until": None if switch.until_s is None else rfc3339(switch.until_s),
        "now": switch.now,
    }


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
