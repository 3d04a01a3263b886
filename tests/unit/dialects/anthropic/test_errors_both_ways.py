"""Errors: ours in Anthropic's shape, a provider's as ours."""

from typing import Any

import msgspec
import pytest
from anthropic.types import ErrorResponse

from headworks.core.errors import BadAskError, HeadworksError, ProviderError, RefusedError, StoreError
from headworks.dialects.anthropic import DIALECT, error_status, write_error


def error_body(kind: str, message: str, **more: Any) -> bytes:
    return msgspec.json.encode({"type": "error", "error": {"type": kind, "message": message, **more}})


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (BadAskError("x"), 400, "invalid_request_error"),
        (BadAskError("x", status=422), 422, "invalid_request_error"),
        (BadAskError("x", status=413), 413, "request_too_large"),
        (BadAskError("x", code="unknown_model", status=404), 404, "not_found_error"),
        (RefusedError("x", code="invalid_api_key", status=401), 401, "authentication_error"),
        (RefusedError("x"), 403, "permission_error"),
        (RefusedError("x", code="insufficient_quota", status=429), 402, "billing_error"),
        (RefusedError("x", code="rate_limit_exceeded", status=429), 429, "rate_limit_error"),
        (RefusedError("x", code="overloaded", status=503), 529, "overloaded_error"),
        (RefusedError("x", code="feature_disabled", status=503), 503, "api_error"),
        (ProviderError("x"), 502, "api_error"),
        (ProviderError("x", code="provider_timeout", status=504), 504, "timeout_error"),
        (StoreError("x"), 503, "api_error"),
        (HeadworksError("x"), 500, "api_error"),
    ],
)
def test_every_error_has_its_status_and_type(error: HeadworksError, status: int, kind: str) -> None:
    assert error_status(error) == status
    body = msgspec.json.decode(write_error(error, "trace"))
    assert body == {
        "type": "error",
        "error": {"type": kind, "message": "x", "code": error.code},
        "request_id": "trace",
    }


def test_the_field_at_fault_is_named() -> None:
    body = write_error(BadAskError("wrong", param="messages[0]"), "trace")
    assert msgspec.json.decode(body)["error"]["param"] == "messages[0]"


def test_the_official_client_reads_the_body() -> None:
    read = ErrorResponse.model_validate_json(write_error(RefusedError("no", code="forbidden"), "trace"))
    assert (read.error.type, read.error.message, read.request_id) == ("permission_error", "no", "trace")


@pytest.mark.parametrize(
    ("status", "body", "code", "outward", "retryable"),
    [
        (400, error_body("invalid_request_error", "max_tokens: too big"), "invalid_request", 400, False),
        (
            400,
            error_body("invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"),
            "context_length_exceeded",
            400,
            False,
        ),
        (
            400,
            error_body("invalid_request_error", "Output blocked by content filtering policy"),
            "content_policy_violation",
            400,
            False,
        ),
        (
            400,
            error_body("invalid_request_error", "Your credit balance is too low to access the API."),
            "provider_error",
            502,
            False,
        ),
        (401, error_body("authentication_error", "invalid x-api-key"), "provider_error", 502, False),
        (403, error_body("permission_error", "no"), "provider_error", 502, False),
        (404, error_body("not_found_error", "model: nope"), "provider_error", 502, False),
        (413, error_body("request_too_large", "Request exceeds the maximum size"), "invalid_request", 413, False),
        (429, error_body("rate_limit_error", "slow down"), "rate_limit_exceeded", 429, True),
        (
            429,
            error_body("rate_limit_error", "stop", details={"error_code": "enforced_spend_limit_reached"}),
            "provider_error",
            502,
            False,
        ),
        (500, error_body("api_error", "oops"), "provider_error", 502, True),
        (504, error_body("timeout_error", "slow"), "provider_timeout", 504, True),
        (529, error_body("overloaded_error", "Overloaded"), "overloaded", 503, True),
        (502, b"<html>Bad gateway, key sk-ant-123456789</html>", "provider_error", 502, True),
        (500, b'{"error":"text"}', "provider_error", 502, True),
        (500, b"\xff", "provider_error", 502, True),
    ],
)
def test_every_provider_error_has_its_code(status: int, body: bytes, code: str, outward: int, retryable: bool) -> None:
    error = DIALECT.read_error(status, {"retry-after": "3"}, body)
    assert (error.code, error.status, error.retryable, error.provider_status) == (code, outward, retryable, status)
    assert error.retry_after_s == (3.0 if retryable else None)
    assert "sk-ant" not in error.message


def test_a_key_in_a_providers_sentence_is_masked() -> None:
    error = DIALECT.read_error(401, {}, error_body("authentication_error", "bad key sk-ant-api03-abcdefgh"))
    assert "abcdefgh" not in error.message


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("invalid_request_error", 400),
        ("rate_limit_error", 429),
        ("api_error", 500),
        ("overloaded_error", 529),
        ("timeout_error", 504),
        ("of tomorrow", 500),
    ],
)
def test_an_error_in_a_stream_goes_by_its_type(kind: str, status: int) -> None:
    event = b"event: error\ndata: " + error_body(kind, "x") + b"\n\n"
    reader: Any = DIALECT.stream_reader(None)  # type: ignore[arg-type]
    with pytest.raises(ProviderError) as caught:
        reader.read(event)
    assert caught.value.provider_status == status
