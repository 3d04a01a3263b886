"""What a reply says and uses, noted as its events pass. Called for every chunk: a plain loop, no copies of text."""

import msgspec

from headworks.core.messages import Ask, Target
from headworks.core.protocols import Pricing
from headworks.core.replies import (
    Chunk,
    Embedded,
    Event,
    Finished,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    TokensCounted,
    ToolArgumentsDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)


class Tally:
    """The running count of one call.

    Attributes:
        heard: True once the attempt under way has brought anything.
        first_s: When the first piece of content came, monotonic clock; None before.
        finish_reason: Of the choice that finished last.
        tool_calls: Tool calls begun.
        captured: Every event, where the feature keeps bodies; else None.
    """

    __slots__ = ("_counted", "_pieces", "_usage", "captured", "finish_reason", "first_s", "heard", "tool_calls")

    def __init__(self, captured: list[Event] | None = None) -> None:
        self.heard = False
        self.first_s: float | None = None
        self.finish_reason: str | None = None
        self.tool_calls = 0
        self.captured = captured
        self._pieces: list[str] = []
        self._usage: Usage | None = None
        self._counted = 0

    def note(self, chunk: Chunk, now_s: float) -> None:
        """Take in a chunk that arrived at `now_s`."""
        if chunk.heard is not None:
            self._note_later(chunk, chunk.heard, now_s)
            return
        events = chunk.events
        self.heard = True
        usage = self._usage
        for event in events:
            kind = type(event)
            # `type is` instead of isinstance: a third of the time, and these classes have no subclasses.
            if kind is TextDelta or kind is ThinkingDelta or kind is RefusalDelta:
                self._pieces.append(event.text)  # type: ignore[union-attr]
            elif kind is ToolArgumentsDelta:
                self._pieces.append(event.fragment)  # type: ignore[union-attr]
            elif kind is UsageReported:
                self._usage = event.usage  # type: ignore[union-attr]
            else:
                self._rarer(event, now_s)
        if self._usage is not usage:
            self._counted = len(self._pieces)
        if self.first_s is None and any(self._pieces):
            self.first_s = now_s
        if self.captured is not None:
            self.captured.extend(events)

    def _note_later(self, chunk: Chunk, heard: list[Event], now_s: float) -> None:
        """A later attempt repeats some of what was delivered: that is paid for again, and delivered once."""
        calls, captured = self.tool_calls, self.captured
        self.captured = None
        self.note(Chunk(heard), now_s)
        self.tool_calls = calls + sum(isinstance(event, ToolCallStarted) for event in chunk.events)
        self.captured = captured
        if captured is not None:
            captured.extend(chunk.events)

    def _rarer(self, event: Event, now_s: float) -> None:
        if isinstance(event, Finished):
            self.finish_reason = event.reason
        elif isinstance(event, ToolCallStarted):
            self.tool_calls += 1
            self._pieces.append(event.name)
        elif isinstance(event, Embedded | TokensCounted) and self.first_s is None:
            self.first_s = now_s

    def settle(self, pricing: Pricing, ask: Ask, target: Target, status: str) -> Usage | None:
        """What the attempt that ends now used, None for nothing; the count begins anew for the next attempt.

        The provider's own word is taken where it came. Where it never came, or came before more output (a stream cut
        short), the rest is estimated. An attempt that failed before its first byte used nothing; one whose client
        left before it has sent its prompt, which providers bill.
        """
        pieces, usage, counted, heard = self._pieces, self._usage, self._counted, self.heard
        self._pieces, self._usage, self._counted, self.heard = [], None, 0, False
        if usage is not None and counted == len(pieces):
            return usage
        if ask.kind == "count" or (not heard and status in ("failed", "refused")):
            return None
        estimate = pricing.estimate(target, ask, "".join(pieces))
        if usage is None:
            return estimate
        output = max(usage.output_tokens, estimate.output_tokens)
        return msgspec.structs.replace(usage, output_tokens=output, estimated=True)
