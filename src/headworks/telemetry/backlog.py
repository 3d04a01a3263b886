"""What the spool holds and the database does not have yet, read back batch by batch.

Reading does not move on by itself: a batch that could not be stored is read again. The segments of a dead worker are
read to their end, and calls that began there and never ended become records of status `lost`.
"""

import msgspec
import structlog
from msgspec import Struct

from headworks.telemetry.record import BEGUN, TraceRecord, decode
from headworks.telemetry.spool import Segment

_log = structlog.get_logger("headworks.telemetry")


class Batch(Struct):
    """Records to store, and the bytes of the spool they took."""

    records: list[TraceRecord]
    size: int = 0
    final: bool = False
    """True for the last batch of a dead worker: its lost calls."""


class Backlog:
    """The segments of one worker, as a queue of batches.

    Args:
        segments: In the order written; the list may grow at its end while a living worker writes.
        dead: True when nobody writes them any more.
    """

    def __init__(self, segments: list[Segment], *, dead: bool) -> None:
        self.broken_lines = 0
        self._segments = segments
        self._dead = dead
        self._begun: dict[str, TraceRecord] = {}

    def next(self) -> Batch | None:
        """The next batch, None when there is nothing new (or, for a dead worker, nothing left)."""
        while self._segments:
            segment = self._segments[0]
            # Asked before reading: nothing is written to a segment once the next one exists.
            followed = len(self._segments) > 1
            records, size = segment.at_hand()
            if records:
                return Batch(records, size)
            if lines := segment.unread():
                return Batch(self._records(lines), len(lines))
            if not followed:
                break
            self._segments.pop(0).remove()
        if self._dead and self._segments:
            return Batch(list(self._begun.values()), final=True)
        return None

    def stored(self, batch: Batch) -> None:
        """Move on: `batch` is in the database."""
        self._segments[0].read_to += batch.size
        if batch.final:
            self._segments.pop().remove()

    def release(self) -> None:
        """Let go of a dead worker's files unfinished; the next start reads them again."""
        for segment in self._segments:
            segment.release()

    def _records(self, lines: bytes) -> list[TraceRecord]:
        records: list[TraceRecord] = []
        for line in lines.split(b"\n"):
            if not line or (not self._dead and line.startswith(BEGUN)):
                continue
            try:
                record = decode(line)
            except msgspec.MsgspecError:
                # Torn by a full disk or a power cut.
                self.broken_lines += 1
                _log.warning("spool_line_broken", segment=self._segments[0].path.name, bytes=len(line))
                continue
            if record.status == "lost":
                self._begun[record.trace_id] = record
            else:
                self._begun.pop(record.trace_id, None)
                records.append(record)
        return records
