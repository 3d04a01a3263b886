"""The nearest outcomes by their vectors. Needs numpy (`headworks[embed]`): only `extras.py` imports it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_Array = np.ndarray[Any, np.dtype[np.float32]]
_HALF = 0.5


class NearestOutcomes:
    """Satisfies `Neighbours`. Its time grows with the outcomes: some 0.4 ms for 10,000.

    Args:
        vectors: A row of length 1 for each prompt.
        good: For each model, how good its answers to these prompts were, 0 to 1.
        k: How many neighbours count.
    """

    def __init__(self, vectors: _Array, good: Mapping[str, Sequence[float]], k: int = 100) -> None:
        self._vectors = np.ascontiguousarray(vectors, np.float32)
        self._good = {model: np.asarray(values, np.float32) for model, values in good.items()}
        self._means = {model: float(values.mean()) for model, values in self._good.items()}
        self._k = min(k, len(self._vectors))

    def rates(self, vector: Sequence[float]) -> dict[str, float]:
        """For each model the mean over the nearest prompts, drawn a little to the mean over all."""
        likeness = self._vectors @ np.asarray(vector, np.float32)
        near = np.argpartition(-likeness, self._k - 1)[: self._k]
        return {
            model: (float(values[near].sum()) + _HALF * self._means[model]) / (self._k + _HALF)
            for model, values in self._good.items()
        }
