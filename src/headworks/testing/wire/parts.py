"""What every dialect of the fake is made of: frames, faults, and the four functions of a `Wire`."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from headworks.testing.answer import Answer, Question
from headworks.testing.recipe import Recipe
from headworks.testing.talk import Turn
from headworks.testing.wire.prefixes import Piece

Body = dict[str, Any]
encode = msgspec.json.Encoder().encode

_MESSAGES = {
    "context_length_exceeded": "The prompt is too long for this model: 9000 tokens, 8192 allowed.",
    "content_filter": "The prompt was filtered by a content policy.",
    "insufficient_quota": "The quota of this account is used up.",
    "rate_limit_exceeded": "Too many requests for this account; wait and try again.",
    "model_not_found": "There is no such model.",
    "invalid_api_key": "The API key is not valid.",
    "overloaded": "The provider has too much to do; try again later.",
}
_STATUS = {
    "context_length_exceeded": 400,
    "content_filter": 400,
    "insufficient_quota": 429,
    "rate_limit_exceeded": 429,
    "model_not_found": 404,
    "invalid_api_key": 401,
    "overloaded": 503,
}
_DEFAULT_CODE = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded", 529: "overloaded"}


class Frame(Struct, frozen=True):
    """One event of a stream, and how many tokens of the answer it carries."""

    data: bytes
    tokens: int = 0


class Fault(Struct, frozen=True):
    """An error to put into a dialect's words. `code` is a word of `Recipe.error_code`, None for no special one."""

    status: int
    message: str
    code: str | None = None


class Wire(Struct, frozen=True, kw_only=True):
    """One kind of call of one dialect.

    Attributes:
        read: The question in a request body; raises KeyError, TypeError or ValueError when it is not a good one.
        whole: The body of an answer that is not streamed.
        frames: The events of one that is.
        error: The body of an error answer.
        error_event: The event that reports an error within a stream.
        malformed: An event whose data is not JSON.
        overloaded_status: The status this dialect gives when it has too much to do.
        pieces: The blocks of a prompt in the order in which a model reads them; None where no prompt is kept.
    """

    read: Callable[[Body, str, int], Question]
    whole: Callable[[Answer], bytes]
    frames: Callable[[Answer], list[Frame]]
    error: Callable[[Fault], bytes]
    error_event: Callable[[Fault], bytes]
    malformed: bytes = b'data: {"broken": tru\n\n'
    overloaded_status: int = 503
    pieces: Callable[[Body], list[Piece]] | None = None


def fault_of(recipe: Recipe, overloaded_status: int) -> Fault | None:
    """The error that `recipe` asks for, None when it asks for none."""
    status, code = recipe.status, recipe.error_code
    if status is None and code is not None and recipe.error_after_tokens is None:
        status = _status(code, overloaded_status)
    if status is None or status < 400:
        return None
    return fault(status, code, recipe.big_body_bytes)


def later_fault(recipe: Recipe, wire: Wire) -> Fault:
    """The error that `recipe` wants in the middle of an answer."""
    code = recipe.error_code or "overloaded"
    return fault(_status(code, wire.overloaded_status), code)


def _status(code: str, overloaded_status: int) -> int:
    return overloaded_status if code == "overloaded" else _STATUS.get(code, 400)


def fault(status: int, code: str | None = None, message_bytes: int = 0) -> Fault:
    """An error with its usual words, or with a message of `message_bytes` characters."""
    code = code or _DEFAULT_CODE.get(status)
    usual = _MESSAGES.get(code or "", f"The fake provider answers {status}, as its recipe says.")
    return Fault(status, "x" * message_bytes or usual, code)


def event(payload: object, name: str | None = None) -> bytes:
    """One server-sent event."""
    if name is None:
        return b"data: " + encode(payload) + b"\n\n"
    return b"event: " + name.encode() + b"\ndata: " + encode(payload) + b"\n\n"


def read_turns(messages: list[Body]) -> list[Turn]:
    """The turns of a conversation in the shape OpenAI and Anthropic share."""
    return [Turn(message["role"], _text(message.get("content"), message["role"])) for message in messages]


def _text(content: Any, role: str) -> str:
    if isinstance(content, str):
        return content
    texts = (part["text"] for part in content or () if part.get("type") == "text")
    return ("" if role == "assistant" else " ").join(texts)
