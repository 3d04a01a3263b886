"""Entries, stores on a fake clock, and children that are real processes."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from headworks.cache.entries import Entry, Facets
from headworks.cache.local import LocalSettings, LocalStore
from headworks.core.replies import Finished, TextDelta
from headworks.testing import FakeClock

SOURCE = str(Path(__file__).parents[4] / "src")
START_S = FakeClock().now()


def entry(
    number: int, text: str = "An answer.", *, created_s: float = START_S, ttl_s: float = 3600, **facets: object
) -> Entry:
    return Entry(
        key=number.to_bytes(32, "big"),
        facets=Facets(**{"org": "acme", "feature": "bot"} | facets),  # type: ignore[arg-type]
        created_s=created_s,
        expires_s=created_s + ttl_s,
        model="small",
        provider="lab",
        provider_model="small-1",
        events=[TextDelta(text), Finished("stop")],
    )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


NewStore = Callable[..., LocalStore]


@pytest.fixture
async def stores(tmp_path: Path, clock: FakeClock) -> AsyncIterator[NewStore]:
    """Makes started stores, all of one data directory: workers of one machine."""
    async with AsyncExitStack() as stack:

        async def make(memory: int = 1 << 24, disk: int = 1 << 26) -> LocalStore:
            store = LocalStore(tmp_path, LocalSettings(memory_bytes=memory, disk_bytes=disk), clock)
            await store.start()
            stack.push_async_callback(store.stop)
            return store

        yield make


def child(program: str, *words: str) -> subprocess.Popen[str]:
    """A process that runs `program`."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": SOURCE},
    )


def raw(folder: Path) -> bytes:
    """All bytes of all files there, read by another process: closing a file here would drop SQLite's locks."""
    return subprocess.run(["cat", *map(str, folder.iterdir())], capture_output=True, check=True).stdout
