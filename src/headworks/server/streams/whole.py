"""A stream that is kept all at once: one piece of bytes with its head and its end, in memory and on disk alike.

Most are answers of the cache, and there may be thousands a second: one string each, that nobody has to look into before
a client comes back for it.

    bytes of the head (4), when it ended (8, milliseconds), the head (JSON), the data
"""

import struct

import msgspec
from msgspec import Struct

from headworks.server.streams.kept import PIECE_OVERHEAD, Head, Piece

WHOLE_OVERHEAD = 600
"""Bytes that Python spends on such a stream, its place in the queue for the disk included; rounded up."""
_FORM = struct.Struct(">IQ")
_encode = msgspec.json.Encoder().encode


class Whole(Struct, gc=False):
    """Such a stream in memory. It has the face of a `KeptStream` that has ended.

    Attributes:
        stream_id: The trace id as 16 bytes.
        piece: Its one piece, packed.
        ended_s: When it ended, Unix seconds.
        written: 0 until it is on disk, 2 from then on.
        lost: True when it was given up.
        base: 1 once memory has let go of the piece.
    """

    stream_id: bytes
    piece: Piece
    ended_s: float
    written: int = 0
    lost: bool = False
    base: int = 0
    count: int = 1

    def drop(self, count: int) -> int:
        """Let go of its piece, if it is among the first `count`; the bytes that frees."""
        if count < 1 or self.base:
            return 0
        freed = len(self.piece.data) + PIECE_OVERHEAD
        self.piece = Piece(0, 0, self.piece.last, b"")
        self.base = 1
        return freed


def pack(head: Head, ended_s: float, data: bytes, last: int) -> Piece:
    """A stream with all its events up to the number `last`."""
    about = _encode(head)
    return Piece(0, 0, last, _FORM.pack(len(about), int(ended_s * 1000)) + about + data)


def unpack(piece: Piece) -> tuple[Head, float, Piece]:
    """Head, end and data of a packed stream.

    Raises:
        MsgspecError: The head is of another version of this gateway.
    """
    about, ended_ms = _FORM.unpack_from(piece.data)
    begins = _FORM.size + about
    head = msgspec.json.decode(piece.data[_FORM.size : begins], type=Head)
    return head, ended_ms / 1000, Piece(0, 0, piece.last, piece.data[begins:])
