"""Outcomes: which models answered a prompt well, read from JSON Lines."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from headworks.core.errors import BadAskError


class Outcome(Struct, frozen=True):
    """A prompt, and for each model how good its answer was, 0 to 1."""

    text: str
    good: Mapping[str, float]


class _Line(Struct):
    text: str
    good: float | dict[str, float]
    model: str | None = None


def read_outcomes(path: Path) -> list[Outcome]:
    """The outcomes of a file. Lines are `{"text", "good": {MODEL: 0 to 1}}`, or `{"text", "model", "good": 0 to 1}`.

    Lines of one text are taken together.

    Raises:
        BadAskError: The file cannot be read, is empty, or a line is no outcome; says which.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadAskError(f"{path} cannot be read: {error.strerror}.") from error
    found: dict[str, dict[str, float]] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            one = _parsed(line, f"{path}:{number}")
            good = one.good if isinstance(one.good, dict) else {one.model or "": one.good}
            found.setdefault(one.text, {}).update(good)
    if not found:
        raise BadAskError(f'{path} has no outcomes. A line is {{"text": ..., "good": {{MODEL: 0 to 1}}}}.')
    return [Outcome(text, good) for text, good in found.items()]


def _parsed(line: bytes, place: str) -> _Line:
    try:
        one = msgspec.json.decode(line, type=_Line, strict=False)
    except msgspec.DecodeError as error:
        raise BadAskError(f"{place}: {error}.") from error
    if isinstance(one.good, float) and not one.model:
        raise BadAskError(f"{place}: `good` is one figure, and `model` does not say whose.")
    values = one.good.values() if isinstance(one.good, dict) else (one.good,)
    if not values or not all(0 <= value <= 1 for value in values):
        raise BadAskError(f"{place}: `good` is a figure from 0 to 1 for each model.")
    return one


def models_of(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """The models that every outcome knows, the best on average last.

    Raises:
        BadAskError: There are fewer than two.
    """
    kept = list(outcomes)
    common = set.intersection(*(set(one.good) for one in kept)) if kept else set()
    if len(common) < 2:
        raise BadAskError("Fewer than two models have an outcome for every prompt: there is nothing to choose between.")
    return tuple(sorted(common, key=lambda name: (sum(one.good[name] for one in kept), name)))
