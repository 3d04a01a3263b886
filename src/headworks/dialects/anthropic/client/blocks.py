"""Content blocks written as stream events, or as parts of a whole message."""

from typing import Any

import msgspec

from headworks.core.replies import (
    CitationAdded,
    Event,
    RefusalDelta,
    Resumed,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolArgumentsDelta,
    ToolCallStarted,
)
from headworks.dialects.anthropic.arguments import tool_input
from headworks.dialects.anthropic.citations import write_citation
from headworks.dialects.anthropic.client.queue import Block, Queue
from headworks.dialects.seam import seam_line


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
            return seam_line(event) if isinstance(event, Resumed) else b""
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
