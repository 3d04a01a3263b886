"""The routes of the admin API. Imported by `door.py` at the first admitted request, because FastAPI is slow to import.

Routes that touch a database are plain functions: FastAPI runs them in its threads, off the event loop.
"""

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from headworks.core.errors import BadAskError, HeadworksError
from headworks.dialects.openai import write_error
from headworks.server.admin.alerts import add_alerts
from headworks.server.admin.budgets import add_budgets
from headworks.server.admin.caching.routes import add_cache
from headworks.server.admin.experiments.routes import add_experiments
from headworks.server.admin.explain import SCHEMA, explained
from headworks.server.admin.flagging.definitions import add_flags
from headworks.server.admin.flagging.switches import add_switches
from headworks.server.admin.masking import masked
from headworks.server.admin.operation import add_operation
from headworks.server.admin.prompts import add_prompts
from headworks.server.admin.reports import add_reports
from headworks.server.admin.rooms import AdminRooms
from headworks.server.admin.shapes import (
    AuditView,
    CreatedKeyView,
    ErrorView,
    KeyDetail,
    KeyPage,
    KeyQuery,
    KeyView,
    NewKey,
    NewReplay,
    Rotation,
    TracePage,
    TraceQuery,
)
from headworks.server.replays import ReplayWish

_Id = Annotated[str, Path(max_length=200)]
_QUESTION = {"requestBody": {"required": True, "content": {"application/json": {"schema": SCHEMA}}}}
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorView} for status in (400, 401, 403, 404, 413, 422, 500, 503)
}


def build_app(rooms: AdminRooms) -> FastAPI:
    """The API over these rooms. Whoever reaches it has shown the admin key."""
    app = FastAPI(
        title="Headworks admin API",
        version="1",
        openapi_url="/admin/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_ERRORS,
        # For the document only: the key was checked at the door.
        dependencies=[Depends(HTTPBearer(auto_error=False, description="The admin key"))],
    )
    app.add_exception_handler(HeadworksError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)
    _add_keys(app, rooms)
    _add_traces(app, rooms)
    _add_insight(app, rooms)
    add_operation(app, rooms)
    add_cache(app, rooms.cache)
    add_reports(app, rooms.traces)
    add_alerts(app, rooms.alerts)
    add_budgets(app, rooms)
    add_switches(app, rooms.switches, rooms.config)
    add_flags(app, rooms.flags)
    add_prompts(app, rooms.prompts, rooms.count_tokens)
    add_experiments(app, rooms.trials.desk, rooms.trials.watch)
    return app


def _add_keys(app: FastAPI, rooms: AdminRooms) -> None:
    keys, clock = rooms.keys, rooms.clock

    @app.post("/admin/v1/keys", status_code=201, response_model=CreatedKeyView)
    def create_key(body: NewKey) -> Response:
        """Make a virtual key. Its text is in this answer and nowhere else."""
        return _json(keys.create(body.spec()), 201)

    @app.get("/admin/v1/keys", response_model=KeyPage)
    def list_keys(query: Annotated[KeyQuery, Query()]) -> Response:
        """List keys, newest first."""
        found = keys.list(query.limit, query.cursor)
        views = [KeyView.of(record, clock.now()) for record in found]
        return _json(KeyPage(data=views, next=found[-1].id if len(found) == query.limit else None))

    @app.get("/admin/v1/keys/{key_id}", response_model=KeyDetail)
    def show_key(key_id: _Id) -> Response:
        """Show one key and what was done to it."""
        view = KeyView.of(keys.get(key_id), clock.now())
        return _json(KeyDetail(**view.model_dump(), history=[AuditView.of(entry) for entry in keys.history(key_id)]))

    @app.post("/admin/v1/keys/{key_id}/revoke", response_model=KeyView)
    def revoke_key(key_id: _Id) -> Response:
        """Stop a key for good."""
        return _json(KeyView.of(keys.revoke(key_id), clock.now()))

    @app.post("/admin/v1/keys/{key_id}/rotate", status_code=201, response_model=CreatedKeyView)
    def rotate_key(key_id: _Id, body: Rotation | None = None) -> Response:
        """Replace a key by a new one with the same rights."""
        return _json(keys.rotate(key_id, (body or Rotation()).overlap_s), 201)


