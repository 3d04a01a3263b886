"""One choice of a new attempt, joined to what the choice had said: told anew from its beginning, or gone on with."""

from typing import Protocol

from headworks.core.messages import Citation
from headworks.core.replies import (
    CitationAdded,
    Event,
    Finished,
    LogprobsDelta,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolArgumentsDelta,
    ToolCallStarted,
)
from headworks.providers.resume.calls import Calls
from headworks.providers.resume.continuation import Continuation
from headworks.providers.resume.prefix import DivergedError, Prefix
from headworks.providers.resume.said import Said, token_text
from headworks.providers.resume.thoughts import Thoughts


class Joined(Protocol):
    """One choice of a new attempt."""

    @property
    def pending(self) -> bool:
        """True while not all that was delivered has been said."""

    def take(self, event: Event) -> list[Event]:
        """What of `event` has to be delivered.

        Raises:
            DivergedError: It says something else than what was delivered.
        """

    def end(self) -> list[Event]:
        """What was held back.

        Raises:
            DivergedError: Not all that was delivered was said.
        """


class Restarted:
    """A choice told from its beginning.

    Args:
        said: What it had said.
        number: Its number.
    """

    def __init__(self, said: Said, number: int) -> None:
        self._number = number
        self._finished = said.finished
        self._text = Prefix(said.text.whole)
        self._refusal = Prefix(said.refusal.whole)
        self._tokens = Prefix(said.tokens.whole)
        self._calls = Calls(said, number)
        self._thoughts = Thoughts(said, number)
        self._citations = [_place(citation) for citation in said.citations]

    @property
    def pending(self) -> bool:
        """True while not all that was delivered has been said. Thoughts are never waited for."""
        channels = (self._text, self._refusal, self._tokens, self._calls)
        return any(channel.pending for channel in channels)

    def take(self, event: Event) -> list[Event]:
        """What of `event` has to be delivered; see `Joined`."""
        if isinstance(event, ThinkingDelta | ThinkingSealed):
            return self._thoughts.take(event)
        if isinstance(event, Finished):
            return self._finish(event)
        new = self._new(event)
        if new and self._finished:
            raise DivergedError("The next attempt says more than an answer that had finished.")
        return [*self._thoughts.leave(), *new] if new else []

    def end(self) -> list[Event]:
        """What was held back; see `Joined`."""
        held = self._calls.settle()
        if self.pending:
            raise DivergedError("The answer broke off, and the next attempt ended before it had said as much.")
        return held

    def _finish(self, event: Finished) -> list[Event]:
        held = self.end()
        if self._finished:
            return held
        self._finished = True
        return [*self._thoughts.leave(), *held, event]

    def _new(self, event: Event) -> list[Event]:
        match event:
            case TextDelta(text):
                rest = self._text.feed(text)
                return [TextDelta(rest, self._number)] if rest else []
            case RefusalDelta(text):
                rest = self._refusal.feed(text)
                return [RefusalDelta(rest, self._number)] if rest else []
            case ToolCallStarted() | ToolArgumentsDelta():
                return self._calls.take(event)
            case LogprobsDelta(content):
                new = [entry for entry in content if self._is_new_token(token_text(entry))]
                return [LogprobsDelta(new, self._number)] if new else []
            case CitationAdded(citation):
                return [event] if self._is_new_source(citation) else []
            case _:
                return [event]

    def _is_new_token(self, token: str) -> bool:
        waiting = self._tokens.pending
        rest = self._tokens.feed(token)
        if rest and rest != token:
            raise DivergedError("The next attempt cuts its text into other tokens; log-probabilities cannot be joined.")
        return bool(rest) or not waiting

    def _is_new_source(self, citation: Citation) -> bool:
        """A source that was named is not named again, nor is another for text that the client has with its sources."""
        place = _place(citation)
        if place in self._citations:
            self._citations.remove(place)
            return False
        return not self._text.pending


class Asked:
    """A choice that a model was asked to go on with.

    Args:
        said: What it had said.
        number: Its number.
        prefill: Whether the provider goes on with the text itself.
    """

    def __init__(self, said: Said, number: int, *, prefill: bool) -> None:
        self._number = number
        self._silent = said.spoke
        self._text = Continuation(said.text.whole, prefill=prefill)

    @property
    def pending(self) -> bool:
        """False: what is still open is held back by the text itself."""
        return False

    def take(self, event: Event) -> list[Event]:
        """What of `event` has to be delivered; see `Joined`."""
        if isinstance(event, TextDelta):
            rest = self._text.feed(event.text)
            return [TextDelta(rest, self._number)] if rest else []
        if self._silent and isinstance(event, ThinkingDelta | ThinkingSealed):
            return []  # it comes too late: the client has text
        return [*self.end(), event]

    def end(self) -> list[Event]:
        """What was held back; see `Joined`."""
        rest = self._text.end()
        return [TextDelta(rest, self._number)] if rest else []


def _place(citation: Citation) -> tuple[object, ...]:
    """What makes a source the same; a provider's own object differs from one attempt to the next."""
    return citation.title, citation.url, citation.quote, citation.start, citation.end
