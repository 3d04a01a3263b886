"""A stream log in a folder of its own, on a clock that stands still; its turns are taken by hand."""

import pytest

from headworks.core.ids import new_trace_id
from headworks.server.streams.config import StreamSettings
from headworks.server.streams.kept import Head
from headworks.server.streams.log import StreamLog
from headworks.testing import FakeClock

KEY = "key-1"


class Shelf:
    """Logs over one folder: of one process after the other, or of siblings."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = FakeClock()
        self.made = []

    def log(self, worker="0", **settings):
        """The log of one more process."""
        log = StreamLog(self.folder, StreamSettings(**settings), self.clock, worker=worker)
        self.made.append(log)
        return log

    def trace_id(self):
        """An id of now."""
        return new_trace_id(self.clock.now())

    def files(self):
        """The segment files."""
        return sorted(self.folder.glob("streams/*/*.seg"))


def event(number, text="word"):
    """One stamped event."""
    return b"id: %d\ndata: %b\n\n" % (number, text.encode())


def begin(log, trace_id, key_id=KEY, dialect="openai"):
    """A stream begins."""
    return log.open(trace_id, Head(key_id, dialect, [(b"x-request-id", trace_id.encode())]))


async def rest(log, trace_id, after=0, key_id=KEY):
    """Everything behind an event, to the end."""
    reading = await log.find(trace_id, key_id, after)
    pieces = []
    while data := await reading.next():
        pieces.append(data)
    return b"".join(pieces)


async def killed(log):
    """What `kill -9` leaves: nothing more is written, and the lock is free."""
    if log._next is not None:
        log._next.cancel()
    if log._writing is not None:
        await log._writing
    lock = log._writer._lock
    log._writer.close()
    if lock >= 0:
        log._writer.boot.lock.write_bytes(b"")
    log._thread.shutdown()


@pytest.fixture
async def shelf(tmp_path):
    """Logs over one folder."""
    made = Shelf(tmp_path)
    yield made
    for log in made.made:
        log._thread.shutdown()  # first: what it is writing is its own until it has ended
        log._writer.close()
