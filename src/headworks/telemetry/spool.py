"""The spool: files of JSON lines where records are safe from a kill of the process before SQLite has them.

A worker appends to a segment of its own; each record is one `write` to a file opened for appending, so what was
written before a `kill -9` is in the kernel's hands and survives (a power cut may take the last moments: nothing is
synced). A segment is locked (flock) by the worker that writes it, so a starting worker knows the segments of the dead,
whose locks the kernel has released, from those of its living siblings. When the disk refuses a record, it waits in
memory, up to a limit, and is written when there is room again: telemetry fails open.
"""

import fcntl
import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import msgspec
import structlog

from headworks.core.errors import StoreError
from headworks.telemetry.record import TraceRecord, decode

SEGMENT_BYTES = 4 * 1024**2
HELD_BYTES = 32 * 1024**2
BACKLOG_BYTES = 1024**3
_READ_BYTES = 128 * 1024
"""About two hundred records: more make a transaction cheaper, but the calls wait while a batch is decoded."""
_AT_HAND, _AT_HAND_BYTES, _BATCH = 4096, 8 * 1024, 256
"""So many records of at most so many bytes are at hand for the writer, which need not read them; so many at once."""
_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_log = structlog.get_logger("headworks.telemetry")


class Segment:
    """One open spool file and how far it has been read.

    What this process writes to it is at hand for a while as the records themselves: reading and decoding them again
    would be half the work of storing them. Those that are not at hand are read.

    Args:
        path: `WORKER-BOOT-NUMBER.jsonl`.
        descriptor: Open for reading and appending, and locked.

    Attributes:
        read_to: Bytes that have been stored.
        end: Bytes that this process has written.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.read_to = 0
        self.end = 0
        self._noted_to = 0
        self._at_hand: deque[tuple[int, int, TraceRecord]] = deque()

    def size(self) -> int:
        """Bytes in the file."""
        return os.fstat(self.descriptor).st_size

    def note(self, record: TraceRecord | None) -> None:
        """The line just written is this record; None for one that has to be read."""
        if record is not None and len(self._at_hand) < _AT_HAND:
            self._at_hand.append((self._noted_to, self.end, record))
        self._noted_to = self.end

    def at_hand(self) -> tuple[list[TraceRecord], int]:
        """The next records that need not be read, and the bytes they and lines of begun calls between them take.

        Called by the writer's thread, while calls add more at the end. Does not move on.
        """
        waiting, end = self._at_hand, self.read_to
        while waiting and waiting[0][1] <= end:
            waiting.popleft()
        records: list[TraceRecord] = []
        for place in range(min(len(waiting), _BATCH)):
            begins, ends, record = waiting[place]
            if begins > end:
                break  # a record that is not at hand lies between
            records.append(record)
            end = ends
        return records, end - self.read_to

    def unread(self) -> bytes:
        """The next whole lines, at least one where there is one; empty at the end. Does not move on."""
        wanted = _READ_BYTES
        while True:
            piece = os.pread(self.descriptor, wanted, self.read_to)
            end = piece.rfind(b"\n") + 1
            if end or len(piece) < wanted:
                return piece[:end]
            wanted *= 4  # one line (captured bodies) is longer than the window

    def remove(self) -> None:
        """Delete the file and let go of it."""
        self.path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Close the file; its lock goes with it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1  # a late writer must get EBADF, never a file that reuses the number


class Spool:
    """The segments of one worker, written on the hot path.

    Args:
        folder: Where segments lie, shared with the sibling workers.
        worker: Name of this worker, for people reading file names.
    """

    def __init__(self, folder: Path, worker: str) -> None:
        self.segments: list[Segment] = []
        self.dropped = 0
        self._folder = folder
        self._name = f"{worker}-{os.urandom(4).hex()}"
        self._made = 0
        self._torn = False
        self._full = False
        self._failing = ""
        self._reported = False
        self._held: deque[bytes] = deque()
        self._held_bytes = 0

    def open(self) -> list[list[Segment]]:
        """Make the first segment; the segments of dead workers, by worker in the order written, come back locked.

        Raises:
            StoreError: The folder cannot be written to.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _locked(self._folder):
                leftovers = list(_dead_segments(self._folder))
                self._add_segment()
        except OSError as error:
            raise StoreError(
                f"The trace spool {self._folder} cannot be written to: {error.strerror}. Give data_dir a writable path."
            ) from error
        groups = groupby(leftovers, key=lambda segment: segment.path.name.rpartition("-")[0])
        return [list(group) for _, group in groups]

    def append(self, line: bytes) -> bool:
        """Write one line (with its newline) in one call; False when the disk refuses it."""
        if self._full:
            return False
        if self._torn:
            line = b"\n" + line  # ends the piece of a line that a full disk left behind
        segment = self.segments[-1]
        try:
            written = os.write(segment.descriptor, line)
        except OSError as error:
            self._failing = error.strerror or "write error"
            return False
        segment.end += written
        self._torn = written != len(line)
        if self._torn:
            self._failing = "no room for a whole record"
        return not self._torn

    def keep(self, line: bytes, record: TraceRecord | None = None) -> None:
        """Write a finished record, or hold it in memory until there is room; past the limit it is dropped, counted.

        Args:
            line: The record as a line.
            record: The record itself, which does not change any more.
        """
        if not self._failing and self.append(line):
            self.segments[-1].note(record if len(line) <= _AT_HAND_BYTES else None)
            return
        if self._held_bytes + len(line) > HELD_BYTES:
            self.dropped += 1
            return
        self._held.append(line)
        self._held_bytes += len(line)

    def retry(self) -> None:
        """Write what is held, as far as the disk lets us; called at every turn of the writer."""
        self._full = self.backlog() > BACKLOG_BYTES
        if self._full:
            self._failing = "the database takes nothing and the spool is at its limit"
        while self._held and self.append(self._held[0]):
            self.segments[-1].note(None)
            self._held_bytes -= len(self._held.popleft())
        if self._failing and not self._held and not self._full:
            self._failing = ""
        self._report()

    def rotate(self, begun: Callable[[], list[bytes]]) -> None:
        """Go on in a new segment once enough of this one is stored, so that it can be deleted.

        Args:
            begun: Gives the lines of calls under way; they move along, lest a kill forgets them.
        """
        if self._failing or self.segments[-1].read_to < SEGMENT_BYTES:
            return
        try:
            with _locked(self._folder):
                self._add_segment()
        except OSError as error:
            self._failing = error.strerror or "open error"
            return
        self.append(b"".join(begun()))

    def backlog(self) -> int:
        """Bytes written and not yet read."""
        return sum(segment.size() - segment.read_to for segment in self.segments if segment.descriptor >= 0)

    def close(self, *, finished: bool) -> None:
        """Let go of the files. `finished` deletes them: everything in them has been stored."""
        for segment in self.segments:
            if finished:
                segment.remove()
            else:
                segment.release()
        self.dropped += len(self._held)
        self._held.clear()

    def _add_segment(self) -> None:
        path = self._folder / f"{self._name}-{self._made:06d}.jsonl"
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._made += 1
        self.segments.append(Segment(path, descriptor))

    def _report(self) -> None:
        """Log when trouble begins and when it ends: here, not where a call would wait for the log."""
        if bool(self._failing) == self._reported:
            return
        self._reported = bool(self._failing)
        if self._failing:
            _log.error("spool_write_failed", reason=self._failing, effect="records wait in memory")
        else:
            _log.warning("spool_recovered", dropped=self.dropped)


