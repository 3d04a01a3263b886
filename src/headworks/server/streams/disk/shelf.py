"""The folder of kept streams, shared by all workers: names of files, who of their writers lives, what may be deleted.

    DATA_DIR/streams/WORKER/BOOT.lock          held (flock) by a process for as long as it lives
    DATA_DIR/streams/WORKER/BOOT-NUMBER.seg    its segments, in the order written

The time of a segment's last change says when a stream in it was last written to, or ended. The last segment of a living
process is never deleted by another. Errors are the operating system's; everything here runs in threads.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct


class Boot(Struct, frozen=True):
    """One run of one worker: its folder, and the name that its files begin with."""

    folder: Path
    name: str

    def segment(self, number: int) -> Path:
        """Where its segment `number` lies."""
        return self.folder / f"{self.name}-{number:06d}.seg"

    def after(self, number: int) -> int | None:
        """Number of its first segment after `number`; None when there is none. Others may have been deleted."""
        if self.segment(number + 1).exists():
            return number + 1
        numbers = [segment_number(path.name) for path in self.folder.glob(self.name + "-*.seg")]
        return min((found for found in numbers if found > number), default=None)

    @property
    def lock(self) -> Path:
        """What it holds while it lives."""
        return self.folder / f"{self.name}.lock"

    def take_lock(self) -> int:
        """Say that this process is that run; the descriptor keeps saying so until it is closed."""
        made = self.lock.with_suffix(".new")  # locked before it has its name: nobody takes it for a dead one's
        descriptor = os.open(made, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        made.rename(self.lock)
        return descriptor

    def is_alive(self) -> bool:
        """Whether somebody may still write its segments."""
        try:
            descriptor = os.open(self.lock, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


class Found(Struct, frozen=True, order=True):
    """A segment file: when it was last needed (Unix seconds), whose it is, its number and its bytes."""

    needed_s: float
    path: Path
    number: int
    size: int

    @property
    def boot(self) -> Boot:
        """Whose it is."""
        return Boot(self.path.parent, self.path.stem.rpartition("-")[0])


def others_alive(root: Path, mine: Boot) -> bool:
    """Whether another process than `mine` may write segments here."""
    boots = (Boot(lock.parent, lock.stem) for lock in root.glob("*/*.lock"))
    return any(boot.is_alive() for boot in boots if boot != mine)


def segment_number(name: str) -> int:
    """The number in a segment's file name."""
    return int(name.rpartition("-")[2].removesuffix(".seg"))


def segments(root: Path) -> list[Found]:
    """All segments there are, the one that was needed last at the end."""
    return sorted(_measured(root.glob("*/*.seg")))


def sweep(root: Path, before_s: float, disk_bytes: int, mine: Boot, current: Path | None) -> None:
    """Delete segments last needed before `before_s` (Unix seconds), and the oldest of those over `disk_bytes`.

    Args:
        root: Folder of all workers' segments.
        before_s: What is older goes.
        disk_bytes: What is over it goes.
        mine: The process that sweeps.
        current: The segment that it is writing to; None when it is between two.
    """
    found = segments(root)
    total = sum(segment.size for segment in found)
    last: dict[Boot, int] = {}
    for segment in found:
        last[segment.boot] = max(segment.number, last.get(segment.boot, 0))
    left = {segment.path: segment.boot for segment in found}
    for segment in found:
        if segment.needed_s >= before_s and total <= disk_bytes:
            break
        if segment.boot == mine:
            kept = segment.path == current
        else:
            kept = segment.number == last[segment.boot] and segment.boot.is_alive()
        if not kept:
            segment.path.unlink(missing_ok=True)
            del left[segment.path]
            total -= segment.size
    for lock in root.glob("*/*.lock"):
        boot = Boot(lock.parent, lock.stem)
        if boot not in left.values() and not boot.is_alive():
            lock.unlink(missing_ok=True)


def _measured(paths: Iterable[Path]) -> Iterator[Found]:
    for path in paths:
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue  # deleted by a sibling since it was listed
        yield Found(stat.st_mtime, path, segment_number(path.name), stat.st_size)
