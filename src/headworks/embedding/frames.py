"""What the gateway and its embedding process say to each other: frames of msgpack behind their length, one each way.

The child first says `Ready`. Then each list of texts is answered by `Made`. The end of the child's input ends it.
"""

from typing import BinaryIO

import msgspec
from msgspec import Struct

MOST_BYTES = 16 * 1024**2
HEAD_BYTES = 4
CHARS_PER_TOKEN = 24
"""A text with more characters for each token that may be read is too long, and is not even sent."""


class Order(Struct, frozen=True, array_like=True):
    """What to run: the first frame to the child."""

    tokenizer: str
    weights: str
    max_tokens: int


class Ready(Struct, frozen=True, array_like=True):
    """How the start went: length of the model's vectors, or a sentence on what failed."""

    dims: int = 0
    failure: str = ""


class Made(Struct, frozen=True, array_like=True):
    """Vectors as float32 in rows, and a byte for each text: 1 where the model read it whole."""

    vectors: bytes
    whole: bytes


encode = msgspec.msgpack.encode


class BrokenFrameError(Exception):
    """The other side ended, or said what it never says."""


def framed(body: bytes) -> bytes:
    """As it goes over the pipe."""
    return len(body).to_bytes(HEAD_BYTES, "little") + body


def length_of(head: bytes) -> int:
    """Length of what follows.

    Raises:
        BrokenFrameError: No frame is so long.
    """
    length = int.from_bytes(head, "little")
    if length > MOST_BYTES:
        raise BrokenFrameError("A frame of the embedding process is too long.")
    return length


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame; None at the end of the stream."""
    head = stream.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES:
        return None
    length = length_of(head)
    body = stream.read(length)
    return body if len(body) == length else None
