"""Versions and ranges of them: precedence as https://semver.org (2.0.0) has it, build metadata left out of account."""

import operator
import re
from collections.abc import Callable

Version = tuple[int, int, int, tuple[object, ...]]
"""Sorts by precedence: its last part is `(1,)` for a release, and lower for what comes before one."""

_LONGEST = 100
_NUMBER = r"(0|[1-9]\d{0,17})"
_SHAPE = re.compile(rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)
_STEP = re.compile(r"(>=|<=|!=|>|<|=|\^|~)?(\S+)")
_RELEASE: tuple[object, ...] = (1,)
_BEFORE_ALL: tuple[object, ...] = (0,)
_COMPARE: dict[str, Callable[[Version, Version], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "!=": operator.ne,
    "=": operator.eq,
}
Bound = tuple[Callable[[Version, Version], bool], Version]


def read_version(text: str) -> Version | None:
    """The version that a text names, with or without a `v` before it; None when it is none."""
    match = _SHAPE.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    before = _before(match[4]) if match[4] is not None else _RELEASE
    return None if before is None else (int(match[1]), int(match[2]), int(match[3]), before)


def _before(text: str) -> tuple[object, ...] | None:
    """How what comes before a release sorts: numbers below words, fewer parts below more."""
    parts = text.split(".")
    if any(not part or (part.isdigit() and part != "0" and part[0] == "0") for part in parts):
        return None
    return (0, *((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts))


def read_range(text: str) -> Callable[[object], bool]:
    """A test for versions: comparisons with spaces between them, all of which must hold.

    `>=1.2.0 <2.0.0`, `^1.2.0` (no breaking change), `~1.2.0` (patches only), `!=1.4.2`, `1.4.2`.

    Raises:
        ValueError: It is no range; the sentence says which part.
    """
    bounds = [bound for step in text.split() for bound in _bounds(step)]
    if not bounds:
        raise ValueError("should compare with a version, such as `>=1.2.0 <2.0.0`")

    def holds(value: object) -> bool:
        version = read_version(value) if isinstance(value, str) else None
        return version is not None and all(compare(version, bound) for compare, bound in bounds)

    return holds


def _bounds(step: str) -> list[Bound]:
    match = _STEP.fullmatch(step)
    version = read_version(match[2]) if match else None
    if match is None or version is None:
        raise ValueError(f"`{step}` does not compare with a version; write for example `>=1.2.0`")
    sign = match[1] or "="
    if sign in _COMPARE:
        return [(_COMPARE[sign], version)]
    return [(operator.ge, version), (operator.lt, _end_of(sign, version))]


def _end_of(sign: str, version: Version) -> Version:
    """The first version that `^` or `~` leaves out, with all that comes before its release."""
    major, minor, patch, _ = version
    if sign == "~" or (major == 0 and minor > 0):
        return (major, minor + 1, 0, _BEFORE_ALL)
    return (major + 1, 0, 0, _BEFORE_ALL) if major else (0, 0, patch + 1, _BEFORE_ALL)
