"""An index as it is searched: the file in force, readers for several threads, and the vectors in memory.

Everything here blocks and runs in threads. A rebuilt index is taken up at the next search; changed documents within
`FOLLOW_S`. Passages that are gone, or that the caller may no longer see, are not returned even before that.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from msgspec import Struct

from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.retrieval.store.graph import Graph, load
from headworks.retrieval.store.reader import IndexReader
from headworks.retrieval.store.rows import BLOCK_ROWS, Block, Whole, block_of, without
from headworks.retrieval.store.shelf import Shelf

FOLLOW_S = 1.0
_THREADS = 4
_NONE: Whole = np.empty(0, np.int64)


class State(Struct, frozen=True):
    """What is known of a file.

    Attributes:
        path: Which one.
        changes: Its state.
        version: Hash of its contents.
        model: Of its vectors; empty where it has none.
        ids: Chunks in `blocks`.
        blocks: Their vectors.
        graph: Finds near ones of a large index.
        fresh: What is not in the graph; all where there is none.
        at_s: When it was looked at, monotonic.
    """

    path: Path
    changes: int
    version: str
    model: str
    ids: Whole
    blocks: list[Block]
    graph: Graph | None
    fresh: list[Block]
    at_s: float


class LiveIndex:
    """One index.

    Args:
        shelf: Where it lies.
        name: Its name.
        clock: Says when to look for changes.

    Attributes:
        name: The same.
        threads: Where everything here is to be done.
    """

    def __init__(self, shelf: Shelf, name: str, clock: Clock) -> None:
        self.name = name
        self._shelf = shelf
        self._clock = clock
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"retrieval-{name}")
        self._lock = threading.Lock()
        self._idle: list[IndexReader] = []
        self._state: State | None = None

    @property
    def version(self) -> str:
        """Of the contents, as far as it is known; empty before anybody looked."""
        state = self._state
        return "" if state is None else state.version

    def close(self) -> None:
        """Let go of threads, files and memory."""
        self.threads.shutdown()
        with self._lock:
            idle, self._idle, self._state = self._idle, [], None
        for reader in idle:
            reader.close()

    @contextmanager
    def reading(self) -> Iterator[tuple[IndexReader, State]]:
        """A reader of the file in force at one state, and what is known of it.

        Raises:
            BadAskError: `unknown_index` (404).
            StoreError: The file cannot be read.
        """
        reader = self._opened()
        try:
            with reader.snapshot():
                yield reader, self._followed(reader)
        finally:
            self._put_back(reader)

    def _opened(self) -> IndexReader:
        path = self._shelf.live(self.name)
        try:
            return self._reader(path)
        except StoreError:
            again = self._shelf.live(self.name)
            if again == path:
                raise
            return self._reader(again)  # it was replaced between looking and opening

    def _reader(self, path: Path) -> IndexReader:
        with self._lock:
            idle, self._idle = self._idle, [one for one in self._idle if one.path == path]
            found = self._idle.pop() if self._idle else None
        for reader in idle:
            if reader.path != path:
                reader.close()
        return found or IndexReader(path)

    def _put_back(self, reader: IndexReader) -> None:
        with self._lock:
            self._idle.append(reader)

    def _followed(self, reader: IndexReader) -> State:
        """The state that the reader sees, or one that is at most `FOLLOW_S` older."""
        changes, now = reader.changes(), self._clock.monotonic()
        state = self._state
        if state is not None and state.path == reader.path:
            if state.changes >= changes or now - state.at_s < FOLLOW_S:
                return state
        else:
            state = None
        with self._lock:
            if self._state is not None and self._state.path == reader.path and self._state.changes >= changes:
                return self._state
            self._state = _read(reader, state, changes, now)
            return self._state


def _read(reader: IndexReader, before: State | None, changes: int, now: float) -> State:
    """What is known of the file, read as far as it is new."""
    ids = reader.chunk_ids()
    old = _NONE if before is None else before.ids
    blocks = [] if before is None else without(before.blocks, np.setdiff1d(old, ids, assume_unique=True))
    new = np.setdiff1d(ids, old, assume_unique=True).tolist()
    if len(blocks) and len(blocks[-1].ids) + len(new) <= BLOCK_ROWS:  # a small one grows, so that there are few
        new = blocks.pop().ids.tolist() + new
    for first in range(0, len(new), BLOCK_ROWS):
        blocks.append(block_of(reader.vectors(new[first : first + BLOCK_ROWS])))
    graph = load(reader.path)
    fresh = blocks if graph is None else without(blocks, graph.ids)
    about = reader.about()
    return State(reader.path, changes, reader.version(), about.get("model", ""), ids, blocks, graph, fresh, now)
