"""What is wrong with a definition, and where: noted while it is read, all of it before anybody is told.

A definition comes as JSON, or from the config file, whose scalars are text: what a text means is decided where it is
read, by the type that is wanted there.
"""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.errors import BadAskError

Place = tuple[str | int, ...]
_TRUTH = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


class Fault(Struct, frozen=True):
    """One thing that is wrong.

    Attributes:
        place: The steps to it from the definition: names of keys, and numbers of entries from 0.
        sentence: What is wrong, without a full stop at its end.
    """

    place: Place
    sentence: str

    def __str__(self) -> str:
        """`rules[1].split: the shares add up to 90, not 100`."""
        where = place_text(self.place)
        return f"{where}: {self.sentence}" if where else self.sentence


class BadFlagError(BadAskError):
    """A definition that cannot be used.

    Args:
        name: The flag's.
        faults: At least one, in the order of the definition.
    """

    default_status = 422

    def __init__(self, name: str, faults: list[Fault]) -> None:
        sentences = "; ".join(map(str, faults))
        super().__init__(f"Flag `{name}` cannot be used: {sentences}.", param=place_text(faults[0].place) or None)
        self.faults = faults


def place_text(place: Place) -> str:
    """`rules[1].when.all[0]`."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


class Notes:
    """Reads values and takes notes of what is wrong with them.

    Args:
        text: The definition comes from the config file: its scalars are text.

    Attributes:
        faults: What was wrong so far.
    """

    def __init__(self, *, text: bool) -> None:
        self.text = text
        self.faults: list[Fault] = []

    def wrong(self, place: Place, sentence: str) -> None:
        """Note a fault; the value that is read instead is None."""
        self.faults.append(Fault(place, sentence))

    def unknown(self, place: Place, what: str, name: str, known: Collection[str]) -> None:
        """Note a name that does not exist, with what was probably meant."""
        close = get_close_matches(name, known, n=1)
        advice = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}"
        self.wrong(place, f"unknown {what} `{name}`; {advice}")

    def mapping(self, value: object, place: Place, known: Collection[str] | None = None) -> dict[str, Any]:
        """A mapping; empty where it is none. Keys that are not `known` are noted."""
        if not isinstance(value, dict):
            self.wrong(place, "should be a mapping of keys")
            return {}
        for key in value:
            if known is not None and key not in known:
                self.unknown((*place, key), "key", str(key), known)
        return value

    def entries(self, value: object, place: Place, most: int) -> list[Any]:
        """A list that is not empty; empty where it is none."""
        if not isinstance(value, list) or not value:
            self.wrong(place, "should be a list with at least one entry")
            return []
        if len(value) > most:
            self.wrong(place, f"has {len(value)} entries; at most {most} are allowed")
        return value[:most]

    def words(self, value: object, place: Place, most: int) -> str | None:
        """A text of 1 to `most` characters."""
        if not isinstance(value, str):
            self.wrong(place, "should be text")
            return None
        if not 1 <= len(value) <= most:
            self.wrong(place, f"should have 1 to {most} characters")
            return None
        return value

    def truth(self, value: object, place: Place) -> bool | None:
        """True or false."""
        found = _TRUTH.get(value.lower()) if self.text and isinstance(value, str) else value
        if isinstance(found, bool):
            return found
        self.wrong(place, "should be true or false")
        return None

    def number(self, value: object, place: Place) -> int | float | None:
        """A finite number, whole or not."""
        found = number_of(value) if self.text and isinstance(value, str) else value
        if isinstance(found, int | float) and not isinstance(found, bool):
            return found
        self.wrong(place, "should be a number")
        return None


def number_of(text: str) -> int | float | None:
    """The number that a text writes as JSON does; None when it is none."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return None
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None
