"""Routes for budgets and rate limits: how they stand."""

from collections.abc import Sequence

import msgspec
from fastapi import FastAPI, Response
from pydantic import BaseModel

from headworks.core.errors import BadAskError
from headworks.core.limits import Limit
from headworks.server.admin.rooms import AdminRooms


class StandingView(BaseModel):
    """One account. Dollars are text, exact to the nano-dollar; tokens, requests and calls are numbers."""

    scope: str
    name: str
    unit: str
    window: str
    period: str
    limit: str | int | None
    spent: str | int
    reserved: str | int
    left: str | int | None
    used_percent: float | None
    resets_at: str | None


class BudgetsView(BaseModel):
    """The accounts that were used last, the latest first, at most a thousand."""

    data: list[StandingView]


def add_budgets(app: FastAPI, rooms: AdminRooms) -> None:
    """Put the route on `app`."""

    def key_limits(key_id: str) -> Sequence[Limit]:
        try:
            return rooms.keys.get(key_id).spec.limits
        except BadAskError:
            return ()

    @app.get("/admin/v1/budgets", response_model=BudgetsView)
    async def list_budgets() -> Response:
        """How budgets and rate limits stand: spent, reserved by calls under way, and left."""
        found = await rooms.budgets().standings(key_limits)
        return Response(msgspec.json.encode({"data": found}), media_type="application/json")
