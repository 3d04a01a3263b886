"""The stream log: keeps what is sent on streams, in memory and by a thread on disk, and finds it again.

At each turn the pieces that came since the last one are handed to the thread in one batch. A disk that takes nothing is
logged once; what cannot wait in memory for it is counted as lost. Fails open: calls never notice.
"""

import asyncio
import contextlib
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import structlog

from headworks.core.clock import Clock
from headworks.core.errors import BadAskError
from headworks.server.streams.config import StreamSettings
from headworks.server.streams.counts import Counts
from headworks.server.streams.disk.segments import SegmentWriter
from headworks.server.streams.disk.shelf import others_alive
from headworks.server.streams.disk.tail import Tail, find
from headworks.server.streams.kept import NOT_KEPT, Head, Kept
from headworks.server.streams.memory import Batch, Memory
from headworks.server.streams.reading import Reading

TURN_S = 0.25
"""A kill loses at most what was sent in this time, and what the thread had not written yet."""
RETRY_S = 2.0
"""How long a disk that refused a batch is left alone."""
_SIBLING_TURNS = 4
"""So many turns later, siblings have written what they were sending when it was first asked for."""
_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_log = structlog.get_logger("headworks.streams")


class StreamLog:
    """The streams of one process, and those of its siblings and predecessors on disk.

    Args:
        data_dir: The log lies in its folder `streams`.
        settings: Limits of time and room.
        clock: Source of time.
        worker: Name of this process among its siblings.
    """

    def __init__(self, data_dir: Path, settings: StreamSettings, clock: Clock, *, worker: str = "0") -> None:
        self._root = data_dir / "streams"
        self._settings = settings
        self._clock = clock
        self._counts = Counts()
        self._memory = Memory(settings, clock, self._counts.lost.inc)
        self._writer = SegmentWriter(self._root, worker, settings, clock)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="streams")
        self._writing: asyncio.Future[OSError | None] | None = None
        self._next: asyncio.TimerHandle | None = None
        self._failing = False
        self._retry_s = 0.0

    @property
    def is_on(self) -> bool:
        """Whether streams are kept at all."""
        return self._settings.keep_s > 0

    async def start(self) -> None:
        """Begin to write, and to delete what is old."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._begin)
        if self.is_on:
            self._arm()

    async def stop(self) -> None:
        """Write what is not on disk yet, and let go of the files."""
        if self._next is not None:
            self._next.cancel()
        self._retry_s = 0.0
        await self.flush()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.close)
        self._thread.shutdown()

    def open(self, trace_id: str, head: Head) -> Kept:
        """A stream begins. What is appended to the answer is kept."""
        return self._memory.open(bytes.fromhex(trace_id), head) if self.is_on else NOT_KEPT

    def whole(self, trace_id: str, head: Head, data: bytes, last: int) -> None:
        """A stream of which everything is at hand is kept: its data, up to the event `last`."""
        if self.is_on:
            self._memory.whole(bytes.fromhex(trace_id), head, data, last)

    async def find(self, trace_id: str, key_id: str, after: int) -> Reading:
        """What follows the event `after` of a stream.

        Raises:
            BadAskError: `unknown_stream` (404) for a stream that does not exist, is no longer kept, or was not made by
                the key `key_id`: never says which. `invalid_request` for an event that the stream has not had yet.
        """
        stream_id = _stream_id(trace_id)
        source = self._memory.find(stream_id) or (await self._found(stream_id) if stream_id else None)
        if source is None or source.head is None or source.head.key_id != key_id or self._is_old(source.ended_s):
            raise self._unknown()
        if isinstance(source, Tail):
            if source.before > after:
                raise self._unknown()
        elif source.ended_s is None:
            source.seal()
            if after > source.last:
                raise BadAskError(
                    f"`Last-Event-ID` is {after}, but this stream has had {source.last} events so far.",
                    param="Last-Event-ID",
                )
        self._counts.resumed.inc()
        return Reading(stream_id, source, partial(self._tail, stream_id), after)

    def metrics(self) -> bytes:
        """Counters in the Prometheus text format; empty where `/metrics` of the calls shows them, too."""
        return self._counts.text()

    @property
    def memory_bytes(self) -> int:
        """What the streams in memory take."""
        return self._memory.bytes

    def turn(self) -> None:
        """One turn: seal, let go, hand over to the thread unless it is busy."""
        self._memory.turn()
        if not (self._memory.is_pending or self._writer.is_sweep_due) or self._writing is not None:
            return
        if not self._failing or self._clock.monotonic() >= self._retry_s:
            self._hand_over()

    async def flush(self) -> None:
        """Return when all that was sent so far is on disk, or the disk refuses it."""
        self.turn()
        while self._writing is not None:
            await asyncio.wait([self._writing])

    def _arm(self) -> None:
        self._next = asyncio.get_running_loop().call_later(TURN_S, self._tick)

    def _tick(self) -> None:
        self._arm()
        self.turn()

    def _hand_over(self) -> None:
        batch = self._memory.batch()
        self._writing = asyncio.get_running_loop().run_in_executor(self._thread, self._write, batch)
        self._writing.add_done_callback(partial(self._handed_over, batch))

    def _handed_over(self, batch: Batch, done: "asyncio.Future[OSError | None]") -> None:
        self._writing = None
        error = done.result()
        if error is None:
            self._memory.written(batch)
        else:
            self._memory.refused(batch)
            self._retry_s = self._clock.monotonic() + RETRY_S
        if batch:
            self._report(error)
        if error is None and self._memory.is_pending:
            self._hand_over()

    def _begin(self) -> None:
        """In the thread, once."""
        if self.is_on and self._settings.disk_bytes:
            with contextlib.suppress(OSError):  # the first write tries again, and says what is wrong
                self._writer.open()
        self._write([])

    def _write(self, batch: Batch) -> OSError | None:
        """In the thread: write, and delete what is old."""
        try:
            if batch:
                self._writer.write(batch)
        except OSError as error:
            return error
        try:
            self._writer.sweep()
        except OSError as error:
            _log.warning("stream_log_not_swept", reason=error.strerror)
        return None

    def _report(self, error: OSError | None) -> None:
        """Log when trouble begins and when it ends."""
        if (error is not None) == self._failing:
            return
        self._failing = error is not None
        if error is not None:
            _log.error("stream_log_write_failed", reason=error.strerror, effect="streams are kept in memory alone")
        else:
            _log.warning("stream_log_recovered")

    async def _tail(self, stream_id: bytes) -> Tail | None:
        begun_s = int.from_bytes(stream_id[:6]) / 1000  # as `core.ids` makes them
        if not self.is_on or begun_s > self._clock.now() + 1:
            return None
        return await asyncio.to_thread(find, self._root, stream_id, begun_s)

    async def _found(self, stream_id: bytes) -> Tail | None:
        tail = await self._tail(stream_id)
        if tail is not None:
            return tail
        turns = _SIBLING_TURNS if await asyncio.to_thread(others_alive, self._root, self._writer.boot) else 0
        for turn in range(turns + 1):  # who has ended since we looked has written all it had: so look again at once
            if turn:
                await asyncio.sleep(TURN_S)
            if (tail := await self._tail(stream_id)) is not None:
                break
        return tail

    def _is_old(self, ended_s: float | None) -> bool:
        return ended_s is not None and ended_s + self._settings.keep_s < self._clock.now()

    def _unknown(self) -> BadAskError:
        return BadAskError(
            "There is no such stream for this key. A stream is read by the key that made it, and is kept for "
            f"{self._settings.keep_s:g} s after its end (server.streams.keep_s).",
            code="unknown_stream",
            status=404,
        )


def _stream_id(trace_id: str) -> bytes:
    """The id as bytes; none of what is no trace id."""
    return bytes.fromhex(trace_id) if _TRACE_ID.fullmatch(trace_id) else b""
