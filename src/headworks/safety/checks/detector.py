"""What every detector can do, and how far a find may still grow while a text is being written."""

import re
from typing import Protocol

from headworks.safety.verdicts import Found

CONTEXT = 64
"""Characters before a text that a detector may look at, to tell what begins in it."""


DENSE = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uffdc"
"""Letters of scripts that are written without spaces, for a class of a pattern."""
GAP = re.compile(rf"[\s{DENSE}]")
"""Signs after which every detector begins anew: nothing but phrases and groups, which say so, goes on across them."""


class Detector(Protocol):
    """Finds one kind of thing. Pure: no state of the text stays with it.

    Attributes:
        reach: Characters of the longest thing that is found whole while a text is being written. Of anything longer, at
            most what is beyond may be sent before it is found: the detector's worst-case leak is `length - reach`.
    """

    reach: int

    def find(self, text: str, start: int = 0) -> list[Found]:
        """What is found from `start` on, in order; what stands before is context."""

    def settled(self, text: str, start: int) -> int:
        """Up to where `text` is decided: whatever is written after it, no find begins before here and ends after it."""


def unbroken(text: str, start: int) -> int:
    """Where the run of visible ASCII signs begins in which `text` ends."""
    at = len(text)
    while at > start and "!" <= text[at - 1] <= "~":
        at -= 1
    return at


def grouped(text: str, start: int) -> int:
    """As `unbroken`, with the words before it that end in a digit or a capital, as long as single spaces divide them.

    Numbers are written in such groups, and heads of keys; prose is not.
    """
    at = unbroken(text, start)
    while at > start and text[at - 1] == " ":
        before = at - 1
        while before > start and text[before - 1] in "().,/+-:":
            before -= 1
        if before == start or not ("0" <= text[before - 1] <= "9" or "A" <= text[before - 1] <= "Z"):
            break
        at = unbroken(text[: at - 1], start)
    return at
