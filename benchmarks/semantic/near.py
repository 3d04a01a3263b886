"""The nearest other texts of every text of a stream, all at once: a plain search in numpy.

What a cache holds at a call is a subset that depends on the rule under test; a run walks each list, nearest first, and
takes what is there.
"""

import numpy as np

from benchmarks.semantic.embed import Vectors

DEPTH = 100
_ROWS = 512


def neighbours(vectors: Vectors) -> list[list[tuple[float, int]]]:
    """For each row, (cosine, row) of the `DEPTH` nearest others, nearest first."""
    depth = min(DEPTH, len(vectors) - 1)
    found: list[list[tuple[float, int]]] = []
    for start in range(0, len(vectors), _ROWS):
        cosines = vectors[start : start + _ROWS] @ vectors.T
        here = np.arange(len(cosines))
        cosines[here, start + here] = -2.0
        best = np.argpartition(-cosines, depth - 1, axis=1)[:, :depth]
        values = np.take_along_axis(cosines, best, 1)
        order = np.argsort(-values, axis=1)
        for row, near in zip(
            np.take_along_axis(values, order, 1).tolist(), np.take_along_axis(best, order, 1).tolist(), strict=True
        ):
            found.append(list(zip(row, near, strict=True)))
    return found
