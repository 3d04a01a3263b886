"""An answer as the tiers of this machine hold it: packed, with what it is found and judged by beside it."""

from msgspec import Struct

from headworks.cache.entries import Entry, Facets, pack

SLACK_S = 60.0
"""So far ahead of the clock an entry's time may lie before it counts as from a time that the clock has taken back."""


class Held(Struct, frozen=True, gc=False):
    """One packed entry.

    Attributes:
        key: 32 bytes.
        data: What `entries.pack` wrote.
        facets: The entry's.
        created_s: Unix seconds.
        expires_s: Unix seconds.
    """

    key: bytes
    data: bytes
    facets: Facets
    created_s: float
    expires_s: float


def held(entry: Entry, data: bytes | None = None) -> Held:
    """The entry as tiers hold it; `data` where it has been packed already."""
    packed = pack(entry) if data is None else data
    return Held(entry.key, packed, entry.facets, entry.created_s, entry.expires_s)


def is_valid(created_s: float, expires_s: float, now_s: float) -> bool:
    """Whether an entry may be served now. One from the future may not: nobody can say how old it is."""
    return created_s - SLACK_S <= now_s < expires_s
