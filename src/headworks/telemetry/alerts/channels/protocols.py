"""What a channel is, and what it needs of the rest of the gateway."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct

from headworks.core.errors import ProviderError
from headworks.telemetry.alerts.message import Message

_TOO_MANY, _LATE = 429, 408


class Letter(Struct, frozen=True, kw_only=True):
    """A POST of JSON.

    Attributes:
        channel: Name of the channel, for sentences.
        url: A secret as a whole.
        headers: Besides the content type.
        body: JSON.
        timeout_s: Seconds until an answer has to be there.
    """

    channel: str
    url: str
    headers: dict[str, str]
    body: bytes
    timeout_s: float


class Answer(Struct, frozen=True, kw_only=True):
    """What came back: the status, and how long the other side wants to be left alone, if it says so."""

    status: int
    retry_after_s: float | None = None


Post = Callable[[Letter], Awaitable[Answer]]
"""Sends a letter over the gateway's own connections; raises ProviderError when there is no answer."""


class Channel(Protocol):
    """One way to reach somebody.

    Attributes:
        lease_s: Seconds that sending may take at most.
    """

    lease_s: float

    async def send(self, message: Message, now_s: float) -> None:
        """Send; returns when the other side has taken it.

        Raises:
            ProviderError: It has not. Not retryable when it never will. The sentence holds no secret.
        """

    def close(self) -> None:
        """Let go of threads."""


def taken(answer: Answer, channel: str) -> None:
    """Return when the letter was taken.

    Raises:
        ProviderError: It was not.
    """
    status = answer.status
    if 200 <= status < 300:
        return
    passing = status >= 500 or status in {_TOO_MANY, _LATE}
    raise ProviderError(
        f"Channel `{channel}` answered with status {status}.", retryable=passing, retry_after_s=answer.retry_after_s
    )
