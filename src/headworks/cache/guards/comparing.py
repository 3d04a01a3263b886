"""Say whether two questions cannot have one answer, and which guard says so.

Invariants: pure, symmetric, and no reading differs from itself. A guard that errs costs a hit; one that is missing
costs a wrong answer, so in doubt a guard objects.
"""

from collections.abc import Callable

from headworks.cache.guards.order import turned
from headworks.cache.guards.reading import Reading
from headworks.cache.guards.wording import narrowed, opposite, renamed, reworded

Guard = Callable[[Reading, Reading], bool]


DOUBTS = frozenset({"kind", "scope", "word"})
"""Guards that are no reason to reject, but one to doubt."""


def differs(a: Reading, b: Reading) -> str | None:
    """Name of the first guard that objects to one answer for both; None when none does."""
    for name, objects in GUARDS:
        if objects(a, b):
            return name
    return None


def rejects(a: Reading, b: Reading) -> tuple[str | None, bool]:
    """The guard that rejects, if any does, and whether one objected that is often wrong.

    Guards in `DOUBTS` object to as many paraphrases as to other questions (docs/semantic-cache.md): their word is left
    to the rule, which learns what it is worth.
    """
    doubted = False
    for name, objects in GUARDS:
        if objects(a, b):
            if name not in DOUBTS:
                return name, doubted
            doubted = True
    return None, doubted


def _exact(a: Reading, b: Reading) -> bool:
    return (a.exact or b.exact) and a.digest != b.digest


def _language(a: Reading, b: Reading) -> bool:
    return bool(a.language and b.language) and a.language != b.language


def _code(a: Reading, b: Reading) -> bool:
    return a.code != b.code or a.signs != b.signs


def _number(a: Reading, b: Reading) -> bool:
    if a.numbers == b.numbers:
        return False
    if not (a.one or b.one):
        return True
    return [n for n in a.numbers if n != "1"] != [n for n in b.numbers if n != "1"]


_MONEY = frozenset({"$", "€", "£", "¥", "₹"})
"""Money is often left unsaid on one side: "under 30k", "under 30k INR"."""


def _unit(a: Reading, b: Reading) -> bool:
    if a.units == b.units:
        return False
    return bool(a.units and b.units) or not _MONEY.issuperset(a.units + b.units)


def _date(a: Reading, b: Reading) -> bool:
    return a.dates != b.dates


def _negation(a: Reading, b: Reading) -> bool:
    return a.negations != b.negations


_ALIKE = (frozenset({"whether", "how"}), frozenset({"whether", "many"}), frozenset({"whether", "whose"}))
"""Kinds that are used for each other: "can I" and "how can I"."""


def _kind(a: Reading, b: Reading) -> bool:
    """Each asks for another thing. "What" may ask for anything, and so may a question that does not say."""
    kinds = {a.kind, b.kind}
    return len(kinds) == 2 and kinds.isdisjoint(("", "what")) and kinds not in _ALIKE


def _person(a: Reading, b: Reading) -> bool:
    return bool(a.person and b.person) and a.person != b.person


GUARDS: tuple[tuple[str, Guard], ...] = (
    ("language", _language),
    ("exact", _exact),
    ("code", _code),
    ("number", _number),
    ("unit", _unit),
    ("date", _date),
    ("negation", _negation),
    ("opposite", opposite),
    ("kind", _kind),
    ("person", _person),
    ("direction", turned),
    ("name", renamed),
    ("scope", narrowed),
    ("word", reworded),
)
