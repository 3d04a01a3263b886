"""The short header in front of what is kept: by it the server tells, without opening an entry, what a purge means.

    count (2 bytes) | created (8 bytes, double) | count digests of 8 bytes | the packed entry

A digest stands for one thing said of an entry (`user=alice`). A `Where` is the list of digests that must all be there,
so matching is the same few lines of Lua for a purge, a count, and an entry that comes late. Two things with one digest
would make a purge take too much, never too little.
"""

import struct
from hashlib import blake2b

from msgspec import Struct

from headworks.cache.entries import Facets
from headworks.cache.where import Where

DIGEST_BYTES = 8
_FRONT = struct.Struct("<Hd")
MOST_DIGESTS = 1000


class Wanted(Struct, frozen=True):
    """A `Where` in digests.

    Attributes:
        digests: All of these, one after the other.
        before_s: And created before this; None for any time.
    """

    digests: bytes
    before_s: float | None = None

    @property
    def before(self) -> bytes:
        """`before_s` for Lua: empty for any time."""
        return b"" if self.before_s is None else repr(self.before_s).encode()


def header(facets: Facets, created_s: float) -> bytes:
    """The header of an entry with these facets.

    Raises:
        ValueError: It has more tags than a header holds.
    """
    digests = [
        _digest("org", facets.org),
        _digest("user", facets.user),
        _digest("feature", facets.feature),
        _digest("model", facets.model),
        _digest("corpus", facets.corpus),
        _digest("prompt", facets.prompt),
        *[_digest("tag", name, value) for name, value in facets.tags.items()],
    ]
    if (name := facets.prompt.partition("@")[0]) != facets.prompt:
        digests.append(_digest("prompt", name))
    if len(digests) > MOST_DIGESTS:
        raise ValueError(f"An entry with {len(facets.tags)} tags is not shared.")
    return _FRONT.pack(len(digests), created_s) + b"".join(digests)


def wanted(where: Where) -> Wanted:
    """What must stand in the header of an entry that is meant. What fewest entries have comes last."""
    digests = [
        _digest(name, value)
        for name, value in (
            ("model", where.model),
            ("feature", where.feature),
            ("corpus", where.corpus),
            ("prompt", where.prompt),
            ("org", where.org),
            ("user", where.user),
        )
        if value is not None
    ]
    if where.tag is not None:
        digests.append(_digest("tag", *where.tag))
    return Wanted(b"".join(digests), where.created_before_s)


def split(kept: bytes) -> tuple[float, frozenset[bytes], bytes]:
    """Time of creation, digests and body of what is kept.

    Raises:
        ValueError: It is too short to have a header.
    """
    try:
        count, created_s = _FRONT.unpack_from(kept)
    except struct.error as error:
        raise ValueError("What is kept has no header.") from error
    end = _FRONT.size + count * DIGEST_BYTES
    return created_s, each(kept[_FRONT.size : end]), kept[end:]


def body(kept: bytes) -> bytes:
    """What stands behind the header; empty when there is none."""
    return kept[_FRONT.size + int.from_bytes(kept[:2], "little") * DIGEST_BYTES :]


def each(digests: bytes) -> frozenset[bytes]:
    """The digests one by one."""
    return frozenset(digests[at : at + DIGEST_BYTES] for at in range(0, len(digests), DIGEST_BYTES))


def _digest(*words: str) -> bytes:
    said = "".join([f"{len(word)}:{word}" for word in words])
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
