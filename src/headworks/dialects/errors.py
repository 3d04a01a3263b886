"""What every dialect does with a provider's error answer: when to try again, what may be quoted, which error it is.

Invariants: nothing that looks like a key leaves here, no more than 500 characters of the provider's sentence do, and a
fault in the gateway's own credentials never looks like a fault in the client's.
"""

import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from headworks.core.errors import ProviderError
from headworks.dialects.refusals import REFUSALS

SENTENCE_CHARACTERS = 500
CUT = "..."
"""What a sentence ends with that was longer."""
_KEY = re.compile(
    r"\b(?:sk|hw|pk|gsk|xai|key|api)[-_][A-Za-z0-9*._~+/=-]{6,}|\bAIza[\w*.~+/=-]{8,}|(?i:\bbearer\s+)[\w*.~+/=-]{8,}"
)
_WHITE = re.compile(r"\s+")

# Provider status -> (code, status we answer with, may the same call succeed if sent again).
_ANSWERS: dict[int, tuple[str, int, bool]] = {
    400: ("invalid_request", 400, False),
    401: ("provider_error", 502, False),
    402: ("provider_error", 502, False),
    403: ("provider_error", 502, False),
    404: ("provider_error", 502, False),
    408: ("provider_timeout", 504, True),
    409: ("provider_error", 502, True),
    413: ("invalid_request", 413, False),
    422: ("invalid_request", 422, False),
    429: ("rate_limit_exceeded", 429, True),
    503: ("overloaded", 503, True),
    504: ("provider_timeout", 504, True),
    529: ("overloaded", 503, True),
}

_ACCOUNT = frozenset({401, 402, 403})


def retry_after_s(headers: Mapping[str, str], now_s: float | None = None) -> float | None:
    """Seconds the provider asks to wait, None when it does not say or says nonsense; never negative.

    Reads `retry-after-ms`, else `retry-after` as seconds (fractions allowed) or as an HTTP date (RFC 9110, 10.2.3).

    Args:
        headers: Response headers, names in lower case.
        now_s: Unix seconds a date is measured from; the system's time when None.
    """
    if (ms := _number(headers.get("retry-after-ms"))) is not None:
        return ms / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, when.timestamp() - (time.time() if now_s is None else now_s))


def provider_sentence(text: str) -> str:
    """A provider's own words, fit to quote: one line, keys masked, at most 500 characters."""
    # Cut generously before masking, so that a huge body costs nothing and no key is cut into something unrecognisable.
    line = _KEY.sub("[key]", _WHITE.sub(" ", text[: SENTENCE_CHARACTERS * 4]).strip())
    return line if len(line) <= SENTENCE_CHARACTERS else line[: SENTENCE_CHARACTERS - len(CUT)] + CUT


def provider_failure(
    status: int, message: str, *, code: str | None = None, retry_after_s: float | None = None
) -> ProviderError:
    """The error for a provider that answered `status`.

    Args:
        status: The provider's HTTP status, or the one its error type stands for.
        message: The provider's sentence; masked and cut here.
        code: Our code where the words say more than the status does (`refusals.refusal_code`).
        retry_after_s: Seconds to wait; kept only where trying again can help.
    """
    default = ("provider_error", 502, True) if status >= 500 else ("invalid_request", 400, False)
    usual, outward, retryable = _ANSWERS.get(status, default)
    refused = code in REFUSALS
    if refused:
        outward, retryable = (status if status in (413, 422) else 400), False
    sentence = provider_sentence(message) or "it gave no reason"
    return ProviderError(
        f"The provider answered {status}: {sentence}",
        code=code or usual,
        status=outward,
        retryable=retryable,
        retry_after_s=retry_after_s if retryable else None,
        provider_status=status,
        account=status in _ACCOUNT and not refused,
    )


def account_failure(status: int, message: str) -> ProviderError:
    """The error for a provider that turns away the gateway's own account: its key, its credit, its spending cap.

    Whatever `status` the provider wraps that in, it is nothing the client did and nothing a retry mends.
    """
    return ProviderError(
        f"The provider turns the gateway's own account away ({status}): {provider_sentence(message)}",
        status=502,
        retryable=False,
        provider_status=status,
        account=True,
    )


def _number(text: str | None) -> float | None:
    """`text` as a number that is finite and not negative, else None."""
    try:
        value = float(text) if text else -1.0
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
