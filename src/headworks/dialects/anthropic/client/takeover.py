"""Where a forwarded stream stands: what must be known to write the rest of it, when its provider does not.

Text and thoughts pass unseen, since all that matters of them is the block they stand in. A tool call's arguments are
kept: whether it is whole decides when its block ends.
"""

import msgspec
from msgspec import Struct

from headworks.core.replies import CitationAdded, Event, ThinkingSealed, ToolArgumentsDelta, ToolCallStarted
from headworks.dialects.anthropic.client.queue import Block, BlockKind
from headworks.dialects.sse import event_data

_MARK = b"content_block_st"  # start or stop
_KINDS: dict[str, BlockKind] = {"text": "text", "thinking": "thinking", "tool_use": "tool_use"}


class _Type(Struct):
    type: str


class _Boundary(Struct):
    """Start or stop of a block in forwarded bytes."""

    type: str
    index: int = 0
    content_block: _Type | None = None


_BOUNDARY = msgspec.json.Decoder(_Boundary)


class Passed:
    """What was forwarded so far.

    Attributes:
        calls: The tool calls that began.
        since: Events since the last start or stop of a block; all but text and thoughts.
    """

    __slots__ = ("_index", "_type", "calls", "since")

    def __init__(self) -> None:
        self.calls: list[ToolCallStarted] = []
        self._index = 0
        self._type: str | None = None  # of the block that is open
        self.since: list[Event] = []

    def note(self, raw: bytes, events: list[Event]) -> None:
        """An event was forwarded that is more than a piece of a block."""
        if _MARK in raw:
            self._cross(_BOUNDARY.decode(event_data(raw)[1]))
        if events:
            self.since += events
            if type(events[0]) is ToolCallStarted:
                self.calls.append(events[0])

    def _cross(self, boundary: _Boundary) -> None:
        if boundary.type == "content_block_start" and boundary.content_block is not None:
            self._index, self._type = boundary.index, boundary.content_block.type
            self.since = []
        elif boundary.type == "content_block_stop":
            self._index, self._type = boundary.index + 1, None
            self.since = []

    @property
    def index(self) -> int:
        """Number of the block to go on with: the open one, or the next."""
        return self._index + bool(self.ending)

    @property
    def block(self) -> Block | None:
        """The open block, to go on with; None when there is none, or it is of a type that has no events."""
        kind = _KINDS.get(self._type or "")
        if kind is None:
            return None
        block = Block(kind, self.calls[-1] if kind == "tool_use" and self.calls else None)
        for event in self.since:
            if isinstance(event, ToolArgumentsDelta):
                block.arguments.append(event.fragment)
            elif isinstance(event, ThinkingSealed | CitationAdded):
                block.sealed = True
        return block

    @property
    def ending(self) -> bytes:
        """What closes an open block that cannot go on, such as a provider's own tool."""
        if self._type is None or self._type in _KINDS:
            return b""
        return b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n' % self._index