def _add_traces(app: FastAPI, rooms: AdminRooms) -> None:
    traces = rooms.traces

    @app.get("/admin/v1/traces", response_model=TracePage)
    def list_traces(query: Annotated[TraceQuery, Query()]) -> Response:
        """List trace records, newest first."""
        data, following = traces.list(**query.model_dump())
        return _json({"data": data, "next": following})

    @app.get("/admin/v1/traces/{trace_id}", response_model=dict[str, Any])
    def show_trace(trace_id: _Id) -> Response:
        """Show one trace record."""
        record = traces.get(trace_id)
        if record is None:
            raise BadAskError("No trace has this id.", code="unknown_trace", status=404, param="trace_id")
        return _json(record)

    @app.post("/admin/v1/traces/{trace_id}/replay", response_model=dict[str, Any])
    async def replay(trace_id: _Id, body: NewReplay) -> Response:
        """Make a recorded call again, as it was, or with another model or prompt version; it is paid for."""
        record = await asyncio.to_thread(traces.get, trace_id)
        if record is None:
            raise BadAskError("No trace has this id.", code="unknown_trace", status=404, param="trace_id")
        return _json(await rooms.replays.run(record, ReplayWish(body.model, body.prompt)))


def _add_insight(app: FastAPI, rooms: AdminRooms) -> None:
    @app.get("/admin/v1/config", response_model=dict[str, Any])
    def show_config() -> Response:
        """The config in force, secrets masked."""
        return _json(masked(rooms.config()))

    @app.post("/admin/v1/explain", response_model=dict[str, Any], openapi_extra=_QUESTION)
    async def explain(request: Request) -> Response:
        """What would happen to a request, decided step by step, without a provider call."""
        return _json(explained(await request.body(), rooms.keys, rooms.explain, rooms.clock.now()))


def _json(value: Any, status: int = 200) -> Response:
    """An answer. Not FastAPI's own encoder, which would turn exact money into floats."""
    plain = value.model_dump() if isinstance(value, BaseModel) else value
    return Response(msgspec.json.encode(plain), status, media_type="application/json")


async def _ours(request: Request, error: Exception) -> Response:  # noqa: ARG001  the framework's signature
    assert isinstance(error, HeadworksError)
    return _failure(error)


async def _http(request: Request, error: Exception) -> Response:  # noqa: ARG001  the framework's signature
    """A route that does not exist, a method it does not have, a body that cannot be read."""
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
    return _failure(BadAskError(str(error.detail), code=code, status=error.status_code))


async def _invalid(request: Request, error: Exception) -> Response:  # noqa: ARG001  the framework's signature
    """The first fault of a body or query, by the name of its field; its value is not repeated."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return _failure(BadAskError("The body is not valid JSON."))
    place = ".".join(str(step) for step in first["loc"][1:])[:100].encode("utf-8", "replace").decode()
    sentence = f"`{place}`: {first['msg']}." if place else f"The body: {first['msg']}."
    if first["type"] == "extra_forbidden":
        sentence = f"`{place}` is unknown. Leave it out."
    return _failure(BadAskError(sentence, status=422, param=place or None))


async def _unforeseen(request: Request, error: Exception) -> Response:  # noqa: ARG001  the framework's signature
    """A fault of ours. The framework raises it on afterwards, for the server's log; the client gets no detail."""
    return _failure(HeadworksError("The admin API failed unexpectedly. The log of the gateway says why."))


def _failure(error: HeadworksError) -> Response:
    headers = {} if error.retryable else {"x-should-retry": "false"}
    return Response(write_error(error, ""), error.status, headers, "application/json")
