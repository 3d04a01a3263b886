"""The nearest chunks of an index: by its graph where the caller may see everything, else by looking at all of them.

A graph cannot leave out what a caller may not see without losing some of what they may. Whoever lacks a label, or asks
with a filter, is answered exactly.
"""

from headworks.retrieval.live import State
from headworks.retrieval.store.reader import IndexReader, Scope
from headworks.retrieval.store.rows import Floats, Seen, block_of, nearest

_MORE = 2
"""Times as many are taken from the graph, and compared exactly: its own copies are coarse."""


def near_in(reader: IndexReader, state: State, scope: Scope, vector: Floats, most: int) -> list[int]:
    """Numbers of the nearest chunks that the scope allows, nearest first."""
    if state.graph is not None and scope == Scope():
        rows = reader.vectors(state.graph.near(vector, _MORE * most))
        if len(rows) >= most:
            return _first(nearest([*state.fresh, block_of(rows)], vector, most, Seen()))
    return _first(nearest(state.blocks, vector, most, scope.seen()))


def _first(found: list[tuple[int, float]]) -> list[int]:
    return [number for number, _ in found]