def find_spooled(folder: Path, trace_id: str) -> TraceRecord | None:
    """The latest version of a record that may not have reached the database yet, from any worker's segments.

    Costs a scan of a few megabytes; call it off the event loop.
    """
    if not _TRACE_ID.fullmatch(trace_id):
        return None
    needle = f'"trace_id":"{trace_id}"'.encode()
    for path in sorted(folder.glob("*.jsonl"), reverse=True):
        try:
            content = path.read_bytes()
        except OSError:
            continue  # stored and deleted between the listing and the reading
        at = content.rfind(needle)
        while at >= 0:
            record = _line_at(content, at)
            if record is not None and record.trace_id == trace_id:
                return record
            at = content.rfind(needle, 0, at)
    return None


def _line_at(content: bytes, at: int) -> TraceRecord | None:
    start = content.rfind(b"\n", 0, at) + 1
    end = content.find(b"\n", at)
    try:
        return decode(content[start : end if end >= 0 else len(content)])
    except msgspec.MsgspecError:
        return None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's own lock, so that nobody takes a new segment for a dead one before its writer has locked it."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _dead_segments(folder: Path) -> Iterator[Segment]:
    for path in sorted(folder.glob("*.jsonl")):
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)  # a living worker writes it
        else:
            yield Segment(path, descriptor)
