"""Learn types from labelled requests, and say how well: a part of them is kept apart, and nothing of it is learned."""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence

from msgspec import Struct

from headworks.core.errors import BadAskError
from headworks.routing.types.features import features
from headworks.routing.types.linear import BuiltInClassifier
from headworks.routing.types.logistic import Example, Learning, best_temperature, fit
from headworks.routing.types.near import LIKENESS, leaks
from headworks.routing.types.nearest import Labelled
from headworks.routing.types.weights import Weights, rows

_APART = 0.2
_HEAVIEST = 4.0
LEARNING = Learning(rounds=8, l2=1e-3, seed=1)


class Parts(Struct, frozen=True):
    """Examples to learn from, to choose the temperature by, and to measure with."""

    learn: Sequence[Labelled]
    choose: Sequence[Labelled]
    test: Sequence[Labelled]


class Measured(Struct, frozen=True):
    """How well types are told on examples that were kept apart.

    Attributes:
        accuracy: Share that is right.
        macro: The same, each type counting alike.
        by_type: Share that is right, by type.
        count: How many examples.
    """

    accuracy: float
    macro: float
    by_type: dict[str, float]
    count: int


def split(examples: Sequence[Labelled], test: Sequence[Labelled]) -> Parts:
    """Parts of each type. Without a test file, a fifth is kept apart for it, without near duplicates of the rest.

    Raises:
        BadAskError: Rows of the test file are, nearly, rows of the examples.
    """
    rng = random.Random(1)  # noqa: S311  # a draw that can be had again, no secret
    by_type: dict[str, list[Labelled]] = defaultdict(list)
    for one in examples:
        by_type[one.type].append(one)
    learn: list[Labelled] = []
    choose: list[Labelled] = []
    drawn: list[Labelled] = []
    for ours in by_type.values():
        rng.shuffle(ours)
        apart = max(1, int(len(ours) * _APART))
        drawn += [] if test else ours[:apart]
        choose += ours[apart * (not test) :][:apart]
        learn += ours[apart * (not test) :][apart:]
    known = [one.text for one in (*learn, *choose)]
    if test:
        _refuse_leaks(known, test)
        return Parts(learn, choose, test)
    leaked = {leak.test for leak in leaks(known, [one.text for one in drawn])}
    return Parts(learn, choose, [one for at, one in enumerate(drawn) if at not in leaked])


def _refuse_leaks(known: Sequence[str], test: Sequence[Labelled]) -> None:
    found = leaks(known, [one.text for one in test])
    if found:
        shown = test[found[0].test].text
        raise BadAskError(
            f"{len(found)} of {len(test)} test rows leak into the training rows (likeness {LIKENESS} and more), the "
            f"first is {shown[:60]!r}. What is measured on them says nothing. Take them out of one of the files."
        )


def learned(parts: Parts, tick: Callable[[], object]) -> Weights:
    """The weights; each type counts alike."""
    types = tuple(sorted({one.type for one in parts.learn}))
    counts = {name: sum(one.type == name for one in parts.learn) for name in types}
    mean = len(parts.learn) / len(types)
    examples = [
        Example(
            features(one.text),
            [float(one.type == name) for name in types],
            min(mean / counts[one.type], _HEAVIEST),
        )
        for one in parts.learn
    ]
    fitted = fit(examples, LEARNING, tick)
    scored = [(fitted.scores(features(one.text)), types.index(one.type)) for one in parts.choose]
    name = f"{len(examples)} examples of {len(types)} types"
    return Weights(name=name, types=types, rows=rows(fitted), temperature=best_temperature(scored))


def measured(weights: Weights, test: Sequence[Labelled]) -> Measured | None:
    """How well the types of `test` are told; None without a row."""
    classifier = BuiltInClassifier(weights)
    right: dict[str, list[bool]] = defaultdict(list)
    for one in test:
        shares = classifier.guess_now(one.text).shares
        right[one.type].append(max(shares, key=lambda name: shares[name]) == one.type)
    if not right:
        return None
    by_type = {name: sum(found) / len(found) for name, found in sorted(right.items())}
    accuracy = sum(map(sum, right.values())) / len(test)
    return Measured(accuracy, sum(by_type.values()) / len(by_type), by_type, len(test))
