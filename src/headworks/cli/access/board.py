"""The board of a config, open for one command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from headworks.config import Config
from headworks.core.clock import SystemClock
from headworks.extras import board
from headworks.storage.board import FileBoard

CLOCK = SystemClock()


@asynccontextmanager
async def open_board(config: Config) -> AsyncIterator[FileBoard]:
    """The board that the gateways of a config use, whether one runs or not.

    Raises:
        StoreError: It cannot be opened.
    """
    hung = board(config, CLOCK)
    await hung.start()
    try:
        yield hung
    finally:
        await hung.stop()
