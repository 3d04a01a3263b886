"""The built-in classifier: a calibrated multinomial logistic regression over hashed n-grams. No I/O, no numpy."""

import math
from collections.abc import Callable
from pathlib import Path

from headworks.routing.types.features import features
from headworks.routing.types.logistic import softmax
from headworks.routing.types.tag import Guess
from headworks.routing.types.weights import Weights, WeightsError, load_weights

SHIPPED = Path(__file__).with_name("weights.bin")


class BuiltInClassifier:
    """Satisfies `Classifier`; `guess_now` is the same at once."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    @property
    def types(self) -> tuple[str, ...]:
        """The types it tells apart."""
        return self._weights.types

    def guess_now(self, text: str) -> Guess:
        """What `text` is likely to be. Under 2 ms for 4 kB; longer texts cost the same."""
        found = features(text)
        weights = self._weights
        shares = softmax([row.score(found) for row in weights.rows], weights.temperature)
        hard = 1 / (1 + math.exp(-weights.difficulty.score(found))) if weights.difficulty is not None else None
        return Guess(dict(zip(weights.types, shares, strict=True)), hard, "the built-in classifier")

    async def guess(self, text: str) -> Guess:
        """What `text` is likely to be."""
        return self.guess_now(text)


def built_in(report: Callable[[str], object], path: Path = SHIPPED) -> BuiltInClassifier | None:
    """The classifier of a file of weights; None, and the reason reported, when it cannot be used: rules then go on."""
    try:
        return BuiltInClassifier(load_weights(path))
    except WeightsError as error:
        report(f"{error} Query types are told by rules alone.")
        return None
