"""Routes for alerts: what is wrong, what could not be told, and a test of the channels."""

from typing import Any

import msgspec
from fastapi import FastAPI, Response
from pydantic import BaseModel, Field

from headworks.server.admin.rooms import Alerts
from headworks.server.admin.shapes import Asked


class AlertTest(Asked):
    """What is to be tested."""

    channel: str | None = Field(default=None, min_length=1, max_length=200)
    """One channel of the config; all when left out."""


class AlertView(BaseModel):
    """One thing that is wrong, or was."""

    kind: str
    subject: str
    severity: str
    open: bool
    title: str
    facts: dict[str, str]
    since: str
    told_at: str
    updated_at: str


class UndeliveredView(BaseModel):
    """A message that waits, or was given up."""

    id: str
    channel: str
    state: str
    digest: bool
    made_at: str
    due_at: str | None
    tries: int
    error: str | None
    alerts: list[dict[str, str]]
    more: int


class AlertsView(BaseModel):
    """All of it, newest first."""

    alerts: list[AlertView]
    undelivered: list[UndeliveredView]


def add_alerts(app: FastAPI, alerts: Alerts) -> None:
    """Put the routes on `app`."""

    @app.get("/admin/v1/alerts", response_model=AlertsView)
    async def list_alerts() -> Response:
        """What is wrong and was, and the messages that wait or could not be delivered."""
        return _json(await alerts.listed())

    @app.post("/admin/v1/alerts/test", response_model=dict[str, Any])
    async def test_alerts(body: AlertTest) -> Response:
        """Send a test to one channel or all, at once; `error` is null where it arrived."""
        results = await alerts.test(body.channel)
        return _json({"data": [{"channel": name, "error": error} for name, error in results.items()]})


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
