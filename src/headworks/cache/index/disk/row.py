"""One vector as it lies on disk: behind a checksum over all that it is found, purged and judged by.

Vectors are kept as float16: half the room, and cosines change by less than 0.0001.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from headworks.cache.entries import Facets
from headworks.cache.index.memory import Item
from headworks.cache.index.rows import Floats
from headworks.cache.local.disk.tables import FACETS, facet_columns

COLUMNS = f"key, partition, encoder, {FACETS}, created_s, expires_s, digest, data"
_DIGEST_BYTES = 8
_HALF_BYTES = 2


class About(Struct, frozen=True):
    """What a payload says of its entry.

    Attributes:
        text: The question, to be embedded again by another model.
        facets: For purges.
        created_s: Of the entry, Unix seconds.
    """

    text: str
    facets: Facets
    created_s: float


Describe = Callable[[bytes], About]
"""Reads a payload; raises one of `UNREADABLE` when it cannot."""
UNREADABLE = (ValueError, msgspec.MsgspecError)


class BrokenRowError(ValueError):
    """The row is not as it was written."""


def columns(item: Item, about: About, encoder: int) -> tuple[Any, ...]:
    """Values of `COLUMNS`.

    Raises:
        UnicodeEncodeError: A facet has half a character, which no table holds.
    """
    facets = facet_columns(about.facets)
    data = item.vector.astype("<f2").tobytes() + item.payload
    row = (item.key, item.partition, encoder, *facets, float(about.created_s), float(item.expires_s))
    return (*row, _digest(row, data), data)


def item_of(row: tuple[Any, ...], dims: int) -> Item:
    """The vector of a row with the values of `COLUMNS`.

    Raises:
        BrokenRowError: It is not as it was written.
    """
    *plain, digest, data = row
    if not isinstance(data, bytes) or _digest(tuple(plain), data) != digest or len(data) < dims * _HALF_BYTES:
        raise BrokenRowError("A row of the vectors is broken.")
    vector: Floats = np.frombuffer(data, "<f2", dims).astype(np.float32)
    length = float(np.linalg.norm(vector))
    if not 0 < length < np.inf:
        raise BrokenRowError("A row of the vectors holds no vector.")
    return Item(plain[1], plain[0], vector / np.float32(length), plain[-1], data[dims * _HALF_BYTES :])


def _digest(row: tuple[Any, ...], data: bytes) -> bytes:
    return hashlib.blake2b(msgspec.msgpack.encode(row) + data, digest_size=_DIGEST_BYTES).digest()
