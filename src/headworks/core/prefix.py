"""The beginning of a prompt, as a provider's own cache sees it: what is to be said about it, and who knows what pays.

The cache room decides (`headworks/cache/prefix`), the providers room asks it by these protocols, the dialects write.
"""

from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

from msgspec import Struct

from headworks.core.messages import Ask, Route, Target

Life = Literal["5m", "1h"]
"""How long a provider that is told so keeps a prefix, counted from its last use."""

LIFE_S: dict[Life, float] = {"5m": 300.0, "1h": 3_600.0}


Beginning = Literal["system", "documents", "history"]
"""Up to where the beginning of a prompt goes: tools and system prompt; besides, the documents before the one question,
or the turns before the newest."""


class Cut(Struct, frozen=True):
    """Where a prompt is cut in two. `turns` are those of a history, as its provider counts them; 0 for all it has."""

    upto: Beginning
    turns: int = 0


class Named(Struct, frozen=True):
    """What a provider keeps under a name: a beginning of prompts, as a request says it, by its hash."""

    name: str
    cut: Cut
    digest: bytes


class Wish(Struct, frozen=True):
    """A beginning that is to be kept under a name from now on, for so long; `again` names it where it already is."""

    cut: Cut
    life: Life
    again: str | None = None


class Kept(Struct, frozen=True):
    """What a provider has answered to an order.

    Attributes:
        name: Under which it keeps the beginning.
        tokens: How many it counts; 0 where it does not say.
        life_s: For how long from now; None where it does not say.
    """

    name: str
    tokens: int = 0
    life_s: float | None = None


class Order(Struct, frozen=True, kw_only=True):
    """A request of our own that has a provider keep a beginning under a name: what a wish has become in its words.

    Attributes:
        method: `POST` or `PATCH`.
        path: Relative to the provider's base URL.
        body: JSON.
        wish: What it asks for; with the turns of a history, as the provider counts them.
        digest: The hash of the beginning.
        read: What the answer means; raises ProviderError for one that means nothing.
    """

    method: Literal["POST", "PATCH"]
    path: str
    body: bytes
    wish: Wish
    digest: bytes
    read: Callable[[bytes], Kept]


class Reference(Struct, frozen=True):
    """A request names what its provider keeps, in the place of saying it.

    Attributes:
        name: The name.
        is_gone: Whether an error answer (status, body) says that nothing is kept under it.
    """

    name: str
    is_gone: Callable[[int, bytes], bool]


Post = Callable[[Order], Awaitable[bytes]]
"""Sends an order to the account it is for; the body of a good answer. Raises ProviderError for any other."""


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
        named: What the account keeps under names, the longest first: to be named where it is how this prompt begins.
        wish: What it is to keep under a name.
    """

    tools: Life | None = None
    system: Life | None = None
    documents: Life | None = None
    history: Life | None = None
    key: str | None = None
    sorted_tools: bytes | None = None
    named: tuple[Named, ...] = ()
    wish: Wish | None = None


class Prefix(Protocol):
    """What is known of one call's prefix.

    Attributes:
        affinity: A number that is the same for all calls of one conversation, in every process.
    """

    affinity: int

    def begin_at(self, route: Route) -> int:
        """The place of the route's target to ask first: the one that holds the conversation, where that is cheaper."""

    def marks(self, target: Target, key: int = 0) -> Marks | None:
        """What to say to a target by the `key`-th of its provider's keys; None for nothing.

        The same for every attempt of the call, but for what is kept under names.
        """

    def landed(self, place: int, target: Target) -> None:
        """The target at this place of the route has begun to answer, so it holds the prefix now."""

    def keep(self, target: Target, key: int, order: Order, post: Post) -> None:
        """Have the order sent, in the background and once, whatever comes of it. Only inside the loop."""

    def used(self, target: Target, key: int, name: str) -> None:
        """A request that names this has begun to be answered."""

    def gone(self, target: Target, key: int, name: str) -> None:
        """The account keeps nothing under this name any more."""


class Prefixes(Protocol):
    """Knows the prefixes of calls made before."""

    def of(self, ask: Ask, route: Route) -> Prefix | None:
        """The prefix of a call; None for one that is too short to be kept by any provider. Cheap then."""
