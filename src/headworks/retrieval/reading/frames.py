"""What the gateway and its reading process say to each other: frames of msgpack behind their length, one each way."""

from typing import BinaryIO

import msgspec
from msgspec import Struct

from headworks.retrieval.store.pieces import Cut

HEAD_BYTES = 4
MOST_BYTES = 512 * 1024**2


class Job(Struct, frozen=True, array_like=True):
    """A file to read.

    Attributes:
        path: Where it lies.
        kind: Name of its reader.
        chars: Longest piece.
        overlap: Characters that a piece repeats.
        most_chars: Text that a file may have.
    """

    path: str
    kind: str
    chars: int
    overlap: int
    most_chars: int


class Result(Struct, frozen=True, array_like=True):
    """What came of it: documents, or what is wrong with the file; and what was left out."""

    documents: tuple[Cut, ...] = ()
    fault: str = ""
    remarks: tuple[str, ...] = ()


encode = msgspec.msgpack.encode


def framed(body: bytes) -> bytes:
    """As it goes over the pipe."""
    return len(body).to_bytes(HEAD_BYTES, "little") + body


def length_of(head: bytes) -> int:
    """Length of what follows."""
    return int.from_bytes(head, "little")


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame; None at the end of the stream."""
    head = stream.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES:
        return None
    body = stream.read(length_of(head))
    return body if len(body) == length_of(head) else None
