"""Which dialect and which kind of call a path stands for.

Only the end of a path counts, so providers with longer prefixes (`/api/v1`, `/openai/deployments/name`) are served too.
"""

import re
from collections.abc import Callable
from urllib.parse import unquote

from msgspec import Struct

from headworks.testing.answer import Answer, Question
from headworks.testing.http import Request
from headworks.testing.wire import anthropic, gemini, lists, openai
from headworks.testing.wire.parts import Body, Wire


class Route(Struct, frozen=True):
    """A way to answer; `model` is set where the path names it."""

    wire: Wire
    model: str = ""


def _unstreamed(
    like: Wire, whole: Callable[[Answer], bytes], read: Callable[[Body, str, int], Question] = lists.read_nothing
) -> Wire:
    """A kind of call that is never streamed, with the errors of `like`."""
    return Wire(
        read=read,
        whole=whole,
        frames=lists.no_frames,
        error=like.error,
        error_event=like.error_event,
        overloaded_status=like.overloaded_status,
    )


_OPENAI_MODELS = Route(_unstreamed(openai.CHAT, lists.openai_models))
_ANTHROPIC_MODELS = Route(_unstreamed(anthropic.MESSAGES, lists.anthropic_models))
_GEMINI_MODELS = Route(_unstreamed(gemini.GENERATE, lists.gemini_models))
_EXACT = {
    "/v1/chat/completions": Route(openai.CHAT),
    "/v1/completions": Route(openai.COMPLETION),
    "/v1/embeddings": Route(_unstreamed(openai.CHAT, lists.openai_embeddings, lists.read_openai_embeddings)),
    "/v1/messages": Route(anthropic.MESSAGES),
    "/v1/messages/count_tokens": Route(_unstreamed(anthropic.MESSAGES, lists.anthropic_count)),
}
_GEMINI_ACTIONS = {
    "generateContent": gemini.GENERATE,
    "streamGenerateContent": gemini.STREAM,
    "batchEmbedContents": _unstreamed(gemini.GENERATE, lists.gemini_embeddings, lists.read_gemini_embeddings),
    "countTokens": _unstreamed(gemini.GENERATE, lists.gemini_count),
}
_GEMINI_PATH = re.compile(r"/models/(?P<model>.+):(?P<action>\w+)$")


def find(request: Request) -> Route | None:
    """The route of a request, None when the fake has nothing there."""
    if request.method == "GET":
        return _models(request) if request.path.endswith("/models") else None
    if request.method != "POST":
        return None
    if route := _EXACT.get(request.path):
        return route
    if match := _GEMINI_PATH.search(unquote(request.path)):
        wire = _GEMINI_ACTIONS.get(match["action"])
        return Route(wire, match["model"]) if wire else None
    ends = [end for end in _EXACT if request.path.endswith(end.removeprefix("/v1"))]
    return _EXACT[max(ends, key=len)] if ends else None


def _models(request: Request) -> Route:
    """Three providers share this path; their clients differ in their headers."""
    if "anthropic-version" in request.headers:
        return _ANTHROPIC_MODELS
    if "x-goog-api-key" in request.headers or "/v1beta/" in request.path:
        return _GEMINI_MODELS
    return _OPENAI_MODELS
