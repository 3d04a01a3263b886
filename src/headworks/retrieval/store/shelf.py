"""The folder of indexes: which there are, which file of an index is in force, and who may write.

`NAME.3.sqlite` is the third generation of an index; the highest is in force. A rebuild writes `NAME.4.building` and
renames it when it is complete: searches go to the old one until then. Readers that have it open keep what they see.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headworks.core.errors import BadAskError, StoreError
from headworks.retrieval.config import NAME_PATTERN

FOLDER = "indexes"
_FILE = re.compile(r"([A-Za-z0-9_-]{1,64})\.(\d{1,9})\.(sqlite|building)")
_GRAPH = ".usearch"
_BESIDE = ("", "-wal", "-shm", _GRAPH, f"{_GRAPH}.new")


class Shelf:
    """The indexes of a data directory.

    Args:
        data_dir: They lie in its folder `indexes`, made when the first one is.
    """

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / FOLDER

    def names(self) -> list[str]:
        """Names of all indexes, sorted."""
        return sorted({name for name, _, kind in self._files() if kind == "sqlite"})

    def live(self, name: str) -> Path:
        """The file in force.

        Raises:
            BadAskError: `unknown_index` (404).
        """
        numbers = [number for found, number, kind in self._files() if found == name and kind == "sqlite"]
        if not numbers:
            known = ", ".join(self.names()) or "none yet"
            raise BadAskError(
                f"There is no index `{name[:64]}`. There is: {known}. `headworks index add NAME PATH` makes one.",
                code="unknown_index",
                status=404,
            )
        return self._path(name, max(numbers))

    def first(self, name: str) -> Path:
        """The file to write to: the one in force, or the first.

        Raises:
            BadAskError: The name is none.
            StoreError: The folder cannot be made.
        """
        if re.fullmatch(NAME_PATTERN, name) is None:
            raise BadAskError("The name of an index has letters, digits, `-` and `_`, at most 64 of them.")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder {self.folder} cannot be made: {error.strerror}.") from error
        return self.live(name) if name in self.names() else self._path(name, 1)

    def building(self, name: str) -> Path:
        """The file of a rebuild: one that was broken off, or a new one."""
        generation = int(self.live(name).name.split(".")[1])
        return self.folder / f"{name}.{generation + 1}.building"

    def switch(self, building: Path) -> Path:
        """Put a complete file in force. It is closed, and nothing of it waits in a log beside it."""
        live = building.with_suffix(".sqlite")
        graph = building.with_name(building.name + _GRAPH)
        if graph.exists():
            graph.rename(live.with_name(live.name + _GRAPH))
        with building.open("rb") as file:
            os.fsync(file.fileno())
        building.rename(live)
        return live

    def tidy(self, name: str) -> None:
        """Remove generations that are no longer in force. Called with the lock."""
        newest = self.live(name)
        for found, number, kind in self._files():
            path = self._path(found, number)
            if found == name and kind == "sqlite" and path != newest:
                _unlink(path)

    def remove(self, name: str) -> None:
        """Remove an index whole. Called with the lock.

        Raises:
            BadAskError: `unknown_index` (404).
        """
        self.live(name)
        for found, number, kind in sorted(self._files(), key=lambda one: one[1]):
            if found == name:
                _unlink(self.folder / f"{found}.{number}.{kind}")

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        """Be the only one that writes to an index. The system lets go of the lock when the process ends.

        Raises:
            BadAskError: `conflict` (409): another process is writing.
        """
        self.first(name)
        with (self.folder / f"{name}.lock").open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BadAskError(
                    f"Index `{name}` is being written by another process. Try again when it is done.",
                    code="conflict",
                    status=409,
                ) from error
            yield

    def _path(self, name: str, number: int) -> Path:
        return self.folder / f"{name}.{number}.sqlite"

    def _files(self) -> list[tuple[str, int, str]]:
        try:
            entries = os.listdir(self.folder)  # noqa: PTH208  a third of the time of iterdir, at each search
        except FileNotFoundError:
            return []
        return [(match[1], int(match[2]), match[3]) for entry in entries if (match := _FILE.fullmatch(entry))]


def _unlink(path: Path) -> None:
    for suffix in _BESIDE:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
