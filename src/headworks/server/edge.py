"""The front door: finds who serves a path, and lets nothing but a clear error out when something breaks.

One of the two places in the house where every exception is caught: a bug becomes a logged traceback, and the client
gets an error in its own dialect with the id to find it by.
"""

from collections.abc import Awaitable, Callable, Sequence

import structlog
from msgspec import Struct

from headworks.core.errors import BadAskError, HeadworksError, RefusedError
from headworks.core.ids import new_trace_id
from headworks.core.messages import Caller
from headworks.dialects import anthropic, openai
from headworks.server.asgi import Answer, App, Receive, Scope, Send, presented_key, read_body, read_headers
from headworks.server.calls import Desk, Door, advice_headers, fact_headers, serve
from headworks.server.models import model_list, one_model
from headworks.server.streams.attach import STREAMS, attach
from headworks.telemetry import Feedback, read_feedback

_log = structlog.get_logger("headworks.edge")

DOORS: dict[str, Door] = {
    "/v1/chat/completions": Door(openai.CHAT, openai.write_error, openai.error_status),
    "/v1/completions": Door(openai.COMPLETIONS, openai.write_error, openai.error_status),
    "/v1/embeddings": Door(openai.EMBEDDINGS, openai.write_error, openai.error_status),
    "/v1/messages": Door(anthropic.MESSAGES, anthropic.write_error, anthropic.error_status),
    "/v1/messages/count_tokens": Door(anthropic.COUNT_TOKENS, anthropic.write_error, anthropic.error_status),
}
_FEEDBACK_BYTES = 1024 * 1024
_RENDER_BYTES = 40 * 1024 * 1024
_ADMIN = "/admin/v1"
_OFREP = "/ofrep/"
_PROMPTS, _RENDER = "/v1/prompts/", "/render"
_MODELS = "/v1/models"


class House(Struct, frozen=True, kw_only=True):
    """What the edge serves: one config's worth of rooms.

    Attributes:
        desk: For calls of applications.
        models: The `(name, provider)` pairs a caller may use.
        feedback: Stores a verdict; raises BadAskError for a trace that is not the caller's.
        render: What a prompt says with the variables of a body: its name, the body.
        ofrep: Flags for applications.
        metrics: The Prometheus page.
        admin: The admin API.
    """

    desk: Desk
    models: Callable[[Caller], Sequence[tuple[str, str]]]
    feedback: Callable[[Caller, Feedback], Awaitable[None]]
    render: Callable[[str, bytes], bytes]
    ofrep: App
    metrics: Callable[[], bytes]
    admin: App


class Edge:
    """The ASGI application. `house` may be replaced at any time; calls under way keep the one they began with."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        door = DOORS.get(path)
        try:
            if door is not None and scope["method"] == "POST" and not self.draining:
                await serve(self.house.desk, door, scope, receive, send)
            elif path.startswith(_OFREP):
                await self.house.ofrep(scope, receive, send)
            elif path.startswith(_ADMIN):
                await self.house.admin(scope, receive, send)
            else:
                await self._page(path, scope, receive, send)
        except Exception as error:  # noqa: BLE001  a bug must not become an opaque 500
            await self._broken(path, error, send)

    async def _page(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything that is not a model call."""
        answer = Answer(send, self.house.desk.beat_s)
        trace_id = new_trace_id(self.house.desk.clock.now())
        headers = read_headers(scope)
        try:
            if path.startswith(STREAMS) and scope["method"] == "GET":
                await self._rest_of_stream(headers, scope, receive, answer)
                return
            body = await self._page_body(path, scope["method"], headers, receive)
        except HeadworksError as error:
            await _refuse(answer, error, trace_id, _speaks_anthropic(path, headers))
            return
        if path == "/metrics":
            await answer.text(body)
        else:
            await answer.whole(200, fact_headers(trace_id, {}), body)

    async def _page_body(self, path: str, method: str, headers: dict[str, str], receive: Receive) -> bytes:
        get = method in ("GET", "HEAD")
        if get and path == "/healthz":
            return b'{"status":"ok"}'
        if get and path == "/readyz":
            self._refuse_when_draining()
            return b'{"status":"ready"}'
        if get and path == "/metrics":
            return self.house.metrics()
        if get and (path == _MODELS or path.startswith(_MODELS + "/")):
            return self._models(path, headers)
        if method == "POST" and path == "/v1/feedback":
            caller = self.house.desk.identity.caller(presented_key(headers))
            feedback = read_feedback(await read_body(receive, headers, _FEEDBACK_BYTES))
            await self.house.feedback(caller, feedback)
            return b'{"status":"recorded"}'
        if method == "POST" and path.startswith(_PROMPTS) and path.endswith(_RENDER):
            self.house.desk.identity.caller(presented_key(headers))
            name = path.removeprefix(_PROMPTS).removesuffix(_RENDER)
            return self.house.render(name, await read_body(receive, headers, _RENDER_BYTES))
        if path in DOORS and method == "POST":
            self._refuse_when_draining()
        raise _nothing_here(path, method)

    async def _rest_of_stream(self, headers: dict[str, str], scope: Scope, receive: Receive, answer: Answer) -> None:
        desk = self.house.desk
        caller = desk.identity.caller(presented_key(headers))
        self._refuse_when_draining()
        await attach(desk.streams, caller, scope, receive, answer)

    def _refuse_when_draining(self) -> None:
        if self.draining:
            raise RefusedError(
                "This gateway is shutting down; send the request again.",
                code="overloaded",
                status=503,
                retryable=True,
                retry_after_s=1,
            )

    def _models(self, path: str, headers: dict[str, str]) -> bytes:
        models = self.house.models(self.house.desk.identity.caller(presented_key(headers)))
        anthropic_client = "anthropic-version" in headers
        if path == _MODELS:
            return model_list(models, anthropic=anthropic_client)
        return one_model(path.removeprefix(_MODELS + "/"), models, anthropic=anthropic_client)

    async def _broken(self, path: str, error: Exception, send: Send) -> None:
        trace_id = new_trace_id(self.house.desk.clock.now())
        _log.error("bug", path=path, trace_id=trace_id, exc_info=error)
        sentence = f"Headworks met an error of its own; the log has it under {trace_id}. Trying again may help."
        answer = Answer(send, self.house.desk.beat_s)
        failure = HeadworksError(sentence, code="internal_error", status=500, retryable=True)
        try:
            await _refuse(answer, failure, trace_id, _speaks_anthropic(path, {}))
        except RuntimeError:
            return  # the answer had begun: the server closes the connection, and the client sees it cut


def _speaks_anthropic(path: str, headers: dict[str, str]) -> bool:
    return path.startswith("/v1/messages") or "anthropic-version" in headers


async def _refuse(answer: Answer, error: HeadworksError, trace_id: str, anthropic_client: bool) -> None:  # noqa: FBT001
    dialect = anthropic if anthropic_client else openai
    headers = fact_headers(trace_id, {}) + advice_headers(error)
    await answer.whole(dialect.error_status(error), headers, dialect.write_error(error, trace_id))


def _nothing_here(path: str, method: str) -> BadAskError:
    known = path in DOORS or path in (_MODELS, "/v1/feedback", "/healthz", "/readyz", "/metrics")
    if known or path.startswith(STREAMS):
        wanted = "POST" if path in DOORS or path == "/v1/feedback" else "GET"
        return BadAskError(f"{path} takes {wanted}, not {method}.", code="invalid_request", status=405)
    return BadAskError(
        f"There is nothing at {path}. Applications use {', '.join(DOORS)} and {_MODELS}.", code="not_found", status=404
    )
