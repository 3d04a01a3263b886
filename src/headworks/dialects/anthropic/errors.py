"""Errors, both ways: ours as an Anthropic client understands them, an Anthropic provider's as ours.

Types and statuses: https://platform.claude.com/docs/en/api/errors (read 2026-11-23). The SDKs choose their exception
class by HTTP status on a plain answer, and can only go by `error.type` in the middle of a stream.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.errors import HeadworksError, ProviderError
from headworks.dialects.errors import account_failure, provider_failure, retry_after_s
from headworks.dialects.refusals import refusal_code

_STATUS_OF_CODE = {"insufficient_quota": 402, "overloaded": 529}
_TYPE_OF_STATUS = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_STATUS_OF_TYPE = {name: status for status, name in _TYPE_OF_STATUS.items()} | {
    "invalid_request_error": 400,
    "api_error": 500,
}

# The API has no code of its own for it; its sentences are all there is to go by.
_NO_CREDIT = ("credit balance", "spend limit", "spending limit", "usage limits")


class _Fault(Struct, frozen=True):
    type: str = ""
    message: str = ""
    details: dict[str, Any] | None = None


class _ErrorBody(Struct):
    error: _Fault = _Fault()


_DECODER = msgspec.json.Decoder(_ErrorBody)


def error_status(error: HeadworksError) -> int:
    """The HTTP status an Anthropic client expects: a used-up budget is 402 here, overload 529."""
    return _STATUS_OF_CODE.get(error.code, error.status)


def write_error(error: HeadworksError, trace_id: str) -> bytes:
    """The error body; our stable `code` (and `param`, where a field is at fault) stand beside type and message."""
    status = error_status(error)
    fallback = "invalid_request_error" if status < 500 else "api_error"
    fault = {"type": _TYPE_OF_STATUS.get(status, fallback), "message": error.message, "code": error.code}
    if error.param:
        fault["param"] = error.param
    return msgspec.json.encode({"type": "error", "error": fault, "request_id": trace_id})


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """A provider's error answer as ours. A body of another shape (a proxy's page) is never quoted."""
    try:
        fault = _DECODER.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        fault = _Fault()
    return _failure(status, fault, retry_after_s(headers))


def read_stream_error(data: bytes) -> ProviderError:
    """An `error` event in the middle of a stream, whose HTTP status has long been 200: the type says what it is."""
    try:
        fault = _DECODER.decode(data).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        fault = _Fault()
    return _failure(_STATUS_OF_TYPE.get(fault.type, 500), fault, None)


def _failure(status: int, fault: _Fault, wait_s: float | None) -> ProviderError:
    said = fault.message.lower()
    reason = (fault.details or {}).get("error_code", "")
    if status in (400, 429) and (any(words in said for words in _NO_CREDIT) or "spend_limit" in str(reason)):
        return account_failure(status, fault.message)
    code = refusal_code(status, str(reason), fault.message)
    return provider_failure(status, fault.message, code=code, retry_after_s=wait_s)
