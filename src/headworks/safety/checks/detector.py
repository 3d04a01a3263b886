"""What every detector can do, and how far a find may still grow while a text is being written."""

from typing import Protocol

from headworks.safety.verdicts import Found

CONTEXT = 64
"""Characters before a text that a detector may look at, to tell what begins in it."""


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
    """As `unbroken`, with the groups of digits, capitals and signs before it that single spaces divide.

    Numbers are written so, and heads of keys; prose is not.
    """
    at = unbroken(text, start)
    while at > start and text[at - 1] == " ":
        before = at - 1
        while before > start and (
            text[before - 1] in "().,/+-:" or text[before - 1].isdigit() or "A" <= text[before - 1] <= "Z"
        ):
            before -= 1
        if before == at - 1 or (before > start and text[before - 1] not in " \n\t"):
            break
        at = before
    return at
