"""How often each check found something, for the page of metrics: also what it would have done in shadow."""

from collections import Counter

from headworks.safety.verdicts import Verdict

Key = tuple[str, str, str, str, str]


class Counts:
    """Counts of one process.

    Attributes:
        found: By feature, check, side, action, and `true` or `false` for shadow.
    """

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: Counter[Key] = Counter()

    def add(self, feature: str, verdict: Verdict) -> None:
        """One more."""
        action = "error" if verdict.error else verdict.action
        self.found[feature, verdict.check, verdict.side, action, "true" if verdict.shadow else "false"] += 1
