"""Read a stream behind its writer's back: from memory, from disk, or from one and then the other, at the reader's pace.

The writer does not know of its readers, and each holds only a portion at a time. A stream whose end cannot be read (its
gateway was killed, its file has a hole) ends with an error in its own dialect.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from headworks.server.streams.disk.tail import Tail
from headworks.server.streams.interruption import interruption
from headworks.server.streams.kept import Head, KeptStream, Piece

LOOK_S = 0.2
"""How often a stream that another process writes is looked at."""
PATIENCE_S = 900.0
"""After so long without a sign of it, a stream of another process is taken for interrupted: its disk may be full."""


class Reading:
    """What follows an event of a stream, for one reader.

    Args:
        stream_id: The stream's id.
        source: The stream in this process's memory, or as it was found on disk.
        on_disk: Finds the stream on disk, when memory has let go of what the reader needs.
        after: Number of the last event that the reader has.

    Attributes:
        head: What is known of the stream.
    """

    def __init__(
        self,
        stream_id: bytes,
        source: KeptStream | Tail,
        on_disk: Callable[[], Awaitable[Tail | None]],
        after: int,
    ) -> None:
        assert source.head is not None, "a tail is found by its head"
        self.head: Head = source.head
        self._stream_id = stream_id
        self._stream = source if isinstance(source, KeptStream) else None
        self._tail = source if isinstance(source, Tail) else None
        self._on_disk = on_disk
        self._after = self._last = after
        self._seq = self._stream.first(after) if self._stream else 0
        self._read: deque[Piece] = deque()
        self._over = self._whole = False

    async def next(self) -> bytes:
        """Some whole events; empty when the stream has ended. Waits while it has not and there is nothing new."""
        while not self._over:
            piece = await self._piece()
            if piece is None or piece.before > self._last:
                self._over = True
                return b"" if piece is None and self._whole else self._interruption()
            self._seq = piece.seq + 1
            self._last = max(self._last, piece.last)
            if data := piece.behind(self._after):
                return data
        return b""

    async def _piece(self) -> Piece | None:
        """The next piece; None when there is none, which is an end only if `_whole` says so."""
        if not self._read and (piece := await self._from_memory()) is not None:
            return piece
        if not self._read and not self._whole:
            await self._from_disk()
        return self._read.popleft() if self._read else None

    async def _from_memory(self) -> Piece | None:
        stream = self._stream
        while stream is not None and self._seq >= stream.base:
            if (piece := stream.piece(self._seq)) is not None:
                return piece
            if stream.lost:
                return None
            if stream.ended_s is not None:
                self._whole = True
                return None
            await stream.news()
        return None

    async def _from_disk(self) -> None:
        """Fill the portion, after any wait for the process that writes the stream."""
        if self._tail is None:
            self._tail = await self._on_disk()
        tail, waited_s = self._tail, 0.0
        while tail is not None:
            self._read.extend(await asyncio.to_thread(tail.read, self._seq, self._after))
            self._whole = tail.whole and not self._read
            if self._read or tail.over or self._stream is not None or waited_s > PATIENCE_S:
                return
            await asyncio.sleep(LOOK_S)
            waited_s += LOOK_S

    def _interruption(self) -> bytes:
        return interruption(self.head.dialect, self._stream_id.hex(), self._last + 1)
