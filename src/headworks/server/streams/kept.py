"""One stream in memory: what has been sent of it, and what of that is on disk.

Only the event loop touches it. While an answer is written each of its pieces costs one list append. At every turn of
the log they are sealed into one larger piece, which readers get and the disk is given.
"""

import asyncio
from typing import Protocol

from msgspec import Struct

from headworks.server.streams.numbers import behind, last_number

PIECE_BYTES = 64 * 1024
"""A sealed piece is at most so long, unless a single event is longer: readers hold one at a time."""
PIECE_OVERHEAD, STREAM_OVERHEAD = 160, 2000
"""Bytes that Python spends on a piece (in the queue for the disk, too) and on a stream with its headers; rounded up."""


class Head(Struct, frozen=True):
    """What is known of a stream from its beginning.

    Attributes:
        key_id: The virtual key that made it; nobody else may read it.
        dialect: How its client speaks: `openai` or `anthropic`.
        headers: Headers its answer began with, the content type left out.
    """

    key_id: str
    dialect: str
    headers: list[tuple[bytes, bytes]]


class Piece(Struct, frozen=True, gc=False):
    """Some whole events of a stream.

    Attributes:
        seq: Place among the pieces of the stream, from 0.
        before: Number of the last event before them.
        last: Number of the last of them.
        data: Their bytes.
    """

    seq: int
    before: int
    last: int
    data: bytes

    def behind(self, number: int) -> bytes:
        """What of it follows the event `number` of the stream."""
        if number <= self.before:
            return self.data
        return behind(self.data, number) if number <= self.last else b""


class Keeper(Protocol):
    """Who is told what happens to a stream: the log."""

    def stirred(self, stream: "KeptStream") -> None:
        """It has something new."""

    def sealed(self, stream: "KeptStream", piece: Piece) -> None:
        """It has a new piece, its last."""

    def ended(self, stream: "KeptStream") -> float:
        """Nothing will be added to it; the time, Unix seconds."""


class Kept(Protocol):
    """A stream as the call sees it that writes it."""

    def append(self, data: bytes) -> None:
        """Keep some whole events, before they are sent."""

    def end(self) -> None:
        """Nothing follows. Ending again does nothing."""


class NotKept:
    """A stream that is only sent."""

    def append(self, data: bytes) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


NOT_KEPT = NotKept()


class KeptStream:
    """A stream in memory.

    Attributes:
        stream_id: The trace id as 16 bytes.
        head: What is known of it from its beginning.
        base: Sequence number of the first piece that memory still holds.
        last: Number of the last event in its pieces.
        ended_s: When it ended, Unix seconds; None while it has not.
        written: Sequence number of the first piece that is not on disk; one more once its end is there, too.
        lost: True when a piece was neither in memory nor on disk any more: it cannot be read to its end.
    """

    __slots__ = (
        "_calm",
        "_dirty",
        "_fresh",
        "_keeper",
        "_news",
        "_pieces",
        "base",
        "ended_s",
        "head",
        "last",
        "lost",
        "stream_id",
        "written",
    )

    def __init__(self, keeper: Keeper, stream_id: bytes, head: Head) -> None:
        self.stream_id = stream_id
        self.head = head
        self.base = 0
        self.last = 0
        self.ended_s: float | None = None
        self.written = 0
        self.lost = False
        self._keeper = keeper
        self._fresh: list[bytes] = []
        self._pieces: list[Piece] = []
        self._news: asyncio.Event | None = None
        self._calm = True
        self._dirty = False

    @classmethod
    def over(cls, keeper: Keeper, stream_id: bytes, head: Head, piece: Piece, ended_s: float) -> "KeptStream":
        """A stream that has ended, of one piece, to be read."""
        stream = cls(keeper, stream_id, head)
        stream._pieces = [piece]
        stream.last = piece.last
        stream.ended_s = ended_s
        return stream

    def append(self, data: bytes) -> None:
        """Keep some whole events."""
        self._fresh.append(data)
        if self._calm:
            self._stir()

    def end(self) -> None:
        """Nothing follows."""
        if self.ended_s is None:
            self.seal()
            self.ended_s = self._keeper.ended(self)
            self._stir()

    @property
    def count(self) -> int:
        """Sequence number of the next piece."""
        return self.base + len(self._pieces)

    def seal(self) -> None:
        """Make what was added one piece, or several where there is much."""
        fresh, self._fresh = self._fresh, []
        self._calm = True
        if self.lost or not fresh:
            return
        data = b"".join(fresh)
        if len(data) <= PIECE_BYTES:
            self._add(data)
            return
        start = size = 0
        for place, part in enumerate(fresh, 1):
            size += len(part)
            if size >= PIECE_BYTES or place == len(fresh):
                self._add(b"".join(fresh[start:place]))
                start, size = place, 0

    def turn(self) -> None:
        """The log takes what is new; the next addition stirs it again."""
        self._dirty = False
        self.seal()

    def piece(self, seq: int) -> Piece | None:
        """The piece with this number; None when memory does not hold it, any more or yet."""
        if seq == self.count and self._fresh:
            self.seal()
        return self._pieces[seq - self.base] if self.base <= seq < self.count else None

    def drop(self, count: int) -> int:
        """Let go of the first `count` pieces in memory; the bytes that frees."""
        freed = sum(len(piece.data) + PIECE_OVERHEAD for piece in self._pieces[:count])
        self.base += len(self._pieces[:count])
        del self._pieces[:count]
        return freed

    def first(self, after: int) -> int:
        """Sequence number of the first piece a reader needs that has the event `after`: memory is enough, or 0."""
        return self.base if self._pieces and self._pieces[0].before <= after else 0

    async def news(self) -> None:
        """Wait until something is added, or it ends."""
        if self._fresh or self.ended_s is not None:
            return
        if self._news is None:
            self._news = asyncio.Event()
        self._news.clear()
        self._calm = True
        await self._news.wait()

    def _add(self, data: bytes) -> None:
        piece = Piece(self.count, self.last, last_number(data, self.last), data)
        self.last = piece.last
        self._pieces.append(piece)
        self._keeper.sealed(self, piece)

    def _stir(self) -> None:
        """The first addition since the last look: tell whoever waits."""
        self._calm = False
        if not self._dirty:
            self._dirty = True
            self._keeper.stirred(self)
        if self._news is not None:
            self._news.set()
