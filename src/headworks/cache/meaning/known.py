"""What the index keeps with each vector: the question, what it is found by, and its record."""

import msgspec
from msgspec import Struct

from headworks.cache.decision import Record
from headworks.cache.entries import Facets
from headworks.cache.guards import Reading
from headworks.cache.index.disk.row import About


class Known(Struct, frozen=True, array_like=True):
    """A question that has an answer.

    Attributes:
        text: Its words, for the verifier, and for another embedding model.
        reading: What the guards see in them.
        facets: Of its entry.
        created_s: Of its entry, Unix seconds.
        record: What was observed of its answer.
    """

    text: str
    reading: Reading
    facets: Facets
    created_s: float
    record: Record


def with_record(known: Known, record: Record) -> Known:
    """The same with another record."""
    return Known(known.text, known.reading, known.facets, known.created_s, record)


def describe(payload: bytes) -> About:
    """What the index has to know of a payload.

    Raises:
        ValueError: It is none of ours, or of another version.
    """
    try:
        known = decode(payload)
    except msgspec.MsgspecError as error:
        raise ValueError("The payload of a vector has another form.") from error
    return About(known.text, known.facets, known.created_s)


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Known).decode
