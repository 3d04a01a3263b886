"""Divide what has become crowded: the centres are found in a thread, and vectors move a few at a time between calls."""

import asyncio

from headworks.cache.index.cells import centres
from headworks.cache.index.memory import VectorIndex

AT_ONCE = 16
"""Vectors that move in one turn of the event loop: about 0.3 ms."""


async def divide_crowded(index: VectorIndex) -> int:
    """Divide every crowded partition; how many there were. Only one such call at a time."""
    count = 0
    while (key := index.crowded()) is not None:
        found = await asyncio.to_thread(centres, index.views(key))
        index.divide(key, found)
        moving = True
        while moving:
            moving = index.move(key, AT_ONCE)
            await asyncio.sleep(0)  # other calls go first
        count += 1
    return count
