"""Gemini's error answers as ours.

Source: https://ai.google.dev/gemini-api/docs/troubleshooting and https://cloud.google.com/apis/design/errors
(google.rpc.Status with its details; read 2026-11-23).
"""

import re
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from headworks.core.errors import ProviderError
from headworks.dialects.errors import account_failure, provider_failure, retry_after_s
from headworks.dialects.refusals import refusal_code

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are not JSON, not the expected shape, not UTF-8, or nested without end."""

_KEY_FAULTS = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED", "CONSUMER_SUSPENDED"})
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")


class Detail(Struct, rename="camel"):
    """One entry of `details`; the kinds that matter here are ErrorInfo and RetryInfo."""

    reason: str | None = None
    retry_delay: str | None = None


class Status(Struct):
    """What went wrong."""

    code: int | None = None
    message: str = ""
    status: str = ""
    details: list[Detail] = []


class ErrorBody(Struct):
    """The body of an error answer."""

    error: Status


_BODY = msgspec.json.Decoder(ErrorBody | list[ErrorBody])


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """The error for an answer with an error status. Not JSON or another shape (a proxy's page) is not quoted."""
    wait_s = retry_after_s(headers)
    try:
        read = _BODY.decode(body)
    except UNREADABLE:
        return provider_failure(status, "", retry_after_s=wait_s)
    bodies = read if isinstance(read, list) else [read]
    return failure(bodies[0].error, status, wait_s) if bodies else provider_failure(status, "", retry_after_s=wait_s)


def failure(error: Status, status: int, wait_s: float | None = None) -> ProviderError:
    """The error for what the provider says went wrong, in an answer or in the middle of a stream.

    Args:
        error: The provider's words.
        status: HTTP status it came with.
        wait_s: Seconds to wait by the headers; the body's own advice counts first.
    """
    for detail in error.details:
        if delay := _SECONDS.fullmatch(detail.retry_delay or ""):
            wait_s = float(delay.group(1))
    if status == 400 and _is_about_us(error):
        return account_failure(status, error.message)  # a bad key answers 400 here, as if the caller were at fault
    code = refusal_code(status, error.status, error.message)
    return provider_failure(status, error.message, code=code, retry_after_s=wait_s)


def _is_about_us(error: Status) -> bool:
    """True when the fault is in our account: its key, its country, its billing."""
    return error.status == "FAILED_PRECONDITION" or any(detail.reason in _KEY_FAULTS for detail in error.details)
