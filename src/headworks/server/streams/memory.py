"""The streams in memory, and what of them waits for the disk. Only the event loop touches them.

Invariants: `bytes` is what all of them take; a piece leaves memory only when it is on disk, or when its stream is given
up. Let go of first are streams that have ended and are on disk, the oldest first; then what is on disk of the others;
and, while the disk takes nothing, the oldest streams altogether. The call that writes one never notices.
"""

from collections import deque
from collections.abc import Callable
from itertools import takewhile

from headworks.core.clock import Clock
from headworks.server.streams.config import StreamSettings
from headworks.server.streams.disk.batches import DATA, END, WHOLE
from headworks.server.streams.kept import PIECE_OVERHEAD, STREAM_OVERHEAD, Head, KeptStream, Piece
from headworks.server.streams.whole import WHOLE_OVERHEAD, Whole, pack, unpack

BATCH_BYTES = 4 * 1024**2
BACKLOG_BYTES = 16 * 1024**2
"""So much may wait for the disk even when the limit of memory is lower."""
Batch = list[tuple[KeptStream | Whole, int, Piece]]
"""Pieces of streams and their kinds, for the disk."""


class Memory:
    """The streams of one process in memory. A `Keeper`.

    Args:
        settings: Limits of time and room.
        clock: For the times of ends.
        lost: Called for each stream that is given up.

    Attributes:
        streams: All of them by id.
        bytes: What they take, overhead included.
        waiting: What of it is not on disk yet.
    """

    def __init__(self, settings: StreamSettings, clock: Clock, lost: Callable[[], None]) -> None:
        self.streams: dict[bytes, KeptStream | Whole] = {}
        self.bytes = 0
        self.waiting = 0
        self._limit = settings.memory_bytes
        self._disk = settings.disk_bytes > 0
        self._keep_s = settings.keep_s
        self._clock = clock
        self._lost = lost
        self._live: dict[bytes, KeptStream] = {}
        self._ended: dict[bytes, KeptStream | Whole] = {}
        self._pending: deque[tuple[KeptStream | Whole, int, Piece]] = deque()
        self._stirred: list[KeptStream] = []

    def open(self, stream_id: bytes, head: Head) -> KeptStream:
        """A new stream."""
        stream = KeptStream(self, stream_id, head)
        self.streams[stream_id] = self._live[stream_id] = stream
        self.bytes += STREAM_OVERHEAD
        return stream

    def whole(self, stream_id: bytes, head: Head, data: bytes, last: int) -> None:
        """A stream of which everything is at hand: its data, up to the event `last`."""
        now_s = self._clock.now()
        piece = pack(head, now_s, data, last)
        stream = self.streams[stream_id] = self._ended[stream_id] = Whole(stream_id, piece, now_s)
        size = len(piece.data) + PIECE_OVERHEAD
        self.bytes += WHOLE_OVERHEAD + size
        if self._disk:
            self.waiting += size
            self._pending.append((stream, WHOLE, piece))

    def find(self, stream_id: bytes) -> KeptStream | None:
        """The stream, if memory knows it; one that was kept at once is unpacked for whoever wants to read it."""
        found = self.streams.get(stream_id)
        if not isinstance(found, Whole):
            return found
        head, ended_s, piece = unpack(found.piece)
        return KeptStream.over(self, stream_id, head, piece, ended_s)

    def stirred(self, stream: KeptStream) -> None:
        """It has something new."""
        self._stirred.append(stream)

    def sealed(self, stream: KeptStream, piece: Piece) -> None:
        """It has a new piece."""
        size = len(piece.data) + PIECE_OVERHEAD
        self.bytes += size
        if self._disk:
            self.waiting += size
            self._pending.append((stream, DATA, piece))

    def ended(self, stream: KeptStream) -> float:
        """Nothing will be added to it."""
        self._live.pop(stream.stream_id, None)
        self._ended[stream.stream_id] = stream
        now_s = self._clock.now()
        if self._disk:
            end = Piece(stream.count, stream.last, stream.last, b"%d" % int(now_s * 1000))
            self._pending.append((stream, END, end))
        return now_s

    def turn(self) -> None:
        """Seal what is new, let go of what is old or too much."""
        stirred, self._stirred = self._stirred, []
        for stream in stirred:
            stream.turn()
        self._expire()
        if self.bytes > self._limit:
            self._forget_ended()
        if self.bytes > self._limit:
            self._drop_written()
        if self.bytes > self._limit and (not self._disk or self.waiting > max(self._limit, BACKLOG_BYTES)):
            self._give_up()

    def batch(self) -> Batch:
        """The next pieces for the disk, in the order they came; hand it to `written` or to `refused`."""
        batch: Batch = []
        size = 0
        while self._pending and size < BATCH_BYTES:
            waiting = self._pending.popleft()
            if not waiting[0].lost:
                batch.append(waiting)
                size += len(waiting[2].data)
        return batch

    def written(self, batch: Batch) -> None:
        """`batch` is on disk."""
        for stream, kind, piece in batch:
            if isinstance(stream, Whole):
                self._whole_written(stream)
            elif not stream.lost:
                stream.written = piece.seq + 1
                if kind == DATA:
                    self.waiting -= len(piece.data) + PIECE_OVERHEAD

    def _whole_written(self, stream: Whole) -> None:
        """Such a stream is let go of: there may be thousands a second, and hardly one is asked for again."""
        if not stream.lost:
            stream.written = stream.count + 1
            self.waiting -= len(stream.piece.data) + PIECE_OVERHEAD
            self._forget(stream)

    def refused(self, batch: Batch) -> None:
        """`batch` is not on disk: it comes first again."""
        self._pending.extendleft(reversed(batch))

    @property
    def is_pending(self) -> bool:
        """Whether anything waits to be handed to the disk."""
        return bool(self._pending)

    def _expire(self) -> None:
        before_s = self._clock.now() - self._keep_s
        for stream in list(takewhile(lambda stream: (stream.ended_s or 0.0) < before_s, self._ended.values())):
            self._forget(stream)

    def _forget_ended(self) -> None:
        for stream in list(self._ended.values()):
            if self.bytes <= self._limit or (self._disk and stream.written <= stream.count):
                break
            self._forget(stream)

    def _drop_written(self) -> None:
        for stream in self._live.values():
            if self.bytes <= self._limit:
                break
            self.bytes -= stream.drop(stream.written - stream.base)

    def _give_up(self) -> None:
        for stream in [*self._ended.values(), *self._live.values()]:
            if self.bytes <= self._limit:
                break
            if stream.lost:
                continue
            self._lost()
            self._lose(stream)
            if stream.ended_s is not None:
                self._forget(stream)
        self._pending = deque(waiting for waiting in self._pending if not waiting[0].lost)

    def _forget(self, stream: KeptStream | Whole) -> None:
        if self._disk and stream.written <= stream.count:
            self._lose(stream)
        overhead = WHOLE_OVERHEAD if isinstance(stream, Whole) else STREAM_OVERHEAD
        self.bytes -= stream.drop(stream.count - stream.base) + overhead
        del self.streams[stream.stream_id], self._ended[stream.stream_id]

    def _lose(self, stream: KeptStream | Whole) -> None:
        stream.lost = True
        self.bytes -= stream.drop(stream.written - stream.base)
        freed = stream.drop(stream.count - stream.base)
        self.bytes -= freed
        if self._disk:
            self.waiting -= freed
