"""Letters: JSON that a room wants posted to another system, over the gateway's own connections."""

from collections.abc import Awaitable, Callable

from msgspec import Struct


class Letter(Struct, frozen=True, kw_only=True):
    """A POST of JSON.

    Attributes:
        to: What the other system is, for sentences: `channel`, `provider of flags`.
        name: And what it is called; its address may be a secret.
        url: Where to. A secret as a whole.
        headers: Besides the content type. Secrets.
        body: JSON.
        timeout_s: Seconds until an answer has to be there.
        most_bytes: Of the answer's body, which is read whole; None for a body that nobody wants.
    """

    to: str
    name: str
    url: str
    headers: dict[str, str]
    body: bytes
    timeout_s: float
    most_bytes: int | None = None


class Answer(Struct, frozen=True, kw_only=True):
    """What came back: its status, its body if it was wanted, and how long the other side wants to be left alone."""

    status: int
    body: bytes = b""
    retry_after_s: float | None = None


Post = Callable[[Letter], Awaitable[Answer]]
"""Sends a letter; an answer of any status is one. Raises ProviderError when there is none; the address is not told."""
