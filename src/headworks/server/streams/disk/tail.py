"""Read one stream from disk: what one process wrote of it, and goes on to write. Runs in threads.

The process that reads may be a later one, or a sibling of the one that writes. A batch that is not whole is waited
for while its writer may still be writing it; when the writer is dead, or has gone on to another segment, what is whole
of it counts. Files are opened for each look only, so a reader that leaves has nothing to close.
"""

import contextlib
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from headworks.server.streams.disk.batches import END, HEAD, WHOLE, Batch, Place, batch_at, piece_at
from headworks.server.streams.disk.shelf import Boot, segments
from headworks.server.streams.kept import Head, Piece
from headworks.server.streams.whole import unpack

READ_BYTES = 256 * 1024
"""About so much of a stream is held for each reader."""
_SLACK_S = 2.0
"""A file may look older than the streams in it by what clocks and file systems round."""


class Tail:
    """One stream in the segments of one process.

    Args:
        boot: The process.
        number: Segment to begin with.
        stream: The stream's id.

    Attributes:
        head: What is known of the stream; None until it is found.
        ended_s: When it ended, Unix seconds; None while no end was found.
        over: True when nothing further can be read: it was read to its end, it has a hole, or its writer died.
        before: Number of the last event that has been deleted already; 0 when all of the stream is there.
    """

    def __init__(self, boot: Boot, number: int, stream: bytes) -> None:
        self.head: Head | None = None
        self.ended_s: float | None = None
        self.over = False
        self.before = 0
        self._boot = boot
        self._number = number
        self._offset = 0
        self._stream = stream
        self._count = 0
        self._broken = self._final = False
        self._found: deque[Place] = deque()

    @property
    def whole(self) -> bool:
        """True when it was read to its end, and there is one."""
        return self.over and self.ended_s is not None and not self._broken

    def look(self) -> None:
        """Find what there is of the stream beyond what was found before."""
        living = self._boot.is_alive()  # asked first: what a process wrote before it died must be seen
        while (following := self._look_into_segment(living=living)) is not None:
            self._number = following
            self._offset = 0
        self._final = not living

    def read(self, seq: int, after: int) -> list[Piece]:
        """Some pieces in order, none before `seq`, none that end before the event `after`; looks for more if needed."""
        pieces = self._portion(seq, after)
        if not pieces:
            self.look()
            pieces = self._portion(seq, after)
        if not self._found:
            self.over = self._final or self._broken or self.ended_s is not None
        return pieces

    def _portion(self, seq: int, after: int) -> list[Piece]:
        pieces: list[Piece] = []
        size = 0
        while self._found and size < READ_BYTES:
            place = self._found.popleft()
            if place.seq < seq or place.last < after:
                continue
            piece = self._piece(place)
            if piece is None:
                self._broken = True
                self._found.clear()
            else:
                pieces.append(piece)
                size += place.size
        return pieces

    def _look_into_segment(self, *, living: bool) -> int | None:
        """Note what is new in the segment at hand; the number of the one after it, None when there is none."""
        following = self._boot.after(self._number)  # asked first: where there is one, nobody writes to this any more
        try:
            descriptor = os.open(self._boot.segment(self._number), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return following
        try:
            for batch in self._batches(descriptor, final=following is not None or not living):
                for place in batch.places(self._stream, self._number):
                    self._note(place, descriptor)
        finally:
            os.close(descriptor)
        return following

    def _batches(self, descriptor: int, *, final: bool) -> Iterator[Batch]:
        size = os.fstat(descriptor).st_size
        while (batch := batch_at(descriptor, self._offset)) is not None and (final or batch.ends <= size):
            self._offset = batch.ends
            yield batch

    def _note(self, place: Place, descriptor: int) -> None:
        if place.kind == HEAD:
            self._note_head(piece_at(descriptor, place))
        elif place.kind == WHOLE:
            self._note_whole(piece_at(descriptor, place), place)
        elif self.ended_s is None and not self._broken:
            if not self._count:
                self._count, self.before = place.seq, place.before
            self._broken = place.seq != self._count
            self._count += 1
            if place.kind == END:
                self._note_end(piece_at(descriptor, place))
            elif not self._broken:
                self._found.append(place)

    def _note_whole(self, piece: Piece | None, place: Place) -> None:
        if piece is not None and self.head is None:
            with contextlib.suppress(msgspec.MsgspecError):
                self.head, self.ended_s, _ = unpack(piece)
                self._found.append(place)

    def _note_head(self, piece: Piece | None) -> None:
        if piece is not None and self.head is None:
            with contextlib.suppress(msgspec.MsgspecError):  # of another version of this gateway
                self.head = msgspec.json.decode(piece.data, type=Head)

    def _note_end(self, piece: Piece | None) -> None:
        if piece is None:
            self._broken = True
        else:
            self.ended_s = int(piece.data) / 1000

    def _piece(self, place: Place) -> Piece | None:
        try:
            descriptor = os.open(self._boot.segment(place.segment), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            piece = piece_at(descriptor, place)
        finally:
            os.close(descriptor)
        return unpack(piece)[2] if piece is not None and place.kind == WHOLE else piece


def find(root: Path, stream: bytes, begun_s: float) -> Tail | None:
    """The stream, by whichever process it was written; None when no segment has its head.

    Args:
        root: Folder of all workers' segments.
        stream: The stream's id.
        begun_s: Unix seconds before which it cannot have been written.
    """
    first: dict[Boot, int] = {}
    for segment in segments(root):
        if segment.needed_s >= begun_s - _SLACK_S:
            first[segment.boot] = min(segment.number, first.get(segment.boot, segment.number))
    for boot, number in sorted(first.items(), key=lambda item: item[0].name, reverse=True):
        tail = Tail(boot, number, stream)
        tail.look()
        if tail.head is not None:
            return tail
    return None
