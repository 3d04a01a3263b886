"""The chunks of an answer as the client may see them: checked, covered, with personal data put back.

Each text of an answer (what is said, thought, refused, each call's arguments) has a window of its own. When another
text of the same choice begins, or the choice ends, the one before is decided to its end. A chunk in which nothing is
changed is passed on with the provider's own bytes. Token log-probabilities spell out what is held back, and are left
out.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

from msgspec.structs import replace

from headworks.core.replies import (
    Chunk,
    CitationAdded,
    Event,
    Finished,
    LogprobsDelta,
    RefusalDelta,
    Reply,
    TextDelta,
    ThinkingDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
)
from headworks.safety.answers.window import Window
from headworks.safety.outside import Panel
from headworks.safety.pii.vault import Vault

_TEXTS = (TextDelta, ThinkingDelta, RefusalDelta, ToolArgumentsDelta)
_Piece = TextDelta | ThinkingDelta | RefusalDelta | ToolArgumentsDelta
_OVERLAP = 200
"""Characters that a classifier is shown again with the next window."""


class _Flow:
    """One text: its window, and what waits for a classifier."""

    __slots__ = ("last", "seen", "waiting", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self.waiting = ""
        self.seen = ""
        self.last: _Piece | None = None


class Screened:
    """The chunks of a reply, screened. A class, not a generator: one that is left early needs no closing.

    Args:
        reply: What comes from the provider or the cache.
        window: Makes the window of a new text; is told whether it is JSON.
        panel: Classifiers outside.
        vault: Values to be put back.
    """

    def __init__(self, reply: Reply, window: Callable[[bool], Window], panel: Panel, vault: Vault) -> None:
        self._next = reply.chunks.__anext__
        self._whole = not reply.streamed
        self._window = window
        self._panel = panel
        self._vault = vault
        self._flows: dict[tuple[type, int, int], _Flow] = {}
        self._over = False

    def __aiter__(self) -> AsyncIterator[Chunk]:
        return self

    async def __anext__(self) -> Chunk:
        while True:
            if self._over:
                raise StopAsyncIteration
            try:
                chunk = await self._next()
            except StopAsyncIteration:
                self._over = True
                rest = await self._rest(None)
                if not rest:
                    raise
                return Chunk(rest)
            screened = await self._screened(chunk)
            if screened is not None:
                return screened

    async def _screened(self, chunk: Chunk) -> Chunk | None:
        events: list[Event] = []
        for event in _joined(chunk.events) if self._whole else chunk.events:
            events += await self._event(event)
        if len(events) == len(chunk.events) and all(new is old for new, old in zip(events, chunk.events, strict=True)):
            return chunk
        if not events and not chunk.last and chunk.heard is None:
            return None
        return Chunk(events, last=chunk.last, more=chunk.more, heard=chunk.heard)

    async def _event(self, event: Event) -> list[Event]:
        if isinstance(event, _TEXTS):
            return await self._text(event)
        if isinstance(event, LogprobsDelta):
            return []
        if isinstance(event, Finished | ToolCallStarted):
            return [*await self._rest(event.choice), event]
        return [self._citation(event)] if isinstance(event, CitationAdded) else [event]

    async def _text(self, event: _Piece) -> list[Event]:
        key = _key(event)
        flow = self._flows.get(key)
        if flow is None:
            flow = self._flows[key] = _Flow(self._window(isinstance(event, ToolArgumentsDelta)))
        before = await self._rest(event.choice, but=key)
        flow.last = event
        said = _said(event)
        flow.waiting += flow.window.feed(said, last=self._whole)
        if flow.waiting == said and not (self._panel or self._vault):
            flow.waiting = ""
            return [*before, event]
        out = await self._out(flow, last=self._whole)
        return [*before, *out]

    async def _rest(self, choice: int | None, but: tuple[type, int, int] | None = None) -> list[Event]:
        """What is held back of a choice's other texts, decided to the end; of all choices for None."""
        events: list[Event] = []
        for key, flow in self._flows.items():
            if (choice is None or key[1] == choice) and key != but and (flow.window.held or flow.waiting):
                flow.waiting += flow.window.feed("", last=True)
                events += await self._out(flow, last=True)
        return events

    async def _out(self, flow: _Flow, *, last: bool) -> list[Event]:
        """What waits, once it is judged, with its values put back."""
        if self._panel and flow.waiting:
            if not last and len(flow.waiting) < self._panel.window:
                return []
            await self._panel.judge(flow.seen + flow.waiting)
            flow.seen = (flow.seen + flow.waiting)[-_OVERLAP:]
        text, flow.waiting = flow.waiting, ""
        if not text or flow.last is None:
            return []
        if not isinstance(flow.last, ThinkingDelta):
            text = self._vault.restored(text, in_json=isinstance(flow.last, ToolArgumentsDelta))
        return [flow.last if text == _said(flow.last) else _with(flow.last, text)]

    def _citation(self, event: CitationAdded) -> CitationAdded:
        citation, changes = event.citation, {}
        for name in ("title", "quote", "url"):
            said = getattr(citation, name)
            if said:
                shown = self._vault.restored(self._window(False).feed(said, last=True))  # noqa: FBT003  one argument
                if shown != said:
                    changes[name] = shown
        if not changes:
            return event
        return replace(event, citation=replace(citation, **changes, wire=None))


def _joined(events: list[Event]) -> list[Event]:
    """Events of a whole answer with neighbouring pieces of one text as one: it may be made of several attempts."""
    made: list[Event] = []
    for event in events:
        last = made[-1] if made else None
        if isinstance(event, _TEXTS) and isinstance(last, _TEXTS) and _key(last) == _key(event):
            made[-1] = _with(last, _said(last) + _said(event))
        else:
            made.append(event)
    return made


def _key(event: _Piece) -> tuple[type, int, int]:
    return type(event), event.choice, event.slot if isinstance(event, ToolArgumentsDelta) else 0


def _said(event: _Piece) -> str:
    return event.fragment if isinstance(event, ToolArgumentsDelta) else event.text


def _with(event: _Piece, text: str) -> Event:
    changes: dict[str, Any] = {"fragment" if isinstance(event, ToolArgumentsDelta) else "text": text}
    return replace(event, **changes)
