"""From a request and a recipe to a response: what to answer, not yet how it leaves."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.replies import Usage
from headworks.testing.answer import Answer, Question, compose
from headworks.testing.book import Asked, RecipeBook
from headworks.testing.delivery import Step, in_frames, plan
from headworks.testing.http import Request, head
from headworks.testing.recipe import GOOD, Recipe, UnknownRecipeError
from headworks.testing.routes import Route
from headworks.testing.wire.lists import no_frames
from headworks.testing.wire.openai import CHAT
from headworks.testing.wire.parts import Fault, Frame, Wire, fault_of, later_fault
from headworks.testing.wire.prefixes import PrefixCache

RECIPE_HEADER = "x-fake-recipe"
JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"
NO_PREFILL = "This model does not support assistant message prefill. The conversation must end with a user message."
"""Anthropic's sentence, https://platform.claude.com/docs/en/about-claude/models/migration-guide (2026-11-23)."""
_NOT_UNDERSTOOD = (ValueError, LookupError, TypeError, AttributeError)
_decode = msgspec.json.Decoder().decode


class Response(Struct, kw_only=True):
    """What to answer.

    Attributes:
        status: HTTP status.
        recipe: How the answer is to leave.
        wire: Dialect, for faults in the middle.
        body: The whole body; None for a stream.
        frames: Events of a stream.
        tokens: Length of the answer, on which the places of faults depend.
        content_type: Of the body.
        location: Where a redirect points.
        told: The token counts in it; None when it holds none, or a fault stands in it.
        keep_alive: False when the connection is to be closed afterwards.
    """

    status: int
    recipe: Recipe
    wire: Wire
    body: bytes | None = None
    frames: list[Frame] = []
    tokens: int = 1
    content_type: str = JSON
    location: str | None = None
    told: Usage | None = None
    keep_alive: bool = True

    def head(self, number: int) -> bytes:
        """Status line and headers of answer `number`."""
        request_id = f"req_fake_{number}"
        headers = {"content-type": self.content_type, "x-request-id": request_id, "request-id": request_id}
        if self.body is None:
            headers["transfer-encoding"] = "chunked"
        else:
            headers["content-length"] = str(len(self.body) + self._added())
        if self.recipe is not GOOD:
            headers |= self._asked()
        if not self.keep_alive:
            headers["connection"] = "close"
        return head(self.status, headers)

    def _asked(self) -> dict[str, str]:
        """The headers that the recipe asks for."""
        recipe = self.recipe
        own = {"content-type": recipe.content_type, "retry-after": recipe.retry_after, "location": self.location}
        return {name: value for name, value in own.items() if value is not None} | recipe.headers

    def _added(self) -> int:
        """Bytes that a fault adds to the body."""
        return 0 if self.recipe.malformed_after_tokens is None else len(self.wire.malformed)

    def steps(self) -> Iterator[Step]:
        """The body, step by step."""
        if self.body is None:
            return plan(self.frames, self.recipe, self.wire, self.tokens)
        return plan(in_frames(self.body, self.tokens), self.recipe, self.wire, max(1, self.tokens), paced=False)

    @property
    def silence_s(self) -> float:
        """Seconds before the first byte: what the recipe says, and the time to write a whole body at its pace."""
        if self.body is None or self.status >= 400:
            return self.recipe.silence_s
        rate = self.recipe.tokens_per_second
        return self.recipe.silence_s + self.recipe.first_token_s + (self.tokens / rate if rate else 0.0)


def respond(
    request: Request, route: Route, book: RecipeBook, number: int, created: int, prefixes: PrefixCache | None = None
) -> Response:
    """What to answer to `request`, the `number`-th, received at `created` (Unix seconds)."""
    wire = route.wire
    try:
        body: Any = _decode(request.body) if request.body else {}
        question = wire.read(body, route.model, len(request.body))
        if prefixes is not None and wire.pieces is not None:
            question.kept = prefixes.take(f"{_key(request)} {question.model}", wire.pieces(body))
    except _NOT_UNDERSTOOD as error:
        return _refusal(request, wire, Fault(400, f"The request is not understood: {type(error).__name__} {error}."))
    try:
        recipe = book.pick(_asked(request, question))
    except UnknownRecipeError as error:
        return _refusal(request, wire, Fault(400, str(error)))
    response = _unanswered(question, recipe, wire) or _answer(question, recipe, wire, number, created)
    response.keep_alive = request.keep_alive and not recipe.close_connection
    return response


def _asked(request: Request, question: Question) -> Asked:
    about = question.talk.said if question.talk.asked is None else question.talk.asked
    named = request.headers.get(RECIPE_HEADER)
    return Asked(model=question.model, stream=question.stream, key=_key(request), about=about, named=named)


def _key(request: Request) -> str:
    """The key that the client sent."""
    headers = request.headers
    bearer = headers.get("authorization", "").removeprefix("Bearer ")
    return bearer or headers.get("x-api-key") or headers.get("x-goog-api-key") or headers.get("api-key") or ""


def _unanswered(question: Question, recipe: Recipe, wire: Wire) -> Response | None:
    """The error or redirect that `recipe` wants in place of an answer, None when it wants an answer."""
    if recipe is GOOD:
        return None
    trouble = fault_of(recipe, wire.overloaded_status)
    if recipe.redirect_to is not None:
        return Response(status=recipe.status or 307, recipe=recipe, wire=wire, body=b"", location=recipe.redirect_to)
    if recipe.error_body is not None:
        status = trouble.status if trouble else recipe.status or 500
        return Response(status=status, recipe=recipe, wire=wire, body=recipe.error_body.encode())
    if trouble is not None:
        return Response(status=trouble.status, recipe=recipe, wire=wire, body=wire.error(trouble))
    if recipe.error_after_tokens is not None and not question.stream:
        body = wire.error(later_fault(recipe, wire))
        return Response(status=recipe.status or 200, recipe=recipe, wire=wire, body=body)
    if recipe.prefill == "rejected" and question.talk.begun is not None:
        return Response(status=400, recipe=recipe, wire=wire, body=wire.error(Fault(400, NO_PREFILL)))
    return None


def _answer(question: Question, recipe: Recipe, wire: Wire, number: int, created: int) -> Response:
    answer = compose(question, recipe, number, created)
    response = Response(status=recipe.status or 200, recipe=recipe, wire=wire, tokens=answer.tokens)
    if question.stream:
        response.frames = wire.frames(answer)
        response.content_type = EVENTS
    else:
        response.body = wire.whole(answer)
    response.told = _told(answer, recipe, wire)
    return response


def _told(answer: Answer, recipe: Recipe, wire: Wire) -> Usage | None:
    """The token counts that a client reads, None where it reads none or may stop at a fault before them."""
    faulty = recipe.omit_finish or recipe.error_after_tokens is not None or recipe.malformed_after_tokens is not None
    untold = answer.question.stream and not answer.question.tell_usage
    return None if faulty or untold or wire.frames is no_frames else answer.usage


def _refusal(request: Request, wire: Wire, trouble: Fault) -> Response:
    response = Response(status=trouble.status, recipe=GOOD, wire=wire, body=wire.error(trouble))
    response.keep_alive = request.keep_alive
    return response


def nothing_here(request: Request) -> Response:
    """The answer to a path that is not served, in OpenAI's words."""
    return _refusal(request, CHAT, Fault(404, f"The fake provider has nothing at {request.method} {request.path}."))
