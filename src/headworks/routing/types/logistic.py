"""Learn a logistic regression over hashed features: AdaGrad in plain Python, the same result for the same seed.

One learner serves the shipped weights, a user's own types, and the chance that a model answers well. It takes some
seconds for ten thousand examples, which is done by a command and never by the gateway.
"""

import math
import random
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from headworks.routing.types.features import SIZE

Tick = Callable[[], object]
_RATE = 0.5
_TINY = 1e-8
_TEMPERATURES = tuple(0.25 * 1.06**step for step in range(60))
"""From 0.25 to about 8, in steps of 6%."""


class Example(Struct, frozen=True):
    """Hashed features, and the shares of the classes (they add up to 1)."""

    found: Sequence[int]
    shares: Sequence[float]
    weight: float = 1.0


class Fitted(Struct):
    """Weights by class and feature, and a bias by class."""

    rows: list[list[float]]
    biases: list[float]

    def scores(self, found: Sequence[int]) -> list[float]:
        """The logits of the classes."""
        scale = 1 / math.sqrt(len(found) or 1)
        return [
            bias + scale * sum(map(row.__getitem__, found)) for row, bias in zip(self.rows, self.biases, strict=True)
        ]


class Learning(Struct, frozen=True, kw_only=True):
    """How to learn.

    Attributes:
        rounds: How often all examples are gone through.
        l2: How strongly weights are drawn to 0, for each example seen.
        seed: Of the order of examples.
    """

    rounds: int = 6
    l2: float = 1e-4
    seed: int = 0


def fit(examples: Sequence[Example], learning: Learning | None = None, tick: Tick = lambda: None) -> Fitted:
    """The regression that explains `examples`; `tick` is called after each round.

    Raises:
        ValueError: There are no examples.
    """
    if not examples:
        raise ValueError("there is nothing to learn from")
    how = learning or Learning()
    classes = len(examples[0].shares)
    fitted = Fitted([[0.0] * SIZE for _ in range(classes)], [0.0] * classes)
    squares = [[_TINY] * SIZE for _ in range(classes)]
    bias_squares = [1.0] * classes
    order = list(examples)
    shuffle = random.Random(how.seed).shuffle  # noqa: S311  # an order that can be had again, no secret
    for _ in range(how.rounds):
        shuffle(order)
        for example in order:
            shares = softmax(fitted.scores(example.found))
            for at in range(classes):
                error = (shares[at] - example.shares[at]) * example.weight
                bias_squares[at] += error * error
                fitted.biases[at] -= _RATE * error / math.sqrt(bias_squares[at])
                _step(fitted.rows[at], squares[at], example.found, error, how.l2)
        tick()
    return fitted


def _step(row: list[float], squares: list[float], found: Sequence[int], error: float, l2: float) -> None:
    """Move the weights of the features that were there."""
    if abs(error) < 1e-4:
        return  # nothing to learn here, and most of the time saved
    gradient = error / math.sqrt(len(found) or 1)
    sqrt = math.sqrt
    for feature in found:
        slope = gradient + l2 * row[feature]
        squares[feature] += slope * slope
        row[feature] -= _RATE * slope / sqrt(squares[feature])


def softmax(scores: Sequence[float], temperature: float = 1.0) -> list[float]:
    """Shares that add up to 1."""
    highest = max(scores)
    raised = [math.exp((score - highest) / temperature) for score in scores]
    total = sum(raised)
    return [one / total for one in raised]


def best_temperature(scored: Iterable[tuple[Sequence[float], int]]) -> float:
    """The temperature at which the logits of examples that were kept apart say their class best (Guo et al. 2017)."""
    kept = list(scored)

    def loss(temperature: float) -> float:
        return -sum(math.log(max(softmax(scores, temperature)[label], 1e-12)) for scores, label in kept)

    return min(_TEMPERATURES, key=loss) if kept else 1.0
