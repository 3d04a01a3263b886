"""What a channel is, and what it needs of the rest of the gateway."""

from typing import Protocol

from headworks.core.errors import ProviderError
from headworks.core.people.letters import Answer
from headworks.telemetry.alerts.message import Message

_TOO_MANY, _LATE = 429, 408


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
