"""The board of one machine: a file that its workers share, read into memory.

Every `LOOK_S` a worker asks SQLite whether somebody has written, which takes microseconds, and reads only what is new.
Files are written in a thread.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import structlog

from headworks.core.clock import Clock, rfc3339
from headworks.core.errors import BadAskError, StoreError
from headworks.core.people.board import Entry, checked
from headworks.storage.board.file import BoardFile, ConflictError

LOOK_S = 0.1
_log = structlog.get_logger("headworks.board")


class FileBoard:
    """Satisfies `core.people.board.Board` and `core.protocols.Room`.

    Args:
        data_dir: Holds `board.sqlite`.
        clock: Wall time of changes.
    """

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._file: BoardFile | None = None
        self._up: dict[str, dict[str, Entry]] = {}
        self._watchers: dict[str, list[Callable[[], None]]] = {}
        self._last = 0
        self._version = -1
        self._task: asyncio.Task[None] | None = None
        self._well = True

    async def start(self) -> None:
        """Open the file and read it whole.

        Raises:
            StoreError: It cannot be used.
        """
        self._file = await asyncio.to_thread(BoardFile, self._data_dir)
        self._read_all(self._file)
        self._task = asyncio.create_task(self._run(), name="board")

    async def stop(self) -> None:
        """Close the file."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._file is not None:
            await asyncio.to_thread(self._file.close)
            self._file = None

    def get(self, kind: str, name: str) -> Entry | None:
        """As the protocol says."""
        return self._up.get(kind, {}).get(name)

    def all(self, kind: str) -> Mapping[str, Entry]:
        """As the protocol says."""
        return self._up.get(kind, {})

    def watch(self, kind: str, heard: Callable[[], None]) -> None:
        """As the protocol says."""
        self._watchers.setdefault(kind, []).append(heard)

    async def put(
        self, kind: str, name: str, value: bytes | None, *, who: str, why: str = "", expected: int | None = None
    ) -> Entry:
        """As the protocol says."""
        entry = Entry(kind=kind, name=name, value=value, version=0, at_s=self._clock.now(), who=who, why=why)
        made = await self._kept(checked(entry), expected)
        self.look()
        return made

    async def history(self, kind: str | None = None, name: str | None = None, limit: int = 100) -> list[Entry]:
        """As the protocol says."""
        return await asyncio.to_thread(self.opened().history, kind, name, limit)

    def look(self) -> None:
        """Read what is new into memory. On the event loop.

        Raises:
            StoreError: The file cannot be read.
        """
        file = self.opened()
        version = file.data_version()
        found = file.changes(self._last)
        self._version = version
        if found is None:
            self._read_all(file)
            return
        self._last, changed = found
        self.apply(changed)

    def opened(self) -> BoardFile:
        """The file; raises StoreError when the board is not open."""
        if self._file is None:
            raise StoreError("The board is not open.")
        return self._file

    async def _kept(self, entry: Entry, expected: int | None) -> Entry:
        try:
            return await asyncio.to_thread(self.opened().put, entry, expected)
        except ConflictError as error:
            raise conflict(entry, error.entry) from error

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                if self.opened().data_version() != self._version:
                    self.look()
            except StoreError as error:
                if self._well:
                    _log.error("board_not_read", reason=error.message, effect="what was known goes on standing")
                self._well = False
            else:
                self._well = True

    def _read_all(self, file: BoardFile) -> None:
        """Take the whole board; a change that is made meanwhile is read once more, which does no harm."""
        self._version = file.data_version()
        self._last = file.last_change()
        self._up = {}
        self.apply(file.standing())

    def apply(self, entries: Iterable[Entry]) -> None:
        """Take entries into memory, the later of those with the same name last."""
        kinds: dict[str, dict[str, Entry]] = {}
        for entry in entries:
            up = kinds.setdefault(entry.kind, dict(self._up.get(entry.kind, {})))
            if entry.value is None:
                up.pop(entry.name, None)
            else:
                up[entry.name] = entry
        self._up = self._up | kinds
        for kind in kinds:
            for heard in self._watchers.get(kind, ()):
                heard()


def conflict(wanted: Entry, stands: Entry | None) -> BadAskError:
    """Why a change is not made: who was faster, and when."""
    if stands is None:
        told = f"There is no `{wanted.name}` any more."
    else:
        done = "took down" if stands.value is None else "changed"
        told = f"{stands.who} {done} `{wanted.name}` at {rfc3339(stands.at_s)}; it is at version {stands.version} now."
    return BadAskError(f"{told} Look at it and decide anew.", code="conflict", status=409)
