"""Every way Headworks says no, as one tree of exceptions.

    HeadworksError(code, status, retryable)
    |- BadAskError         the caller's fault, 400/404/413/422, never retried
    |- RefusedError        our rules said no, 401/402/403/429/503, never retried elsewhere
    |- ProviderError       the provider failed, 502/503/504 (or its own 4xx passed on)
    |- InvalidReplyError   the validator refused the reply, 502
    |- StoreError          our own storage failed, 503

`code` is a short constant for metrics and programs; `message` is the sentence for people. It names the value, the
limit and what to do. Neither ever holds a key, a traceback or an upstream body: the server edge sends both as they are.
"""


class HeadworksError(Exception):
    """Base of the tree.

    Args:
        message: The sentence for people.
        code: Stable constant for programs, one of the codes in docs/reference/errors.md.
        status: HTTP status the server edge answers with.
        retryable: True when the same call may succeed if sent again (or sent elsewhere).
        param: Name of the request field at fault, where there is one.
        retry_after_s: Seconds the caller should wait before trying again; only sent with retryable errors.
    """

    default_code = "internal_error"
    default_status = 500
    default_retryable = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        retryable: bool | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.status = status or self.default_status
        self.retryable = self.default_retryable if retryable is None else retryable
        self.param = param
        self.retry_after_s = retry_after_s


class BadAskError(HeadworksError):
    """The request itself is wrong; sending it again unchanged cannot help."""

    default_code = "invalid_request"
    default_status = 400


class RefusedError(HeadworksError):
    """A rule of this gateway (identity, budget, limit, switch) says no."""

    default_code = "forbidden"
    default_status = 403


class ProviderError(HeadworksError):
    """The provider failed, was silent, or answered something unusable.

    Attributes:
        provider_status: HTTP status the provider answered with; None when there was no answer.
        account: True when the provider turns the gateway's own account away: its key, its credit, its permission.
    """

    default_code = "provider_error"
    default_status = 502
    default_retryable = True

    def __init__(  # noqa: PLR0913  the tree's own five, and what the provider said and meant
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        retryable: bool | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
        provider_status: int | None = None,
        account: bool = False,
    ) -> None:
        super().__init__(
            message, code=code, status=status, retryable=retryable, param=param, retry_after_s=retry_after_s
        )
        self.provider_status = provider_status
        self.account = account


class InvalidReplyError(HeadworksError):
    """The model answered, but not what the feature's output rules allow."""

    default_code = "invalid_output"
    default_status = 502


class StoreError(HeadworksError):
    """Our own storage is away, full or broken."""

    default_code = "store_unavailable"
    default_status = 503
    default_retryable = True


def translation_gap(field: str, dialect: str, hint: str = "") -> BadAskError:
    """The error for a request field that the chosen provider's dialect cannot express."""
    advice = hint or "Remove it, choose a model of another provider, or set `unsupported: drop` for this model."
    return BadAskError(
        f"`{field}` has no counterpart in the {dialect} dialect that serves this model. {advice}",
        code="unsupported_field",
        param=field,
    )
