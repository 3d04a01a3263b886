"""Answers on their way into an entry and out of it: which may be kept, and how one is said again."""

from collections.abc import AsyncIterator, Iterable

from msgspec.structs import replace

from headworks.cache.copies import Shelf
from headworks.cache.entries import Entry
from headworks.core.messages import Route, Target
from headworks.core.replies import (
    Chunk,
    Embedded,
    Event,
    Finished,
    RefusalDelta,
    Reply,
    Resumed,
    TextDelta,
    ThinkingDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)

_Piece = TextDelta | ThinkingDelta | RefusalDelta | ToolArgumentsDelta
_KEPT_REASONS = frozenset({"stop", "stop_sequence", "tool_calls"})


def folded(chunks: Iterable[Chunk]) -> list[Event]:
    """What an answer says, in as few events as tell it: neighbouring pieces are joined, usage is told once."""
    folding = _Folding()
    usage: UsageReported | None = None
    for chunk in chunks:
        for event in chunk.events:
            if isinstance(event, UsageReported):
                usage = event
            elif not isinstance(event, Resumed):
                folding.add(event)
    folding.seal()
    return folding.events if usage is None else [*folding.events, usage]


class _Folding:
    """Joins pieces of one kind and choice that follow each other."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._first: _Piece | None = None
        self._words: list[str] = []

    def add(self, event: Event) -> None:
        """The next event."""
        if not isinstance(event, _Piece):
            self.seal()
            self.events.append(event)
            return
        if self._first is None or not _goes_on(self._first, event):
            self.seal()
            self._first = event
        self._words.append(event.fragment if isinstance(event, ToolArgumentsDelta) else event.text)

    def seal(self) -> None:
        """The piece that grows is whole."""
        if self._first is not None:
            words = "".join(self._words)
            name = "fragment" if isinstance(self._first, ToolArgumentsDelta) else "text"
            self.events.append(replace(self._first, **{name: words}))
        self._first = None
        self._words = []


def _goes_on(last: _Piece, event: _Piece) -> bool:
    same_slot = getattr(last, "slot", 0) == getattr(event, "slot", 0)
    return type(last) is type(event) and last.choice == event.choice and same_slot


def keepable(events: list[Event], *, limited: bool) -> bool:
    """Whether an answer is whole, and says something.

    Args:
        events: As folded.
        limited: Whether the client limits its length: then an answer of that length is whole.
    """
    ends = [event for event in events if isinstance(event, Finished)]
    if not ends:
        return any(isinstance(event, Embedded) for event in events)
    good = all(end.reason in _KEPT_REASONS or (limited and end.reason == "length") for end in ends)
    said = any(isinstance(event, ToolCallStarted) or (isinstance(event, TextDelta) and event.text) for event in events)
    return good and said and not any(isinstance(event, RefusalDelta) for event in events)


def used(events: list[Event]) -> Usage | None:
    """What an answer used, as its provider told."""
    return next((event.usage for event in events if isinstance(event, UsageReported)), None)


class Repeated(Reply, kw_only=True):
    """A kept answer, whole and at hand, as one chunk.

    Attributes:
        shelf: How it was written to those who were given it before.
    """

    shelf: Shelf


def said_again(entry: Entry, route: Route, shelf: Shelf, *, streamed: bool) -> Repeated:
    """A kept answer as a reply."""
    chunks = _Once(Chunk(entry.events, more=True))
    return Repeated(target=_target(entry, route), streamed=streamed, chunks=chunks, shelf=shelf)


def _target(entry: Entry, route: Route) -> Target:
    for target in route.targets:
        if target.name == entry.model and target.provider == entry.provider:
            return target
    return Target(name=entry.model, provider=entry.provider, provider_model=entry.provider_model, dialect="openai")


class _Once:
    """One chunk."""

    __slots__ = ("_chunk",)

    def __init__(self, chunk: Chunk) -> None:
        self._chunk: Chunk | None = chunk

    def __aiter__(self) -> AsyncIterator[Chunk]:
        return self

    async def __anext__(self) -> Chunk:
        chunk, self._chunk = self._chunk, None
        if chunk is None:
            raise StopAsyncIteration
        return chunk
