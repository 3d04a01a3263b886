"""What may be spent, and how fast: plain values, made from the config or a key; the budgets room acts on them.

Money is integer nano-dollars. A budget's window is a stretch of the calendar in UTC; a rate's is the last minute, as a
token bucket; `now` is what is under way.
"""

from typing import Literal

from msgspec import Struct

Scope = Literal["gateway", "org", "team", "user", "end_user", "key", "feature", "model", "tag"]
Unit = Literal["usd", "tokens", "requests", "calls"]
"""Nano-dollars; tokens, read and written together; requests begun; calls under way."""
Window = Literal["minute", "day", "week", "month", "total", "now"]
SCOPES: tuple[Scope, ...] = ("gateway", "org", "team", "user", "end_user", "key", "feature", "model", "tag")
MARKS = (50, 80, 95)
"""Percent of a budget at which somebody is told, unless said otherwise."""


class Limit(Struct, frozen=True):
    """One limit: so much of a unit in a window.

    Attributes:
        unit: What is counted.
        window: Over which time.
        most: The limit itself, in nano-dollars, tokens, requests or calls.
        marks: Percent of it at which an alert is raised; only of budgets.
    """

    unit: Unit
    window: Window
    most: int
    marks: tuple[int, ...] = MARKS

    @property
    def is_budget(self) -> bool:
        """Whether it is of a stretch of the calendar, rather than of a pace."""
        return self.window not in ("minute", "now")


class Rule(Struct, frozen=True):
    """A limit, and for whom it is.

    Attributes:
        scope: Whose spending is counted together.
        name: Of the one it is for; None for each of them, apart.
        limit: How much.
    """

    scope: Scope
    name: str | None
    limit: Limit


class Pace(Struct, frozen=True):
    """How much of a rate limit is left.

    Attributes:
        unit: `requests` or `tokens`.
        most: The limit, of a minute.
        left: What is left now.
        full_in_s: Seconds until all of it is there again.
    """

    unit: Unit
    most: int
    left: int
    full_in_s: float
