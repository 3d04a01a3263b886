"""Routes for flags: look at them, change them, try them."""

from typing import Annotated, Any, Protocol

import msgspec
from fastapi import FastAPI, Path, Query, Response
from pydantic import BaseModel, Field

from headworks.flags.evaluation import Context, Details
from headworks.flags.evaluation.shelf import FlagView
from headworks.server.admin.shapes import Asked

ACTOR = "admin key"
_Name = Annotated[str, Path(max_length=200)]
_Why = Annotated[str, Query(max_length=1_000)]
_Version = Annotated[int | None, Query(ge=0)]


class Shelf(Protocol):
    """Flags, as far as people look at them and change them here. Called on the event loop."""

    def list(self) -> list[FlagView]:
        """All flags, by name."""

    def show(self, name: str) -> FlagView:
        """One flag; raises BadAskError `unknown_flag`."""

    async def put(self, name: str, definition: object, *, who: str, why: str = "", expected: int | None) -> FlagView:
        """Put a flag up, or change it; raises BadAskError, StoreError."""

    async def delete(self, name: str, *, who: str, why: str = "", expected: int | None) -> int:
        """Take a flag down; the version of its absence. Raises BadAskError, StoreError."""

    def evaluate(self, name: str, context: Context) -> Details:
        """What a context gets; raises BadAskError `unknown_flag`."""


class FlagWish(Asked):
    """A flag to be put up."""

    definition: dict[str, Any]
    """As docs/flags.md describes it."""

    expected: int | None = Field(default=None, ge=0)
    """The version that is changed, 0 for a new flag. Left out: whatever stands there is changed."""

    why: str = Field(default="", max_length=1_000)
    """Your words, kept with the change."""


class FlagQuestion(Asked):
    """For whom a flag is to be evaluated."""

    context: dict[str, Any] = Field(default_factory=dict)
    """`targetingKey`, `org`, `end_user`, `feature`, `model`, `tags` and whatever else rules ask about."""


class FlagShown(BaseModel):
    """A flag: where it is defined, how, and who changed it last."""

    name: str
    source: str
    definition: Any
    version: int
    changed_at: str | None
    who: str | None
    why: str | None
    fault: str | None
    hidden: bool


class FlagsShown(BaseModel):
    """All flags, by name."""

    data: list[FlagShown]


class FlagGone(BaseModel):
    """A flag that was taken down. `version` is what a later change of this name expects."""

    name: str
    version: int


class FlagResult(BaseModel):
    """What a context gets; `value` is null where the caller's own default is in force."""

    key: str
    value: Any
    variant: str | None
    reason: str
    error_code: str | None
    error_message: str | None
    metadata: dict[str, Any]
    rule: int | None


def add_flags(app: FastAPI, shelf: Shelf) -> None:
    """Put the routes on `app`."""

    @app.get("/admin/v1/flags", response_model=FlagsShown)
    async def list_flags() -> Response:
        """List all flags: those of the config file, which are read-only here, and those changed at run time."""
        return _json({"data": shelf.list()})

    @app.get("/admin/v1/flags/{name}", response_model=FlagShown)
    async def show_flag(name: _Name) -> Response:
        """Show one flag."""
        return _json(shelf.show(name))

    @app.put("/admin/v1/flags/{name}", response_model=FlagShown)
    async def put_flag(name: _Name, body: FlagWish) -> Response:
        """Put a flag up, or change it. 409 when somebody else has changed it, 422 for a wrong definition."""
        done = await shelf.put(name, body.definition, who=ACTOR, why=body.why, expected=body.expected)
        return _json(done)

    @app.delete("/admin/v1/flags/{name}", response_model=FlagGone)
    async def delete_flag(name: _Name, expected: _Version = None, why: _Why = "") -> Response:
        """Take a flag down. Callers get their own default from then on."""
        return _json({"name": name, "version": await shelf.delete(name, who=ACTOR, why=why, expected=expected)})

    @app.post("/admin/v1/flags/{name}/evaluate", response_model=FlagResult)
    async def evaluate_flag(name: _Name, body: FlagQuestion) -> Response:
        """Say what a context gets of a flag, and which rule decides."""
        return _json(shelf.evaluate(name, body.context))


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
