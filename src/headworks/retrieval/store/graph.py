"""A graph over the vectors of a large index, which finds near ones without looking at all: HNSW with 8-bit copies.

It lies beside the index file and is shared by all workers through the page cache. A chunk's number never stands for
another vector, so a graph never lies: it may lack what is new, which is then looked at one by one, and name what is
gone, which is passed over. Needs usearch; without it, all vectors are looked at.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

from headworks.retrieval.store.reader import IndexReader
from headworks.retrieval.store.rows import Floats, Whole

try:
    from usearch.index import Index
except ImportError:
    AVAILABLE = False
else:
    AVAILABLE = True

LEAST_ROWS = 20_000
"""A smaller index is looked at whole: that takes no longer."""
_STALE = 0.1
_ADDED = 4096


class Graph:
    """The graph of one file.

    Args:
        path: Its file.

    Attributes:
        ids: Chunks in it, ascending.
    """

    def __init__(self, path: Path) -> None:
        found: Any = Index.restore(str(path), view=True)
        self._index = found
        self.ids: Whole = np.sort(np.asarray(found.keys, np.uint64).astype(np.int64))

    def near(self, vector: Floats, most: int) -> list[int]:
        """About the nearest, some of which may be gone."""
        keys: list[int] = np.asarray(self._index.search(vector, most).keys).astype(np.int64).tolist()
        return keys


def graph_path(path: Path) -> Path:
    """Where the graph of an index file lies."""
    return path.with_name(path.name + ".usearch")


def load(path: Path) -> Graph | None:
    """The graph of an index file, where there is one that can be read."""
    file = graph_path(path)
    if not AVAILABLE or not file.is_file():
        return None
    try:
        return Graph(file)
    except (RuntimeError, ValueError, OSError):  # cut short, or of another version: all is looked at
        return None


def renew(path: Path, least_rows: int = LEAST_ROWS) -> bool:
    """Make the graph of an index file anew when it lacks too much; True when it was made. Called with the lock."""
    if not AVAILABLE:
        return False
    reader = IndexReader(path)
    try:
        with reader.snapshot():
            ids = reader.chunk_ids()
            before = load(path)
            if len(ids) < least_rows:
                graph_path(path).unlink(missing_ok=True)
                return False
            differing = len(ids) if before is None else len(np.setxor1d(ids, before.ids, assume_unique=True))
            if differing <= _STALE * len(ids):
                return False
            _build(reader, ids, graph_path(path))
            return True
    finally:
        reader.close()


def _build(reader: IndexReader, ids: Whole, file: Path) -> None:
    made: Any = None
    for first in range(0, len(ids), _ADDED):
        rows = reader.vectors(ids[first : first + _ADDED].tolist())
        vectors = np.frombuffer(b"".join(row[2] for row in rows), np.float32).reshape(len(rows), -1)
        if made is None:
            made = Index(ndim=vectors.shape[1], metric="cos", dtype="i8")
        made.add(np.array([row[0] for row in rows], np.uint64), vectors, threads=1)
    new = file.with_name(file.name + ".new")
    made.save(str(new))
    os.replace(new, file)  # noqa: PTH105
