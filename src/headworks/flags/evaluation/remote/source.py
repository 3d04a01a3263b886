"""What another system of flags is, seen from here, and what it needs of the rest of the gateway."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from msgspec import Struct

from headworks.flags.evaluation.details import Context, Details


class Letter(Struct, frozen=True, kw_only=True):
    """A POST of JSON.

    Attributes:
        url: Where to.
        headers: Besides the content type. Secrets.
        body: JSON.
        timeout_s: Seconds until an answer has to be there.
    """

    url: str
    headers: dict[str, str]
    body: bytes
    timeout_s: float


class Answer(Struct, frozen=True, kw_only=True):
    """What came back: its status, its body, and how long the other side wants to be left alone, if it says so."""

    status: int
    body: bytes
    retry_after_s: float | None = None


Post = Callable[[Letter], Awaitable[Answer]]
"""Sends a letter over the gateway's own connections; raises ProviderError when there is no answer."""


class Source(Protocol):
    """Another system that evaluates flags.

    Attributes:
        name: For people; the same as long as the config is.
    """

    name: str

    async def start(self) -> None:
        """Get ready. Never waits for the other side to be there."""

    async def stop(self) -> None:
        """Let go of it."""

    async def look_up(self, key: str, default: Any, context: Context) -> Details:
        """What a context gets. Details that say an error are an answer, too.

        Args:
            key: The flag.
            default: The caller's own value, which says what type is wanted.
            context: Plain JSON values.

        Raises:
            ProviderError: The other side is away, or does not work.
        """
