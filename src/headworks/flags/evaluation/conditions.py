"""When a rule applies: one comparison of one attribute, or `all`, `any` and `not` of further conditions."""

from collections.abc import Callable

from headworks.flags.evaluation.attributes import entry_of, read_attribute
from headworks.flags.evaluation.details import Context
from headworks.flags.evaluation.operators import OPERATORS
from headworks.flags.evaluation.reading import Notes, Place

Test = Callable[[Context], bool]
_DEEPEST = 10
_MOST = 200
_GROUPS = ("all", "any", "not")
_ATTRIBUTE = "attribute"


def read_condition(raw: object, place: Place, notes: Notes, depth: int = 1) -> Test | None:
    """The condition as a test of contexts; None when something was wrong with it."""
    if depth > _DEEPEST:
        notes.wrong(place, f"is nested more than {_DEEPEST} deep")
        return None
    if not isinstance(raw, dict):
        notes.wrong(place, "should be a condition, such as {attribute: org, equals: acme}")
        return None
    group = next((name for name in _GROUPS if name in raw), None)
    if group is None:
        return _comparison(raw, place, notes)
    if len(raw) > 1:
        notes.wrong(place, f"`{group}` stands alone; put what is beside it into a list under `all`")
        return None
    inside = (*place, group)
    if group == "not":
        test = read_condition(raw[group], inside, notes, depth + 1)
        return None if test is None else lambda context: not test(context)
    found = [
        read_condition(one, (*inside, n), notes, depth + 1)
        for n, one in enumerate(notes.entries(raw[group], inside, _MOST))
    ]
    tests = tuple(test for test in found if test is not None)
    return (_all if group == "all" else _any)(tests) if len(tests) == len(found) and tests else None


def _all(tests: tuple[Test, ...]) -> Test:
    def holds(context: Context) -> bool:
        for test in tests:  # noqa: SIM110  a generator would cost half as much again
            if not test(context):
                return False
        return True

    return holds


def _any(tests: tuple[Test, ...]) -> Test:
    def holds(context: Context) -> bool:
        for test in tests:  # noqa: SIM110  as above
            if test(context):
                return True
        return False

    return holds


def _comparison(raw: dict[str, object], place: Place, notes: Notes) -> Test | None:
    names = [name for name in raw if name != _ATTRIBUTE]
    unknown = [name for name in names if name not in OPERATORS]
    for name in unknown:
        notes.unknown((*place, name), "operator", name, (*OPERATORS, *_GROUPS))
    if _ATTRIBUTE not in raw:
        notes.wrong(place, "needs an `attribute`, or one of all, any and not")
        return None
    get = read_attribute(raw[_ATTRIBUTE], (*place, _ATTRIBUTE), notes)
    if len(names) != 1:
        notes.wrong(place, f"needs exactly one comparison, and has {len(names)}")
    if get is None or unknown or len(names) != 1:
        return None
    holds = OPERATORS[names[0]](raw[names[0]], (*place, names[0]), notes)
    if holds is None:
        return None
    entry = entry_of(raw[_ATTRIBUTE])
    if entry is not None:
        return lambda context: holds(context.get(entry))
    return lambda context: holds(get(context))
