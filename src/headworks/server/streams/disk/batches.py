"""The form of kept streams on disk: a segment file is a row of batches, a batch is what one turn wrote of all streams.

    batch      b"HWS1", bytes of its directory (4) and of its payload (4), CRC-32 of all that and of the directory (4),
               directory, payload
    directory  one entry of 44 bytes for each piece of a stream: stream id (16), kind (1), zeros (3), sequence number
               (4), number of the last event before it (4) and up to its end (4), offset in the payload (4), bytes (4),
               CRC-32 of the piece (4)

A stream that was kept all at once is one piece of kind 4, as `whole.py` packs it. All numbers are big-endian. A reader
of one stream looks for its id in each directory and skips the rest. What a kill or a full disk tore off is recognised
by its length, what a bad disk turned by its sum; neither is ever taken for content.
"""

import os
import struct
import zlib
from collections.abc import Iterable

from msgspec import Struct

from headworks.server.streams.kept import Piece

MAGIC = b"HWS1"
HEAD, DATA, END, WHOLE = 1, 2, 3, 4
"""Kinds of entries: what is known of a stream (first in each segment), bytes of it, its end and when that was; all of
that at once."""
_BATCH = struct.Struct(">4sIII")
_ENTRY = struct.Struct(">16sB3xIIIIII")


Row = tuple[bytes, int, Piece]
"""One piece of one stream: the stream's id (16 bytes), its kind, and what it is.

A head counts as piece 0, an end takes the number after the last piece.
"""


class Place(Struct, frozen=True, gc=False):
    """Where a piece lies: `offset` in the file `segment` (its number)."""

    kind: int
    seq: int
    before: int
    last: int
    segment: int
    offset: int
    size: int
    check: int


def pack(rows: Iterable[Row]) -> bytes:
    """A batch of `rows`."""
    directory: list[bytes] = []
    payload: list[bytes] = []
    offset = 0
    for stream, kind, piece in rows:
        data = piece.data
        size = len(data)
        numbers = (piece.seq, piece.before, piece.last, offset, size, zlib.crc32(data))
        directory.append(_ENTRY.pack(stream, kind, *numbers))
        payload.append(data)
        offset += size
    listed = b"".join(directory)
    head = _BATCH.pack(MAGIC, len(listed), offset, 0)[:-4]
    return b"".join([head, zlib.crc32(listed, zlib.crc32(head)).to_bytes(4), listed, *payload])


class Batch(Struct, frozen=True, gc=False):
    """A batch as found in a file: its directory, and where its payload begins and ends."""

    directory: bytes
    begins: int
    ends: int

    def places(self, stream: bytes, segment: int) -> list[Place]:
        """The pieces of one stream, in order."""
        found: list[Place] = []
        at = self.directory.find(stream)
        while at >= 0:
            if at % _ENTRY.size == 0:
                _, kind, seq, before, last, offset, size, check = _ENTRY.unpack_from(self.directory, at)
                found.append(Place(kind, seq, before, last, segment, self.begins + offset, size, check))
            at = self.directory.find(stream, at + 1)
        return found


def batch_at(descriptor: int, offset: int) -> Batch | None:
    """The batch that begins at `offset`; None when none does, or not wholly yet. Its payload may be torn off."""
    head = os.pread(descriptor, _BATCH.size, offset)
    if len(head) < _BATCH.size:
        return None
    magic, listed, payload, check = _BATCH.unpack(head)
    if magic != MAGIC or listed % _ENTRY.size:
        return None
    begins = offset + _BATCH.size + listed
    if begins > os.fstat(descriptor).st_size:
        return None
    directory = os.pread(descriptor, listed, offset + _BATCH.size)
    if len(directory) < listed or zlib.crc32(directory, zlib.crc32(head[:-4])) != check:
        return None
    return Batch(directory, begins, begins + payload)


def piece_at(descriptor: int, place: Place) -> Piece | None:
    """A piece; None when its bytes are torn off or not what was written."""
    data = os.pread(descriptor, place.size, place.offset)
    whole = len(data) == place.size and zlib.crc32(data) == place.check
    return Piece(place.seq, place.before, place.last, data) if whole else None
