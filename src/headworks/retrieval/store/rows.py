"""Vectors in memory, in blocks, so that a change touches little. Similarities are exact.

Used by one thread at a time where it changes; a search works on blocks as they were when it began.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from msgspec import Struct

from headworks.retrieval.store.schema import ACCESS_SHIFT

BLOCK_ROWS = 4096
Floats = np.ndarray[Any, np.dtype[np.float32]]
Whole = np.ndarray[Any, np.dtype[np.int64]]


class Block(Struct, frozen=True):
    """Some rows.

    Attributes:
        ids: Numbers of the chunks, ascending within a block.
        documents: Their documents.
        vectors: One row each.
    """

    ids: Whole
    documents: Whole
    vectors: Floats


class Seen(Struct, frozen=True):
    """What a search may find: chunks of these label sets and, where it says so, of these documents. None means all."""

    access: Whole | None = None
    documents: Whole | None = None


def block_of(rows: list[tuple[int, int, bytes]]) -> Block:
    """A block of rows as they are kept: chunk, document, vector."""
    ids, documents, vectors = zip(*rows, strict=True)
    matrix: Floats = np.frombuffer(b"".join(vectors), np.float32).reshape(len(rows), -1)
    return Block(np.array(ids, np.int64), np.array(documents, np.int64), matrix)


def without(blocks: Iterable[Block], gone: Whole) -> list[Block]:
    """The blocks without some chunks."""
    kept = []
    for block in blocks:
        stays = ~np.isin(block.ids, gone)
        if stays.all():
            kept.append(block)
        elif stays.any():
            kept.append(Block(block.ids[stays], block.documents[stays], block.vectors[stays]))
    return kept


def nearest(blocks: Iterable[Block], vector: Floats, most: int, seen: Seen) -> list[tuple[int, float]]:
    """The nearest chunks that may be seen, with their cosines, nearest first."""
    ids, scores = [], []
    for block in blocks:
        mask = _mask(block, seen)
        if mask is not None and not mask.any():
            continue
        chosen = block.ids if mask is None else block.ids[mask]
        near = block.vectors @ vector
        near = near if mask is None else near[mask]
        if len(near) > most:
            top = np.argpartition(near, len(near) - most)[-most:]
            chosen, near = chosen[top], near[top]
        ids.append(chosen)
        scores.append(near)
    if not ids:
        return []
    all_ids, all_scores = np.concatenate(ids), np.concatenate(scores)
    order = np.lexsort((all_ids, -all_scores))[:most]
    return list(zip(all_ids[order].tolist(), all_scores[order].tolist(), strict=True))


def _mask(block: Block, seen: Seen) -> Any:
    mask = None if seen.access is None else np.isin(block.ids >> ACCESS_SHIFT, seen.access)
    if seen.documents is None:
        return mask
    inside = np.isin(block.documents, seen.documents)
    return inside if mask is None else mask & inside
