"""The board: what people change while the gateway runs (switches, flags, prompts, experiments), known to all workers.

An entry is a small JSON value under a kind and a name. Whoever asks reads memory; whoever changes one writes it where
all workers, and all nodes that share a server, see it within a second. Every change is kept: who, when and why.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from headworks.core.errors import BadAskError

MOST_NAME = 300
MOST_WHY = 1_000
MOST_VALUE_BYTES = 1_048_576


class Entry(Struct, frozen=True, kw_only=True):
    """One value as it stands, or stood.

    Attributes:
        kind: What it is: `switch`, `flag`, `prompt`, `label`, `experiment`.
        name: Unique within the kind.
        value: JSON; None where it was taken down.
        version: Counts the changes of this name, from 1.
        at_s: When it was changed, Unix seconds.
        who: Who changed it: a name that people know, such as that of an admin key or `command line`.
        why: Their words.
    """

    kind: str
    name: str
    value: bytes | None
    version: int
    at_s: float
    who: str
    why: str = ""


class Board(Protocol):
    """Where entries hang. Reading is a look into memory and never fails; changing fails closed."""

    def get(self, kind: str, name: str) -> Entry | None:
        """The entry of this name; None when there is none, or it was taken down."""

    def all(self, kind: str) -> Mapping[str, Entry]:
        """Every entry of a kind that is up, by name. Not to be changed; a new mapping after each change."""

    async def put(
        self, kind: str, name: str, value: bytes | None, *, who: str, why: str = "", expected: int | None = None
    ) -> Entry:
        """Put a value up, or take it down (None). When this returns, it is durable, and in force in this process.

        Args:
            kind: Of what.
            name: Which one; 1 to 300 characters.
            value: JSON, at most 1 MiB.
            who: Who does it.
            why: Their words, at most 1,000 characters.
            expected: The version that is changed: 0 for a name that has none. None changes whatever stands there.

        Raises:
            BadAskError: `conflict` (409): somebody else has changed it; the message says who and when.
            StoreError: It could not be kept; nothing has changed.
        """

    async def history(self, kind: str | None = None, name: str | None = None, limit: int = 100) -> list[Entry]:
        """Changes, the newest first.

        Raises:
            StoreError: They cannot be read.
        """

    def watch(self, kind: str, heard: Callable[[], None]) -> None:
        """Call `heard` after every change of a kind, on the event loop; it must be quick and must not raise."""


def checked(entry: Entry) -> Entry:
    """A change that may be made.

    Raises:
        BadAskError: Something of it is too long (422).
    """
    if not 1 <= len(entry.name) <= MOST_NAME:
        raise BadAskError(f"A name has 1 to {MOST_NAME} characters.", status=422)
    if entry.value is not None and len(entry.value) > MOST_VALUE_BYTES:
        raise BadAskError(
            f"`{entry.name}` has {len(entry.value)} bytes; at most {MOST_VALUE_BYTES} are kept.", status=422
        )
    if len(entry.why) > MOST_WHY:
        raise BadAskError(f"The reason has {len(entry.why)} characters; at most {MOST_WHY} are kept.", status=422)
    return entry
