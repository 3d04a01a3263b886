"""Reasoning at a seam: goes on where the new attempt thinks the same, else the new attempt's stands in its place.

A signature proves that a text is unchanged, so it is passed on only for a thought that the client has whole, in one
block. Thoughts are rarely the same twice, and nobody relies on their words: another thought is no reason to give the
attempt up. Once the client has been given text or a tool call, new thoughts come too late and are left out.

A thought that does not go on is ended by a `ThinkingSealed` without signature, behind the seam: writers close its block
there, so the new attempt's begins a block of its own and its signature stands for that alone.
"""

from headworks.core.replies import Event, ThinkingDelta, ThinkingSealed
from headworks.providers.resume.said import Said, Thought


class Thoughts:
    """The reasoning of one choice in a new attempt.

    Args:
        said: What the choice has said.
        choice: Its number.
    """

    __slots__ = ("_at", "_choice", "_free", "_open", "_place", "_silent", "_thoughts")

    def __init__(self, said: Said, choice: int) -> None:
        self._choice = choice
        self._silent = said.spoke
        self._thoughts: list[Thought] = [] if self._silent else said.thoughts
        self._open = bool(self._thoughts) and self._thoughts[-1].open
        self._free = not self._thoughts
        self._place = 0  # which thought is being matched
        self._at = 0  # how much of it

    def take(self, event: ThinkingDelta | ThinkingSealed) -> list[Event]:
        """What of `event` has to be delivered."""
        if self._silent:
            return []
        if self._free:
            return [event]
        return self._more(event) if isinstance(event, ThinkingDelta) else self._seal(event)

    def leave(self) -> list[Event]:
        """Something else follows: a thought that was open at the seam ends here, unless it went on."""
        self._free = True
        if not self._open:
            return []
        self._open = False
        return [ThinkingSealed(choice=self._choice)]

    def _more(self, event: ThinkingDelta) -> list[Event]:
        thought = self._thought
        had = thought.text.whole if thought else ""
        left = len(had) - self._at
        if thought and thought.redacted is None and had.startswith(event.text[:left], self._at):
            if len(event.text) <= left:
                self._at += len(event.text)
                return []
            if thought.open:
                self._go_on()
                return [ThinkingDelta(event.text[left:], self._choice)]
        return self._another(had[: self._at] + event.text)

    def _seal(self, event: ThinkingSealed) -> list[Event]:
        thought = self._thought
        had = thought.text.whole if thought else ""
        if thought and self._at == len(had) and thought.redacted == event.redacted:
            if thought.open:  # all its words had come, and now its seal
                self._go_on()
                return [event]
            if thought.sealed:  # the client has a seal for this very text
                self._place += 1
                self._at = 0
                return []
        return [*self._another(had[: self._at]), event]

    @property
    def _thought(self) -> Thought | None:
        return self._thoughts[self._place] if self._place < len(self._thoughts) else None

    def _go_on(self) -> None:
        self._free, self._open = True, False

    def _another(self, text: str) -> list[Event]:
        """From here on the new attempt's thoughts, beginning with the whole of the one that differs."""
        ended = self.leave()
        return [*ended, ThinkingDelta(text, self._choice)] if text else ended
