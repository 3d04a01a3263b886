"""The beginning of a prompt, as a provider's own cache sees it: what is to be said about it, and who knows what pays.

The cache room decides (`headworks/cache/prefix`), the providers room asks it by these protocols, the dialects write.
"""

from typing import Literal, Protocol

from msgspec import Struct

from headworks.core.messages import Ask, Route, Target

Life = Literal["5m", "1h"]
"""How long a provider that is told so keeps a prefix, counted from its last use."""

LIFE_S: dict[Life, float] = {"5m": 300.0, "1h": 3_600.0}


class Marks(Struct, frozen=True, kw_only=True):
    """What a request says of its prefix. A dialect writes what its provider understands, and leaves out the rest.

    A request that has marks, even empty ones, is also written so that its prefix is the same each time: tools by name,
    documents before the one question about them. A client that marks for itself has no marks of ours.

    Attributes:
        tools: Keep everything up to the end of the tools, for so long.
        system: The same for the system prompt.
        documents: The same for the documents before the first question.
        history: The same for the turns before the newest.
        key: Name under which the provider is to keep prompts that begin alike; says nothing of their text.
        sorted_tools: The client's own field `tools` in its order by name, where it was sent in another.
    """

    tools: Life | None = None
    system: Life | None = None
    documents: Life | None = None
    history: Life | None = None
    key: str | None = None
    sorted_tools: bytes | None = None


class Prefix(Protocol):
    """What is known of one call's prefix.

    Attributes:
        affinity: A number that is the same for all calls of one conversation, in every process.
    """

    affinity: int

    def begin_at(self, route: Route) -> int:
        """The place of the route's target to ask first: the one that holds the conversation, where that is cheaper."""

    def marks(self, target: Target) -> Marks | None:
        """What to say to a target; None for nothing. The same for every attempt of the call."""

    def landed(self, place: int, target: Target) -> None:
        """The target at this place of the route has begun to answer, so it holds the prefix now."""


class Prefixes(Protocol):
    """Knows the prefixes of calls made before."""

    def of(self, ask: Ask, route: Route) -> Prefix | None:
        """The prefix of a call; None for one that is too short to be kept by any provider. Cheap then."""
