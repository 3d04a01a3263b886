"""Flags for applications that speak the OpenFeature Remote Evaluation Protocol: one flag, or all, for one context.

https://github.com/open-feature/protocol, service/openapi.yaml, and its ADR 6 (no `value` where the application's own
default is in force), read 2026-11-24. What the gateway knows of the key stands in the context, whatever the body says.
"""

from hashlib import blake2b
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from headworks.core.errors import BadAskError, HeadworksError
from headworks.core.messages import Caller
from headworks.core.protocols import Identity
from headworks.flags.evaluation import Context, Details, Flags, asked_context
from headworks.server.asgi import JSON, Headers, Receive, Scope, Send, presented_key, read_body, read_headers

PREFIX = "/ofrep/"
BULK = "/ofrep/v1/evaluate/flags"
_ONE = BULK + "/"
_LIMIT_BYTES = 256 * 1024
_ETAG_BYTES = 16
_NOT_FOUND = 404


class Ofrep:
    """An ASGI application for the paths under `/ofrep/`.

    Args:
        flags: Those in force.
        identity: Says whose key it is.
        limit_bytes: A longer request body is answered with 413.
    """

    def __init__(self, flags: Flags, identity: Identity, limit_bytes: int = _LIMIT_BYTES) -> None:
        self._flags = flags
        self._identity = identity
        self._limit = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = read_headers(scope)
        path = _path(scope)
        try:
            caller = self._identity.caller(presented_key(headers))
            _refuse_stranger(path, scope["method"])
            body = await read_body(receive, headers, self._limit)
        except HeadworksError as error:
            await _refuse(error, send)
            return
        key = unquote(path.removeprefix(_ONE)) if path.startswith(_ONE) else None
        context = _context(body, caller)
        if isinstance(context, Details):
            await _failed(context, key, send)
        elif key is None:
            await self._all(context, headers.get("if-none-match", ""), send)
        else:
            await self._one(key, context, send)

    async def _one(self, key: str, context: Context, send: Send) -> None:
        found = self._flags.evaluate(key, context)
        if found.reason == "ERROR":
            await _failed(found, key, send)
        else:
            await _answer(200, _shown(found), [], send)

    async def _all(self, context: Context, known: str, send: Send) -> None:
        found = [_shown(self._flags.evaluate(name, context)) for name in self._flags.names()]
        body = msgspec.json.encode({"flags": found})
        etag = f'"{blake2b(body, digest_size=_ETAG_BYTES, usedforsecurity=False).hexdigest()}"'
        tagged = [(b"etag", etag.encode())]
        if _knows(known, etag):
            await send({"type": "http.response.start", "status": 304, "headers": tagged})
            await send({"type": "http.response.body", "body": b""})
        else:
            await _answer(200, body, tagged, send)


def _path(scope: Scope) -> str:
    """The path as it was sent, so that an encoded slash in a flag's name is none of the path."""
    raw = scope.get("raw_path")
    path: str = scope["path"]
    return raw.partition(b"?")[0].decode("latin-1") if raw else quote(path)


def _refuse_stranger(path: str, method: str) -> None:
    if path != BULK and not path.startswith(_ONE):
        sentence = f"There is nothing at {path[:200]}. Flags are evaluated at {BULK} and {_ONE}NAME."
        raise BadAskError(sentence, code="not_found", status=404)
    if method != "POST":
        raise BadAskError(f"{BULK} takes POST, not {method}.", status=405)


def _context(body: bytes, caller: Caller) -> Context | Details:
    """The context of a request, or what is wrong with it."""
    try:
        asked = msgspec.json.decode(body) if body.strip() else {}
    except (msgspec.DecodeError, UnicodeError):
        return _wrong("PARSE_ERROR", "the body is not JSON")
    except RecursionError:
        return _wrong("PARSE_ERROR", "the body is nested too deep")
    if not isinstance(asked, dict):
        return _wrong("PARSE_ERROR", "the body should be an object with a `context`")
    given = asked.get("context")
    given = {} if given is None else given
    if not isinstance(given, dict):
        return _wrong("INVALID_CONTEXT", "`context` should be an object")
    if not isinstance(given.get("targetingKey", ""), str | None):
        return _wrong("INVALID_CONTEXT", "`targetingKey` should be text")
    return asked_context(given, caller)


def _wrong(code: Any, sentence: str) -> Details:
    return Details(key="", reason="ERROR", error_code=code, error_message=sentence)


def _shown(details: Details) -> dict[str, Any]:
    """A result as the protocol has it. It stands for the server and for the bulk form."""
    if details.reason == "ERROR":
        return {"key": details.key, "errorCode": details.error_code, "errorDetails": details.error_message}
    shown: dict[str, Any] = {"key": details.key, "reason": details.reason}
    if details.value is not None:
        shown["value"] = details.value
    if details.variant is not None:
        shown["variant"] = details.variant
    return {**shown, "metadata": details.metadata} if details.metadata else shown


def _knows(header: str, etag: str) -> bool:
    """Whether `If-None-Match` names this tag (RFC 9110, 13.1.2: compared weakly)."""
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return etag in tags or "*" in tags


async def _failed(details: Details, key: str | None, send: Send) -> None:
    """An evaluation that came to nothing."""
    shown = _shown(details)
    if key is None:
        del shown["key"]
    else:
        shown["key"] = key
    await _answer(_NOT_FOUND if details.error_code == "FLAG_NOT_FOUND" else 400, shown, [], send)


async def _refuse(error: HeadworksError, send: Send) -> None:
    """A refusal: the protocol's general error, which has a sentence alone."""
    extra = [(b"www-authenticate", b"Bearer")] if error.status == 401 else []
    await _answer(error.status, {"errorDetails": error.message}, extra, send)


async def _answer(status: int, shown: Any, extra: Headers, send: Send) -> None:
    body = shown if isinstance(shown, bytes) else msgspec.json.encode(shown)
    headers = [JSON, (b"content-length", b"%d" % len(body)), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
