"""The comparisons of conditions. Each is made once, when a definition is read; then it answers for one value at a time.

A value that is absent, or of a type that a comparison is not made for, does not match; nothing raises.
"""

import operator
from collections.abc import Callable

from headworks.core.people.patterns import matcher
from headworks.flags.evaluation.reading import Notes, Place, number_of
from headworks.flags.evaluation.semver import read_range

Predicate = Callable[[object], bool]
Maker = Callable[[object, Place, Notes], Predicate | None]
_MOST = 1_000
_LONGEST = 1_000


def _equals(operand: object, place: Place, notes: Notes) -> Predicate | None:
    return _one_of([operand], [place], notes)


def _in(operand: object, place: Place, notes: Notes) -> Predicate | None:
    found = notes.entries(operand, place, _MOST * 10)
    return _one_of(found, [(*place, n) for n in range(len(found))], notes)


def _one_of(operands: list[object], places: list[Place], notes: Notes) -> Predicate | None:
    """Texts equal texts, numbers numbers, truth values truth values; a text of the config file also what it writes."""
    texts: set[str] = set()
    numbers: set[int | float] = set()
    truths: set[bool] = set()
    for operand, place in zip(operands, places, strict=True):
        if isinstance(operand, bool):
            truths.add(operand)
        elif isinstance(operand, int | float):
            numbers.add(operand)
        elif isinstance(operand, str):
            texts.add(operand)
            _also(operand, notes, numbers, truths)
        else:
            notes.wrong(place, "should be text, a number, true or false")
    if not numbers and not truths:
        return _text_in(frozenset(texts))

    def equals(value: object) -> bool:
        if isinstance(value, str):
            return value in texts
        if isinstance(value, bool):
            return value in truths
        return isinstance(value, int | float) and value in numbers

    return equals


def _also(text: str, notes: Notes, numbers: set[int | float], truths: set[bool]) -> None:
    if not notes.text:
        return
    number = number_of(text)
    if number is not None:
        numbers.add(number)
    elif text in {"true", "false"}:
        truths.add(text == "true")


def _text_in(texts: frozenset[str]) -> Predicate:
    if len(texts) == 1:
        (only,) = texts
        return lambda value: value == only
    return lambda value: isinstance(value, str) and value in texts


def _texts(operand: object, place: Place, notes: Notes) -> tuple[str, ...]:
    """One text, or several of which one must match."""
    found = notes.entries(operand, place, _MOST) if isinstance(operand, list) else [operand]
    steps = [(*place, n) if isinstance(operand, list) else place for n in range(len(found))]
    read = [notes.words(one, step, _LONGEST) for one, step in zip(found, steps, strict=True)]
    return tuple(one for one in read if one is not None)


def _starts_with(operand: object, place: Place, notes: Notes) -> Predicate | None:
    texts = _texts(operand, place, notes)
    return lambda value: isinstance(value, str) and value.startswith(texts)


def _ends_with(operand: object, place: Place, notes: Notes) -> Predicate | None:
    texts = _texts(operand, place, notes)
    return lambda value: isinstance(value, str) and value.endswith(texts)


def _contains(operand: object, place: Place, notes: Notes) -> Predicate | None:
    """A text that holds one of the texts, or a list with one of them as an entry."""
    texts = _texts(operand, place, notes)
    return lambda value: isinstance(value, str | list | tuple) and any(text in value for text in texts)


def _matches(operand: object, place: Place, notes: Notes) -> Predicate | None:
    """A pattern that is found anywhere in the value, in time that grows only with the value."""
    pattern = notes.words(operand, place, _LONGEST)
    if pattern is None:
        return None
    try:
        return matcher(pattern)
    except ValueError as error:
        notes.wrong(place, str(error))
        return None


def _number(compare: Callable[[float, float], bool]) -> Maker:
    def make(operand: object, place: Place, notes: Notes) -> Predicate | None:
        bound = notes.number(operand, place)
        if bound is None:
            return None
        return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and compare(value, bound)

    return make


def _semver(operand: object, place: Place, notes: Notes) -> Predicate | None:
    text = notes.words(operand, place, _LONGEST)
    if text is None:
        return None
    try:
        return read_range(text)
    except ValueError as error:
        notes.wrong(place, str(error))
        return None


def _exists(operand: object, place: Place, notes: Notes) -> Predicate | None:
    wanted = notes.truth(operand, place)
    return lambda value: (value is not None) is wanted


OPERATORS: dict[str, Maker] = {
    "equals": _equals,
    "in": _in,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "contains": _contains,
    "matches": _matches,
    "less_than": _number(operator.lt),
    "at_most": _number(operator.le),
    "greater_than": _number(operator.gt),
    "at_least": _number(operator.ge),
    "semver": _semver,
    "exists": _exists,
}
