"""What the cache room is made of: its stores, and who finds answers by meaning."""

from pathlib import Path
from typing import Protocol

from msgspec import Struct

from headworks.cache.entries import Entry, Facets
from headworks.cache.key import Key
from headworks.core.messages import Ask, Caller, Route, Target
from headworks.core.replies import Chunk, Usage


class Store(Protocol):
    """What keeps entries on this node."""

    def get(self, key: bytes) -> Entry | None:
        """The entry; None when there is none, it has expired, or it is broken."""

    def mark(self) -> int:
        """To be taken when a question is asked: what is invalidated from now on means its answer, too."""

    def put(self, entry: Entry, seen: int) -> bool:
        """Keep it; False when it was invalidated since `seen` was taken."""

    async def remove(self, key: bytes) -> None:
        """Let go of it, in all workers of this node."""


class Shared(Protocol):
    """What keeps entries for all nodes."""

    async def get(self, key: bytes) -> Entry | None:
        """The entry; None when there is none, or the store does not answer in a few milliseconds."""

    def put(self, entry: Entry) -> None:
        """Keep it, soon."""

    async def remove(self, key: bytes) -> None:
        """Let go of it."""


class Question(Struct, frozen=True, kw_only=True):
    """What is looked up by meaning: a call with its key."""

    ask: Ask
    caller: Caller
    route: Route
    key: Key
    facets: Facets


class Match(Struct, frozen=True, kw_only=True):
    """An answer found by meaning.

    Attributes:
        entry: The answer.
        similarity: Of the two questions, up to 1.
        bound: The chance that it is right is at least this.
        error: Ends of the 95% interval of the share of all the feature's answers that were measured wrong; None before
            anything was measured.
    """

    entry: Entry
    similarity: float
    bound: float
    error: tuple[float, float] | None = None


class Search(Protocol):
    """A question that was looked up by meaning.

    Attributes:
        match: The answer found; None when the model has to be asked.
    """

    match: Match | None

    def answered(self, entry: Entry) -> None:
        """The model has answered: learn from it, and let other questions find it. Returns at once."""


class Similar(Protocol):
    """Finds answers by meaning."""

    async def find(self, question: Question) -> Search:
        """Look for the answer of a question that means the same. Never raises; what is broken finds nothing."""

    def feedback(self, trace_id: str, *, wrong: bool) -> None:
        """What a user says of the answer of a call."""


class Outside(Protocol):
    """What the room asks of the rest of the gateway."""

    def cost_nano(self, target: Target, usage: Usage) -> int | None:
        """What a call cost, in nano-dollars; None when no price is known."""

    async def again(self, ask: Ask, caller: Caller) -> list[Chunk]:
        """The model's answer to what a client asked, in a call of its own; raises HeadworksError."""

    async def consult(self, model: str, turns: list[tuple[str, str]], max_tokens: int, org_id: str) -> str:
        """A model's answer to a question of the room's own; raises HeadworksError."""

    async def embeddings(self, body: bytes) -> bytes:
        """What the embedding endpoint answers to a JSON body; raises HeadworksError."""


class Place(Struct, frozen=True):
    """Where the room lies, and what it is made for.

    Attributes:
        data_dir: Folder of its files.
        worker: Name of this process among its siblings.
        shared: URL of the server that nodes share; None for none.
    """

    data_dir: Path
    worker: str
    shared: str | None
