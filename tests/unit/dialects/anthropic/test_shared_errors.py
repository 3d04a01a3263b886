"""The error words all three dialects share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.dialects.errors import provider_failure, provider_sentence, retry_after_s


def test_milliseconds_win_over_seconds() -> None:
    assert retry_after_s({"retry-after-ms": "1500", "retry-after": "9"}) == 1.5


@pytest.mark.parametrize(("text", "seconds"), [("7", 7.0), ("0.25", 0.25), ("0", 0.0)])
def test_seconds_may_have_fractions(text: str, seconds: float) -> None:
    assert retry_after_s({"retry-after": text}) == seconds


def test_an_http_date_is_measured_from_now() -> None:
    header = {"retry-after": "Mon, 23 Nov 2026 10:00:30 GMT"}
    now_s = 1_795_428_000.0
    assert retry_after_s(header, now_s) == 30.0
    assert retry_after_s(header, now_s + 100) == 0.0


@pytest.mark.parametrize("text", ["soon", "-3", "nan", "inf", "", "Mon, 99 Foo"])
def test_nonsense_is_no_advice(text: str) -> None:
    assert retry_after_s({"retry-after": text}) is None


def test_no_header_is_no_advice() -> None:
    assert retry_after_s({}) is None


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-abcdefghijkl1234",
        "sk-ant-api03-AbCdEf_1234-xyz",
        "hw-0123456789abcdef",
        "AIzaSyA1234567890abcdefg",
        "sk-abc*******wxyz",
        "gsk_abcdefgh12345678",
    ],
)
def test_keys_are_masked(key: str) -> None:
    said = provider_sentence(f"Incorrect API key provided: {key}. See the docs.")
    assert key not in said
    assert key[6:] not in said
    assert "[key]" in said


@given(st.text(max_size=3000))
def test_a_sentence_is_one_short_line(text: str) -> None:
    said = provider_sentence(text)
    assert len(said) <= 500
    assert "\n" not in said


@pytest.mark.parametrize(
    ("status", "code", "outward", "retryable"),
    [
        (400, "invalid_request", 400, False),
        (401, "provider_error", 502, False),
        (402, "provider_error", 502, False),
        (403, "provider_error", 502, False),
        (404, "provider_error", 502, False),
        (408, "provider_timeout", 504, True),
        (409, "provider_error", 502, True),
        (413, "invalid_request", 413, False),
        (418, "invalid_request", 400, False),
        (422, "invalid_request", 422, False),
        (429, "rate_limit_exceeded", 429, True),
        (500, "provider_error", 502, True),
        (502, "provider_error", 502, True),
        (503, "overloaded", 503, True),
        (504, "provider_timeout", 504, True),
        (529, "overloaded", 503, True),
    ],
)
def test_every_status_has_its_error(status: int, code: str, outward: int, retryable: bool) -> None:
    error = provider_failure(status, "no", retry_after_s=3)
    assert (error.code, error.status, error.retryable) == (code, outward, retryable)
    assert error.provider_status == status
    assert error.retry_after_s == (3 if retryable else None)


def test_the_message_names_status_and_reason() -> None:
    assert provider_failure(500, "overheated").message == "The provider answered 500: overheated"
    assert provider_failure(500, "").message == "The provider answered 500: it gave no reason"
