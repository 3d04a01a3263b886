"""Write the streams of one process to its segments. All of it runs in the log's thread."""

import contextlib
import errno
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from headworks.core.clock import Clock
from headworks.server.streams.config import StreamSettings
from headworks.server.streams.disk.batches import END, HEAD, Row, pack
from headworks.server.streams.disk.shelf import Boot, sweep
from headworks.server.streams.kept import Head, KeptStream, Piece
from headworks.server.streams.whole import Whole

SWEEP_S = 5.0
_SEGMENT_BYTES = 16 * 1024**2
_SEGMENTS = 64
"""A small disk limit makes for small segments, so that the oldest of them is a small part."""
_LEAST_BYTES = 64 * 1024


class Segment(Struct):
    """One segment. The head of each of `streams` is in it; `live` are those that have not ended."""

    path: Path
    streams: set[bytes]
    live: set[bytes]


class SegmentWriter:
    """The segments of this process. Errors are the operating system's: the log knows what to do.

    Args:
        root: Folder of all workers' segments.
        worker: Name of this worker among its siblings.
        settings: How long and in how much room to keep.
        clock: For the times of files.

    Attributes:
        boot: This process.
    """

    def __init__(self, root: Path, worker: str, settings: StreamSettings, clock: Clock) -> None:
        self._root = root
        self._settings = settings
        self._segment_bytes = min(max(settings.disk_bytes // _SEGMENTS, _LEAST_BYTES), _SEGMENT_BYTES)
        self._clock = clock
        self.boot = Boot(root / worker, f"{int(clock.now() * 1000):013d}{os.urandom(3).hex()}")
        self._lock = self._descriptor = -1
        self._size = self._made = 0
        self._segments: list[Segment] = []
        self._sweep_s = clock.monotonic()

    def open(self) -> None:
        """Say that this process lives and may write streams: siblings that are asked for one then wait for it.

        Raises:
            OSError: The folder cannot be made or written to.
        """
        self.boot.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._lock < 0:
            self._lock = self.boot.take_lock()

    def write(self, batch: Iterable[tuple[KeptStream | Whole, int, Piece]]) -> None:
        """Append a batch: pieces of streams and their kinds. Of the streams, only what never changes is looked at.

        Raises:
            OSError: Nothing of it was written.
        """
        if self._descriptor < 0 or self._size >= self._segment_bytes:
            self._begin_segment()
        segment = self._segments[-1]
        begun: dict[bytes, Head] = {}
        rows: list[Row] = []
        for stream, kind, piece in batch:
            stream_id = stream.stream_id
            if isinstance(stream, Whole):
                rows.append((stream_id, kind, piece))
                continue
            if stream_id not in segment.streams and stream_id not in begun:
                begun[stream_id] = stream.head
                rows.append((stream_id, HEAD, Piece(0, 0, 0, msgspec.json.encode(stream.head))))
            rows.append((stream_id, kind, piece))
        self._append(pack(rows))
        segment.streams.update(begun)
        segment.live.update(begun)
        self._touch(segment)
        for stream_id, kind, _ in rows:
            if kind == END:
                self._ended(stream_id, segment)

    @property
    def is_sweep_due(self) -> bool:
        """Whether `sweep` has something to do."""
        return self._clock.monotonic() >= self._sweep_s

    def sweep(self) -> None:
        """Every few seconds: keep what living streams need, delete what nobody does.

        Raises:
            OSError: A folder cannot be read, or a file not be deleted.
        """
        if not self.is_sweep_due:
            return
        self._sweep_s = self._clock.monotonic() + SWEEP_S
        for segment in self._segments:
            if segment.live:
                self._touch(segment)
        before_s = self._clock.now() - self._settings.keep_s
        if self._descriptor >= 0 and not self._segments[-1].live and self._needed_s() < before_s:
            self._end_segment()
            self._segments.pop().path.unlink(missing_ok=True)
        current = self._segments[-1].path if self._descriptor >= 0 else None
        sweep(self._root, before_s, self._settings.disk_bytes, self.boot, current)
        self._segments = [segment for segment in self._segments if segment.path.exists()]
        if self._descriptor >= 0 and self._needed_s() < 0:
            self._end_segment()

    def close(self) -> None:
        """Let go of the files; what is in them stays readable."""
        self._end_segment()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
            self.boot.lock.unlink(missing_ok=True)

    def _begin_segment(self) -> None:
        self.open()
        path = self.boot.segment(self._made)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._end_segment()
        self._made += 1
        self._descriptor, self._size = descriptor, 0
        self._segments = [Segment(earlier.path, set(), earlier.live) for earlier in self._segments if earlier.live]
        self._segments.append(Segment(path, set(), set()))
        self._sweep_s = self._clock.monotonic()  # there may be too much by now

    def _end_segment(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _append(self, batch: bytes) -> None:
        try:
            if os.write(self._descriptor, batch) != len(batch):
                raise OSError(errno.ENOSPC, "no room for a whole batch")
        except OSError:
            self._tear_off()
            raise
        self._size += len(batch)

    def _tear_off(self) -> None:
        """Leave no half batch behind; where even that fails, go on in another segment."""
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError:
            self._end_segment()

    def _needed_s(self) -> float:
        """When the open segment was last needed; -1 when somebody deleted it."""
        found = os.fstat(self._descriptor)
        return found.st_mtime if found.st_nlink else -1.0

    def _ended(self, stream_id: bytes, current: Segment) -> None:
        """The segments of a stream that has ended begin to age."""
        for segment in self._segments:
            if stream_id in segment.live:
                segment.live.discard(stream_id)
                if segment is not current:
                    self._touch(segment)

    def _touch(self, segment: Segment) -> None:
        with contextlib.suppress(OSError):  # deleted for want of room
            os.utime(segment.path, (self._clock.now(),) * 2)
