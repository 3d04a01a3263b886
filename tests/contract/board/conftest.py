"""The boards: in memory, of one machine, and of several nodes with a Valkey server that is emptied before each test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.contract.cache.valkey import Valkey

from headworks.core.clock import SystemClock
from headworks.storage.board import FileBoard, SharedBoard
from headworks.testing import FakeBoard

PATIENCE_S = 20.0
CLOCK = SystemClock()
AnyBoard = FakeBoard | FileBoard
Opened = Callable[[], "asynccontextmanager[AnyBoard]"]


@asynccontextmanager
async def opened(board: AnyBoard) -> AsyncIterator[AnyBoard]:
    """A board that is started, and stopped afterwards."""
    if isinstance(board, FileBoard):
        await board.start()
    try:
        yield board
    finally:
        if isinstance(board, FileBoard):
            await board.stop()


def node(server: Valkey, folder: Path) -> SharedBoard:
    """The board of a node whose data lies in `folder`."""
    return SharedBoard(server.url, folder, CLOCK)


@pytest.fixture(params=["fake", "file", "shared"])
def board(request: pytest.FixtureRequest, tmp_path: Path) -> AnyBoard:
    if request.param == "fake":
        return FakeBoard(CLOCK)
    if request.param == "file":
        return FileBoard(tmp_path, CLOCK)
    return node(request.getfixturevalue("valkey"), tmp_path)


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Return when it holds; it has to soon."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)
