"""Events sorted into Anthropic content blocks, and blocks written as stream events or as parts of a whole message.

Anthropic's clients know one open block at a time; other providers may write several tool calls in turns. So blocks
form a queue: the first is open and written as it grows, those behind it wait until it is complete.
"""

from collections import deque
from typing import Any, Literal

import msgspec
from msgspec import Struct

from headworks.core.errors import ProviderError
from headworks.core.replies import (
    CitationAdded,
    Event,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolArgumentsDelta,
    ToolCallStarted,
)
from headworks.dialects.anthropic.arguments import is_object, tool_input
from headworks.dialects.anthropic.citations import write_citation

BlockKind = Literal["text", "thinking", "redacted_thinking", "tool_use"]


class Block(Struct, eq=False):
    """One block under way.

    Attributes:
        kind: Its wire type.
        call: How a tool call began.
        events: Its events that are not yet written.
        arguments: All fragments of a tool call, written or not.
        sealed: True once nothing may be added: a cited text, a signed thought.
        open: True once its start is written.
    """

    kind: BlockKind
    call: ToolCallStarted | None = None
    events: list[Event] = []
    arguments: list[str] = []
    sealed: bool = False
    open: bool = False

    def complete(self) -> bool:
        """True when no more of it can come, given that another block has begun."""
        if self.kind != "tool_use":
            return True
        last = self.arguments[-1] if self.arguments else ""
        return last.rstrip().endswith("}") and is_object("".join(self.arguments))


class Queue:
    """The blocks of one reply, in order."""

    def __init__(self) -> None:
        self.blocks: deque[Block] = deque()
        self._calls: dict[int, Block] = {}

    def place(self, event: Event) -> Block | None:
        """The block `event` belongs to, newly made where it begins one; None when it is no content.

        Raises:
            ProviderError: A fragment for a tool call that never began or had ended.
        """
        match event:
            case TextDelta() | RefusalDelta():
                return self._growing("text")
            case ThinkingDelta():
                return self._growing("thinking")
            case ToolArgumentsDelta(slot, fragment):
                return self._call(slot, fragment)
            case ToolCallStarted(slot=slot):
                self._calls[slot] = self._begin(Block("tool_use", event))
                return self._calls[slot]
            case CitationAdded():
                last = self.blocks[-1] if self.blocks else None
                block = last if last and last.kind == "text" else self._begin(Block("text"))
                block.sealed = True
                return block
            case ThinkingSealed(redacted=redacted):
                block = self._begin(Block("redacted_thinking")) if redacted else self._growing("thinking")
                block.sealed = True
                return block
            case _:
                return None

    def resume(self, block: Block) -> None:
        """Go on with a block whose start was written elsewhere."""
        block.open = True
        self._begin(block)
        if block.call:
            self._calls[block.call.slot] = block

    def _begin(self, block: Block) -> Block:
        self.blocks.append(block)
        return block

    def _growing(self, kind: BlockKind) -> Block:
        last = self.blocks[-1] if self.blocks else None
        return last if last and last.kind == kind and not last.sealed else self._begin(Block(kind))

    def _call(self, slot: int, fragment: str) -> Block | None:
        block = self._calls.get(slot)
        if block is not None and block in self.blocks:
            block.arguments.append(fragment)
            return block
        if fragment.strip():
            raise ProviderError(f"The provider sent arguments for tool call {slot}, which had ended or never began.")
        return None


class BlockStream:
    """Writes blocks as stream events.

    Args:
        index: Number of the first block to write.
    """

    def __init__(self, index: int = 0) -> None:
        self.queue = Queue()
        self._index = index

    def write(self, event: Event) -> bytes:
        """The bytes to send now for `event`: often all of it, nothing while its block waits."""
        block = self.queue.place(event)
        if block is None:
            return b""
        if not isinstance(event, ToolCallStarted):
            block.events.append(event)
        blocks = self.queue.blocks
        if block is blocks[0] and block.open and len(blocks) == 1:
            return self._deltas(block)
        if block is not blocks[0] and len(block.events) > 1:
            return b""  # it was waiting already, and nothing new is known of the block before it
        return self._advance(finish=False)

    def finish(self) -> bytes:
        """Everything still waiting; closes the last block."""
        return self._advance(finish=True)

    def _advance(self, *, finish: bool) -> bytes:
        blocks = self.queue.blocks
        out: list[bytes] = []
        while blocks:
            head = blocks[0]
            if not head.open:
                head.open = True
                out.append(_event(b"content_block_start", self._index, b"content_block", _start(head)))
                if head.kind == "redacted_thinking":
                    head.events.clear()
            out.append(self._deltas(head))
            if not finish and (len(blocks) == 1 or not head.complete()):
                break
            out.append(b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n' % self._index)
            self._index += 1
            blocks.popleft()
        return b"".join(out)

    def _deltas(self, block: Block) -> bytes:
        out = [_event(b"content_block_delta", self._index, b"delta", _delta(event)) for event in block.events]
        block.events.clear()
        return b"".join(out)


def whole_content(events: list[Event]) -> list[dict[str, Any]]:
    """The `content` of a whole message."""
    queue = Queue()
    for event in events:
        if block := queue.place(event):
            block.events.append(event)
    return [_whole(block) for block in queue.blocks]


def _event(name: bytes, index: int, key: bytes, value: dict[str, Any]) -> bytes:
    payload = msgspec.json.encode(value)
    return b'event: %b\ndata: {"type":"%b","index":%d,"%b":%b}\n\n' % (name, name, index, key, payload)


def _start(block: Block) -> dict[str, Any]:
    """The block as it is announced: empty, but for a redacted thought, which comes in one piece."""
    match block.kind:
        case "text":
            return {"type": "text", "text": ""}
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case "redacted_thinking":
            return _whole(block)
        case "tool_use":
            return _call_head(block) | {"input": {}}


def _call_head(block: Block) -> dict[str, Any]:
    assert block.call is not None
    return {"type": "tool_use", "id": block.call.id, "name": block.call.name}


def _delta(event: Event) -> dict[str, Any]:
    match event:
        case TextDelta(text) | RefusalDelta(text):
            return {"type": "text_delta", "text": text}
        case ThinkingDelta(text):
            return {"type": "thinking_delta", "thinking": text}
        case ToolArgumentsDelta(_, fragment):
            return {"type": "input_json_delta", "partial_json": fragment}
        case CitationAdded(citation):
            return {"type": "citations_delta", "citation": write_citation(citation)}
        case ThinkingSealed(signature=signature):
            return {"type": "signature_delta", "signature": signature or ""}
        case _:
            raise AssertionError(event)


def _whole(block: Block) -> dict[str, Any]:
    """The block of a whole message."""
    if block.kind == "tool_use":
        return _call_head(block) | {"input": tool_input("".join(block.arguments))}
    seals = [event for event in block.events if isinstance(event, ThinkingSealed)]
    if block.kind == "redacted_thinking":
        return {"type": "redacted_thinking", "data": seals[0].redacted}
    text = "".join(e.text for e in block.events if isinstance(e, TextDelta | RefusalDelta | ThinkingDelta))
    if block.kind == "thinking":
        return {"type": "thinking", "thinking": text, "signature": (seals and seals[0].signature) or ""}
    cited = [write_citation(event.citation) for event in block.events if isinstance(event, CitationAdded)]
    return {"type": "text", "text": text} | ({"citations": cited} if cited else {})
