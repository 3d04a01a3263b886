"""Names of prompts and labels, and how a version is referred to: `name`, `name@7`, `name@staging`."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from headworks.core.errors import BadAskError

MAX_NAME = 100
_NAME = re.compile(r"\w[\w.-]*")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
Reference = str | int
"""A label, or the number of a version."""


def checked_name(name: str, what: str = "prompt") -> str:
    """The name in its one spelling (Unicode NFC).

    Raises:
        BadAskError: It is too long, or has other characters than letters, digits, `_`, `.` and `-`.
    """
    plain = unicodedata.normalize("NFC", name)
    if len(plain) > MAX_NAME or not _NAME.fullmatch(plain):
        shown = plain[:MAX_NAME].encode("utf-8", "replace").decode()
        raise BadAskError(
            f"`{shown}` cannot be the name of a {what}: it is 1 to {MAX_NAME} letters, digits, `_`, `.` and `-`, and "
            "begins with a letter, a digit or `_`.",
            param="name",
        )
    return plain


def checked_label(name: str) -> str:
    """The name of a label in its one spelling; a number would be taken for a version.

    Raises:
        BadAskError: It is none.
    """
    plain = checked_name(name, "label")
    if plain.isdigit():
        raise BadAskError(f"`{plain}` cannot be the name of a label: a number stands for a version.", param="label")
    return plain


def parted(text: str) -> tuple[str, Reference | None]:
    """Name and label or number of `name@7`, `name@staging` or `name` (None).

    Raises:
        BadAskError: It is none of these.
    """
    name, at, reference = text.partition("@")
    return checked_name(name), read_reference(reference) if at else None


def read_reference(text: str) -> Reference:
    """A number as such; anything else as the name of a label.

    Raises:
        BadAskError: It is neither.
    """
    return int(text) if _NUMBER.fullmatch(text) else checked_label(text)


def advice(unknown: str, known: Iterable[str]) -> str:
    """What was probably meant, as a sentence; empty where there is nothing to choose from."""
    names = sorted(known)
    close = get_close_matches(unknown, names, n=1, cutoff=0.5)
    if close:
        return f" Did you mean `{close[0]}`?"
    return f" There are: {', '.join(names[:10])}." if names else ""
