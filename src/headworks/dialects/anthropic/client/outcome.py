"""What the end of a message says: why the model stopped, and what it used."""

from typing import Any

from headworks.core.replies import Event, Finished, FinishReason, RefusalDelta, ToolCallStarted, Usage, UsageReported

_REASONS: dict[FinishReason, str] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "pause": "pause_turn",
}


class Outcome:
    """Gathers the end of one message from its events."""

    def __init__(self) -> None:
        self.usage = Usage()
        self._finished = Finished("stop")
        self._refused = False
        self._called = False

    def note(self, event: Event) -> None:
        """Keep what `event` adds."""
        match event:
            case UsageReported(usage):
                self.usage = usage
            case Finished():
                self._finished = event
            case RefusalDelta():
                self._refused = True
            case ToolCallStarted():
                self._called = True

    def stop(self) -> dict[str, Any]:
        """`stop_reason` and `stop_sequence`. Some providers report a plain stop after a refusal or a tool call."""
        reason = self._finished.reason
        if reason == "stop" and self._refused:
            reason = "refusal"
        elif reason == "stop" and self._called:
            reason = "tool_calls"
        return {"stop_reason": _REASONS[reason], "stop_sequence": self._finished.stop_sequence}
