"""Labelled requests from files, and what makes them unfit to learn from."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from headworks.core.errors import BadAskError
from headworks.routing.types.nearest import Labelled

_FEWEST_OF_A_TYPE = 5


def read_labelled(paths: Sequence[Path]) -> list[Labelled]:
    """The lines of the files, `{"text": ..., "type": ...}`.

    Raises:
        BadAskError: One cannot be read, or a line is no labelled request; says which.
    """
    return [one for path in paths for one in _read(path)]


def _read(path: Path) -> list[Labelled]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadAskError(f"{path} cannot be read: {error.strerror}.") from error
    return [_parsed(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]


def _parsed(line: bytes, place: str) -> Labelled:
    try:
        one = msgspec.json.decode(line, type=Labelled)
    except msgspec.DecodeError as error:
        raise BadAskError(f'{place}: {error}. A line is {{"text": ..., "type": ...}}.') from error
    if not one.text.strip() or not one.type:
        raise BadAskError(f"{place}: `text` and `type` may not be empty.")
    return one


def refuse_unfit(examples: Sequence[Labelled], what: str = "examples") -> None:
    """Refuse what nothing can be learned from.

    Raises:
        BadAskError: There is nothing, one type only, or a type with fewer than five examples.
    """
    counts = Counter(one.type for one in examples)
    if not counts:
        raise BadAskError(f"There are no {what}: the files are empty.")
    if len(counts) == 1:
        raise BadAskError(f"All {what} are of the type `{next(iter(counts))}`. It takes two types to tell them apart.")
    few = [name for name, count in counts.items() if count < _FEWEST_OF_A_TYPE]
    if few:
        raise BadAskError(f"The type `{few[0]}` has {counts[few[0]]} {what}. It takes {_FEWEST_OF_A_TYPE} and more.")
