"""A system that speaks the OpenFeature Remote Evaluation Protocol.

https://github.com/open-feature/protocol, service/openapi.yaml, read 2026-11-24: one flag for one context by POST, the
value in the answer; no value where the caller's own default is in force.
"""

from typing import Any, get_args
from urllib.parse import quote

import msgspec
from msgspec import Struct

from headworks.core.errors import ProviderError
from headworks.core.people.letters import Answer, Letter, Post
from headworks.flags.evaluation.details import Context, Details, ErrorCode, Reason, failed

PATH = "/ofrep/v1/evaluate/flags/"
_OK, _BAD, _MISSING, _LATER = 200, 400, 404, 429
_MOST_BYTES = 1_048_576


class _Said(Struct):
    """A body, as far as it is read."""

    value: Any = None
    variant: str | None = None
    reason: str | None = None
    metadata: dict[str, Any] | None = None
    errorCode: str | None = None  # noqa: N815  the protocol's name
    errorDetails: str | None = None  # noqa: N815


class OfrepSource:
    """Satisfies `Source`.

    Args:
        url: Address before `/ofrep/v1`.
        headers: Of every request, such as its key.
        timeout_s: Seconds that an answer may take.
        post: Sends.
    """

    def __init__(self, url: str, headers: dict[str, str], timeout_s: float, post: Post) -> None:
        self.name = "ofrep"
        self._url = url.rstrip("/") + PATH
        self._headers = headers
        self._timeout_s = timeout_s
        self._post = post

    async def start(self) -> None:
        """Nothing to get ready."""

    async def stop(self) -> None:
        """Nothing is held."""

    async def look_up(self, key: str, default: Any, context: Context) -> Details:
        """What a context gets."""
        letter = Letter(
            to="provider of flags",
            name=self.name,
            url=self._url + quote(key, safe=""),
            headers=self._headers,
            body=msgspec.json.encode({"context": context}),
            timeout_s=self._timeout_s,
            most_bytes=_MOST_BYTES,
        )
        return _read(key, await self._post(letter))


def _read(key: str, answer: Answer) -> Details:
    if answer.status not in {_OK, _BAD, _MISSING}:
        raise ProviderError(
            f"The provider of flags answered with status {answer.status}.",
            retryable=answer.status == _LATER or answer.status >= 500,
            retry_after_s=answer.retry_after_s,
        )
    try:
        said = msgspec.json.decode(answer.body, type=_Said)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ProviderError("The provider of flags answered with what is not the protocol's JSON.") from error
    if answer.status != _OK:
        return _failure(key, said)
    reason: Reason = said.reason if said.reason in get_args(Reason) else "UNKNOWN"  # type: ignore[assignment]
    return Details(key=key, value=said.value, variant=said.variant, reason=reason, metadata=said.metadata or {})


def _failure(key: str, said: _Said) -> Details:
    """An error of the flag. Without a code the answer is not the protocol's: the address is probably wrong."""
    if said.errorCode is None:
        raise ProviderError("The provider of flags answered with an error that is not the protocol's.")
    code: ErrorCode = said.errorCode if said.errorCode in get_args(ErrorCode) else "GENERAL"  # type: ignore[assignment]
    return failed(key, code, said.errorDetails or f"the provider of flags says {said.errorCode}")
