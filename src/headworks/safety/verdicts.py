"""What a check says: where it found something, and what was done about it. Neither ever holds the text itself."""

from typing import Literal

from msgspec import Struct

Action = Literal["allow", "flag", "redact", "replace", "block"]
Side = Literal["ask", "answer"]


class Found(Struct, frozen=True):
    """Something that a detector found.

    Attributes:
        kind: What it is, a short constant: `EMAIL`, `CARD`, a topic's name.
        start: First character in the text that was looked at.
        end: Character after its last.
        score: How sure the detector is, from 0 to 1; 1 for rules.
    """

    kind: str
    start: int
    end: int
    score: float = 1.0


class Verdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one check found and did, for the record of the call (`safety[]`).

    Attributes:
        check: Name of the check.
        kind: What was found.
        action: What was done; with `shadow`, what would have been.
        side: Whether it stood in the ask or in the answer.
        score: How sure the detector was.
        start: First character in its text: of the passage of an ask, of the answer so far.
        end: Character after the last.
        passage: Number of the passage of the ask, from 0.
        shadow: True when the check only counts.
        error: Code of what kept the check from being made; empty when it was made.
    """

    check: str
    kind: str
    action: Action
    side: Side
    score: float = 1.0
    start: int = 0
    end: int = 0
    passage: int = 0
    shadow: bool = False
    error: str = ""
