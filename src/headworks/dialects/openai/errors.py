"""Errors of the OpenAI dialect: ours written for its clients, a provider's read as ours."""

from collections.abc import Mapping
from typing import Any

import msgspec

from headworks.core.errors import HeadworksError, ProviderError
from headworks.dialects.errors import account_failure, provider_failure, retry_after_s
from headworks.dialects.refusals import refusal_code

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}
_NO_CREDIT = "insufficient_quota"
"""The gateway's account at the provider is empty; a caller's own budget is another thing. Asking again is no use."""
_STATUS_OF_WORD = {"rate_limit": 429, "overloaded": 529, "invalid_request": 400}
"""What an error inside a reply stands for, where only its words say so."""


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
    sentence, words = _said(detail)
    sentence = sentence or f"The provider answered with status {status}."
    if _NO_CREDIT in words:
        return account_failure(status, sentence)
    code = refusal_code(status, words, sentence)
    return provider_failure(status, sentence, code=code, retry_after_s=retry_after_s(headers))


def error_in_reply(raw: bytes) -> ProviderError:
    """An `error` object inside a 200: its status when it has one, else by its words."""
    detail = _detail(b'{"error":' + raw + b"}")
    sentence, words = _said(detail)
    sentence = sentence or "The provider reported an error inside its reply."
    status = detail.get("code") if isinstance(detail.get("code"), int) else detail.get("status")
    if _NO_CREDIT in words:
        return account_failure(200, sentence)
    if not isinstance(status, int) or status < 400:
        status = next((number for word, number in _STATUS_OF_WORD.items() if word in words), 502)
    return provider_failure(status, sentence, code=refusal_code(status, words, sentence))


def _detail(body: bytes) -> dict[str, Any]:
    """The error object in any shape in use: `{"error": {...}}`, `{"error": "text"}`, `{"message": ...}`, a list.

    A whole reply that a content filter emptied may come as an error too (Azure AI Foundry does so with status 400:
    github.com/experientiallabs/experiential/pull/967, read 2026-11-24).
    """
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
    if not isinstance(inner, dict):
        return parsed
    choices = inner.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if isinstance(choice, dict) and choice.get("finish_reason") == "content_filter":
        return {"message": "The answer was filtered.", "code": "content_filter"}
    return inner


def _said(detail: dict[str, Any]) -> tuple[str, str]:
    """The sentence of an error object, empty when there is none; and its codes and types in one string.

    A provider that passes on what another said puts that in `metadata` (openrouter.ai/docs/api/reference/
    errors-and-debugging, read 2026-11-24).
    """
    metadata = detail.get("metadata")
    about: dict[str, Any] = metadata if isinstance(metadata, dict) else {}
    sentence = str(detail.get("message") or "")
    passed_on = _detail(about["raw"].encode()).get("message") if isinstance(about.get("raw"), str) else None
    if isinstance(passed_on, str):
        sentence = f"{sentence}: {passed_on}"
    inner = detail.get("innererror")
    words = [detail.get("code"), detail.get("type"), inner.get("code") if isinstance(inner, dict) else None]
    if about.get("reasons"):
        words.append("moderation")
    return sentence, " ".join(str(word) for word in words if word)
