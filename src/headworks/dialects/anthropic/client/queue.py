"""Events sorted into Anthropic content blocks.

Anthropic's clients know one open block at a time; other providers may write several tool calls in turns. So blocks
form a queue: the first is open and written as it grows, those behind it wait until it is complete.
"""

from collections import deque
from typing import Literal

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
from headworks.dialects.anthropic.arguments import is_object

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
            case ThinkingSealed():
                return self._seal(event)
            case _:
                return None

    def resume(self, block: Block) -> None:
        """Go on with a block whose start was written elsewhere."""
        block.open = True
        self._begin(block)
        if block.call:
            self._calls[block.call.slot] = block

    def _seal(self, event: ThinkingSealed) -> Block | None:
        """The thought that ends with `event`; None when it only ends, without a signature: cut off at a seam."""
        last = self.blocks[-1] if self.blocks else None
        if event.signature is None and event.redacted is None:
            if last and last.kind == "thinking":
                last.sealed = True
            return None
        block = self._begin(Block("redacted_thinking")) if event.redacted else self._growing("thinking")
        block.sealed = True
        return block

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
