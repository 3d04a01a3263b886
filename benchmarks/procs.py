"""What processes cost: processor time and memory of a process and all its descendants, from /proc (Linux)."""

import os
from collections.abc import Iterator
from pathlib import Path

TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def family(pid: int) -> list[int]:
    """`pid` and all processes it started, and they started."""
    parents = dict(_parents())
    found = [pid]
    for member in found:  # grows while it is read
        found += [child for child, parent in parents.items() if parent == member]
    return found


def cpu_us(pid: int) -> float:
    """Processor time (user and system) of the family so far, microseconds, in steps of a clock tick (10 ms).

    Children that ended in between count where their parent has waited for them.
    """
    return sum(sum(int(field) for field in _stat(member)[11:15]) for member in family(pid)) * TICK_US


def rss_mb(pid: int) -> float:
    """Resident memory of the family, megabytes. Pages that processes share are counted for each."""
    pages = (int(Path(f"/proc/{member}/statm").read_text(encoding="ascii").split()[1]) for member in family(pid))
    return sum(pages) * PAGE_BYTES / 1e6


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            yield int(entry.name), int(stat[1])


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold anything; empty for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
