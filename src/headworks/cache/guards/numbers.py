"""Bring a number, as written, to one form: `1,000` and `1000`, `5km` and `5 km`, `05` and `5`, `1st` and `first`.

Invariant: linear in the length of the text. What is not understood keeps its own form, so it equals only itself.
"""

import re
from decimal import Decimal, InvalidOperation

_SHAPE = re.compile(r"(\d+(?:[.,:/'\-]\d+)*)([^\W\d_]*)\Z")
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,'])\d{3})(?:\1\d{3})*(?:[.,]\d+)?\Z")
_ISO_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}\Z")
_ORDINAL_ENDS = frozenset({"st", "nd", "rd", "th"})
_MAX_DIGITS = 40
ORDINAL = "#"
"""Stands before the number of a place in a row."""

ROMAN = {
    "II": 2, "III": 3, "IV": 4, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "XI": 11, "XII": 12, "XIII": 13, "XIV": 14,
    "XV": 15, "XVI": 16, "XVII": 17, "XVIII": 18, "XIX": 19, "XX": 20, "XXI": 21,
}  # fmt: skip
"""Only those that are hardly ever something else (`I`, `V`, `X`, `MIX`, `CD` are)."""


def split(token: str) -> tuple[str, str] | None:
    """A token that begins with a digit as number and letters after it; None when it is a name (`4x4`, `3D_model`)."""
    found = _SHAPE.match(token)
    if found is None:
        return None
    digits, letters = found.groups()
    if letters in _ORDINAL_ENDS:
        return ORDINAL + _plain(digits), ""
    return _plain(digits), letters


def times(number: str, scale: int) -> str:
    """`2.5` times a million."""
    try:
        return written(Decimal(number) * scale)
    except InvalidOperation:
        return f"{number}*{scale}"


def written(value: Decimal | int) -> str:
    """One form of a value: no exponent, no zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(digits: str) -> str:
    if digits.isdecimal():
        return digits.lstrip("0") or "0"
    if len(digits) > _MAX_DIGITS:
        return digits
    if _ISO_DATE.match(digits):
        return "-".join(part.lstrip("0") for part in digits.split("-"))
    thousands = _THOUSANDS.match(digits)
    if thousands is None:
        return digits.replace(",", ".") if digits.count(",") == 1 else digits
    if thousands[1] == "." and digits.count(".") == 1 and "," not in digits:
        return digits
    return digits.replace(thousands[1], "").replace(",", ".")
