"""Ends an answer that goes far beyond its `max_tokens`: a provider that ignores the limit must not write for ever."""

from collections.abc import AsyncIterator

from headworks.core.protocols import OpenTrace
from headworks.core.replies import Chunk, Finished, Reply, TextDelta, ThinkingDelta, ToolArgumentsDelta

SLACK = 64
"""Pieces beyond the limit that are let pass: providers count a little differently."""
BYTES_A_TOKEN = 16
"""No text has so many characters for each of its tokens on average."""
_TEXT = (TextDelta, ThinkingDelta, ToolArgumentsDelta)


def metered(reply: Reply, max_tokens: int, trace: OpenTrace) -> Reply:
    """The same reply, its chunks counted. Each piece of a stream has at least one token."""
    if reply.streamed:
        reply.chunks = _Metered(reply.chunks, max_tokens, trace)
    return reply


class _Metered:
    """The chunks of a stream, up to the limit. A class, not a generator: one that is left early needs no closing."""

    __slots__ = ("_characters", "_choices", "_max", "_next", "_over", "_pieces", "_trace")

    def __init__(self, chunks: AsyncIterator[Chunk], max_tokens: int, trace: OpenTrace) -> None:
        self._next = chunks.__anext__
        self._max = max_tokens
        self._trace = trace
        self._pieces = self._characters = 0
        self._choices = {0}
        self._over = False

    def __aiter__(self) -> "_Metered":
        return self

    async def __anext__(self) -> Chunk:
        if self._over:
            raise StopAsyncIteration
        chunk = await self._next()
        for event in chunk.heard or chunk.events:
            if isinstance(event, _TEXT):
                text = event.fragment if isinstance(event, ToolArgumentsDelta) else event.text
                if text:
                    self._pieces += 1
                    self._characters += len(text)
                self._choices.add(event.choice)
            elif isinstance(event, Finished):
                self._choices.discard(event.choice)
        most = self._max * max(1, len(self._choices)) + SLACK
        if self._choices and (self._pieces > most or self._characters > most * BYTES_A_TOKEN):
            self._over = True
            self._trace.adapted("cut: the provider ignored max_tokens")
            return Chunk([*chunk.events, *(Finished("length", choice) for choice in sorted(self._choices))])
        return chunk
