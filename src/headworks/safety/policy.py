"""The safety policy of a feature, ready to run: plain values made from its settings, once."""

from typing import Literal

from msgspec import Struct

from headworks.core.people.patterns import Pattern
from headworks.safety.checks.detector import Detector
from headworks.safety.verdicts import Action, Side

Origin = Literal["system", "user", "assistant", "retrieved"]
EVERYBODY: frozenset[Origin] = frozenset({"system", "user", "assistant", "retrieved"})
USERS: frozenset[Origin] = frozenset({"user"})
OUTSIDE: frozenset[Origin] = frozenset({"user", "retrieved"})
"""Whose text is not the application's own."""
RETRIEVED: frozenset[Origin] = frozenset({"retrieved"})


class Check(Struct, frozen=True, kw_only=True):
    """One check on one side.

    Attributes:
        name: Its name in the config, in verdicts and metrics.
        detector: What finds.
        action: What is done.
        origins: Whose text of an ask is looked at.
        shadow: Whether it only counts.
        open: Whether text passes when the check cannot be made.
        reversible: Whether `redact` puts tokens that are resolved in the answer.
        replacement: What `replace` puts.
    """

    name: str
    detector: Detector
    action: Action
    origins: frozenset[Origin] = EVERYBODY
    shadow: bool = False
    open: bool = False
    reversible: bool = False
    replacement: str = "[removed]"


class Outside(Struct, frozen=True, kw_only=True):
    """A check made by a classifier outside this room.

    Attributes:
        name: Its name; the classifier is plugged in under it.
        action: `flag` or `block`.
        sides: Where it looks.
        threshold: From which score on it counts.
        deadline_s: How long an opinion may take, in seconds.
        open: Whether text passes when there is no opinion.
        shadow: Whether it only counts.
        window: Characters of an answer that are judged at once, and held back until then.
    """

    name: str
    action: Action
    sides: frozenset[Side]
    threshold: float
    deadline_s: float
    open: bool = False
    shadow: bool = False
    window: int = 1_000


class Also(Struct, frozen=True, kw_only=True):
    """Finders outside, and the check that acts on what they find.

    Attributes:
        check: The check of personal data.
        names: The finders; each is plugged in under its name.
        deadline_s: How long each may take for an ask, in seconds.
    """

    check: Check
    names: tuple[str, ...]
    deadline_s: float


class Leak(Struct, frozen=True, kw_only=True):
    """What counts as a leak of the system prompt: see `checks/leakage.py`."""

    action: Action
    words: int
    canary: str = ""
    shadow: bool = False
    open: bool = False
    replacement: str = "[removed]"


class Policy(Struct, frozen=True, kw_only=True):
    """What is checked for a feature.

    Attributes:
        version: Changes with everything that could change a verdict; part of cache keys.
        ask: Checks before the model.
        answer: Checks after it.
        outside: Checks by classifiers outside.
        also: Finders outside for asks.
        leak: The check for the system prompt in answers.
        max_characters: Most characters of an ask; None for no limit.
        allow: What is never found, in small letters.
        allow_patterns: The same, as patterns for the whole of a find.
    """

    version: str
    ask: tuple[Check, ...] = ()
    answer: tuple[Check, ...] = ()
    outside: tuple[Outside, ...] = ()
    also: Also | None = None
    leak: Leak | None = None
    max_characters: int | None = None
    allow: frozenset[str] = frozenset()
    allow_patterns: tuple[Pattern, ...] = ()
