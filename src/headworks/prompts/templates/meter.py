"""An end to what one rendering may do."""

from headworks.core.errors import BadAskError

MAX_RENDERED = 2_000_000
"""Characters of all messages of a prompt."""
MAX_TURNS = 100_000
"""Turns of all loops, those of a long body counting more than once."""


class Meter:
    """Counts characters and turns of one rendering."""

    __slots__ = ("characters", "turns")

    def __init__(self) -> None:
        self.characters = 0
        self.turns = 0

    def add(self, text: str) -> str:
        """The same text, counted.

        Raises:
            BadAskError: That is too much.
        """
        self.characters += len(text)
        if self.characters > MAX_RENDERED:
            raise BadAskError(
                f"The prompt grows beyond {MAX_RENDERED} characters with these variables.", param="variables"
            )
        return text

    def loop(self, turns: int) -> None:
        """A loop of so many turns begins.

        Raises:
            BadAskError: That is too much.
        """
        self.turns += turns
        if self.turns > MAX_TURNS:
            raise BadAskError(f"The loops of the prompt take more than {MAX_TURNS} turns.", param="variables")
