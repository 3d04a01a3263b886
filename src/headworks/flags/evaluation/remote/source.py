"""What another system of flags is, seen from here, and what it needs of the rest of the gateway."""

from typing import Any, Protocol

from headworks.flags.evaluation.details import Context, Details


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
