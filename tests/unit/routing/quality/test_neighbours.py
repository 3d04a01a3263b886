"""The nearest outcomes say how good answers are."""

import numpy as np
import pytest

from headworks.routing.quality.neighbours import NearestOutcomes


def test_the_nearest_count() -> None:
    vectors = np.array([[1.0, 0.0]] * 10 + [[0.0, 1.0]] * 10, np.float32)
    near = NearestOutcomes(vectors, {"a": [1.0] * 10 + [0.0] * 10}, k=10)
    assert near.rates([1.0, 0.0])["a"] == pytest.approx(10.25 / 10.5)
    assert near.rates([0.0, 1.0])["a"] < 0.03


def test_fewer_outcomes_than_neighbours_are_enough() -> None:
    assert NearestOutcomes(np.eye(2, dtype=np.float32), {"a": [1.0, 0.0]}).rates([1.0, 0.0])["a"] == 0.5
