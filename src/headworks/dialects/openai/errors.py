"""Errors of the OpenAI dialect: ours written for its clients, a provider's read as ours."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from headworks.core.errors import HeadworksError, ProviderError
from headworks.dialects.errors import account_failure, provider_failure, provider_sentence, retry_after_s

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}
_TOO_LONG = re.compile(
    r"context (length|window)|maximum context|too many (input )?tokens|prompt is too long", re.IGNORECASE
)
_NO_CREDIT = "insufficient_quota"
"""The gateway's account at the provider is empty; a caller's own budget is another thing. Asking again is no use."""


def error_status(error: HeadworksError) -> int:
    """HTTP status of an error for clients of this dialect."""
    return error.status


def error_object(error: HeadworksError) -> dict[str, Any]:
    """The `error` object that SDKs unwrap."""
    usual = "invalid_request_error" if error.status < 500 else "server_error"
    kind = "insufficient_quota" if error.code == "insufficient_quota" else _TYPES.get(error.status, usual)
    return {"message": error.message, "type": kind, "param": error.param, "code": error.code}


def write_error(error: HeadworksError, trace_id: str) -> bytes:  # noqa: ARG001  one signature for all dialects
    """The body of an error answer. The trace id goes in a header; this dialect has no place for it in the body."""
    return msgspec.json.encode({"error": error_object(error)})


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """A provider's error answer as ours."""
    detail = _detail(body)
    sentence = provider_sentence(str(detail.get("message") or f"The provider answered with status {status}."))
    words = str(detail.get("code") or "")
    if _NO_CREDIT in words:
        return account_failure(status, sentence)
    code = _stable_code(status, words, sentence)
    return provider_failure(status, sentence, code=code, retry_after_s=retry_after_s(headers))


def error_in_reply(raw: bytes) -> ProviderError:
    """An `error` object inside a 200: its status when it has one, else by its words."""
    detail = _detail(b'{"error":' + raw + b"}")
    sentence = provider_sentence(str(detail.get("message") or "The provider reported an error inside its reply."))
    words = f"{detail.get('code') or ''} {detail.get('type') or ''}"
    status = detail.get("code") if isinstance(detail.get("code"), int) else detail.get("status")
    if _NO_CREDIT in words:
        return account_failure(200, sentence)
    if not isinstance(status, int) or status < 400:
        status = 429 if "rate_limit" in words else 529 if "overloaded" in words else 502
    return provider_failure(status, sentence, code=_stable_code(status, words, sentence))


def _detail(body: bytes) -> dict[str, Any]:
    """The error object in any shape in use: `{"error": {...}}`, `{"error": "text"}`, `{"message": ...}`, a list."""
    try:
        parsed = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    if not isinstance(parsed, dict):
        return {}
    inner = parsed.get("error", parsed)
    if isinstance(inner, str):
        return {"message": inner}
    return inner if isinstance(inner, dict) else parsed


def _stable_code(status: int, code: str, sentence: str) -> str | None:
    """Our code where the provider's words say more than the status."""
    if status in (400, 413, 422):
        if "context_length" in code or _TOO_LONG.search(sentence):
            return "context_length_exceeded"
        if "content_filter" in code or "content_policy" in code or "moderation" in code:
            return "content_policy_violation"
    return None
