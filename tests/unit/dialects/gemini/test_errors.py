"""Gemini's error answers: whose fault, whether to try again, and when."""

from pathlib import Path

import pytest

from headworks.core.errors import ProviderError
from headworks.dialects.gemini import DIALECT

CASSETTES = Path(__file__).parents[3] / "cassettes" / "gemini"


def read(name: str, status: int, headers: dict[str, str] | None = None) -> ProviderError:
    return DIALECT.read_error(status, headers or {}, (CASSETTES / name).read_bytes())


def test_a_spent_quota_says_when_to_come_back() -> None:
    error = read("error_quota.json", 429)
    assert (error.code, error.status, error.retryable) == ("rate_limit_exceeded", 429, True)
    assert error.retry_after_s == 22.5
    assert "check your plan" in error.message


def test_the_advice_in_the_body_counts_before_the_header() -> None:
    assert read("error_quota.json", 429, {"retry-after": "60"}).retry_after_s == 22.5
    assert read("error_in_list.json", 503, {"retry-after": "7"}).retry_after_s == 7


@pytest.mark.parametrize("name", ["error_bad_key.json", "error_country.json"])
def test_a_fault_of_our_account_is_never_the_callers(name: str) -> None:
    error = read(name, 400)
    assert (error.code, error.status, error.retryable) == ("provider_error", 502, False)


def test_too_long_a_prompt_has_its_own_code() -> None:
    error = read("error_too_long.json", 400)
    assert (error.code, error.status, error.retryable) == ("context_length_exceeded", 400, False)
    assert "1200345" in error.message


def test_a_wrong_field_is_the_callers_to_mend() -> None:
    error = read("error_bad_field.json", 400)
    assert (error.code, error.status) == ("invalid_request", 400)
    assert "generation_config.top_k" in error.message


def test_an_error_in_a_list_is_read_as_well() -> None:
    error = read("error_in_list.json", 503)
    assert (error.code, error.status, error.retryable, error.provider_status) == ("overloaded", 503, True, 503)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>secret</html>", b'{"error":"no"}', b"[" * 100_000])
def test_another_shape_is_an_error_by_its_status_alone(body: bytes) -> None:
    error = DIALECT.read_error(500, {"retry-after": "3"}, body)
    assert (error.code, error.status, error.retry_after_s) == ("provider_error", 502, 3)
    assert "secret" not in error.message


def test_no_key_is_ever_quoted() -> None:
    body = b'{"error":{"code":403,"message":"Key AIzaSyA1234567890abcdefghijklmnopqrstu is leaked","status":"X"}}'
    assert "AIza" not in DIALECT.read_error(403, {}, body).message
