"""Events folded into whole choices, for replies that are not streamed."""

from collections.abc import Iterable
from typing import Any

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
    Usage,
    UsageReported,
)


class FoldedChoice:
    """Everything one choice said."""

    def __init__(self) -> None:
        self.text = ""
        self.refusal = ""
        self.thinking = ""
        self.blocks: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self.calls: dict[int, dict[str, Any]] = {}
        self.logprobs: list[Any] = []
        self.finished: Finished | None = None
        self._open_thought = ""

    def add(self, event: Event) -> None:
        """Take one event of this choice."""
        match event:
            case TextDelta():
                self.text += event.text
            case RefusalDelta():
                self.refusal += event.text
            case ThinkingDelta():
                self.thinking += event.text
                self._open_thought += event.text
            case ThinkingSealed():
                block = thinking_block(self._open_thought, event)
                self.blocks += [block] if block else []
                self._open_thought = ""
            case CitationAdded():
                self.annotations.append(annotation(event.citation))
            case ToolCallStarted():
                self.calls[event.slot] = _call(event)
            case ToolArgumentsDelta():
                self.calls[event.slot]["function"]["arguments"] += event.fragment
            case LogprobsDelta():
                self.logprobs += event.content
            case Finished():
                self.finished = event

    def message(self) -> dict[str, Any]:
        """The assistant message of a chat completion."""
        content = self.text if self.text or not (self.calls or self.refusal) else None
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": self.refusal or None}
        if self.thinking:
            message["reasoning_content"] = self.thinking
        if self.blocks:
            message["thinking_blocks"] = self.blocks
        if self.annotations:
            message["annotations"] = self.annotations
        if self.calls:
            message["tool_calls"] = [self.calls[slot] for slot in sorted(self.calls)]
        return message


class Folded:
    """A whole reply: its choices by index, and what it used."""

    def __init__(self) -> None:
        self.choices: dict[int, FoldedChoice] = {}
        self.usage: Usage | None = None

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Folded":
        """Fold events in order."""
        folded = cls()
        for event in events:
            if isinstance(event, UsageReported):
                folded.usage = event.usage
            elif (choice := getattr(event, "choice", None)) is not None:
                folded.choices.setdefault(choice, FoldedChoice()).add(event)
        folded.choices = dict(sorted(folded.choices.items())) or {0: FoldedChoice()}
        return folded


def _call(event: ToolCallStarted) -> dict[str, Any]:
    call: dict[str, Any] = {"id": event.id, "type": "function", "function": {"name": event.name, "arguments": ""}}
    if event.signature:
        call["extra_content"] = {"google": {"thought_signature": event.signature}}
    return call


def thinking_block(text: str, sealed: ThinkingSealed) -> dict[str, Any] | None:
    """A signed thinking block that a client can send back: this dialect has none, so Anthropic's shape is used.

    None for a thought that only ended: one that a seam has cut off.
    """
    if sealed.signature is None and sealed.redacted is None:
        return None
    if sealed.redacted is not None:
        return {"type": "redacted_thinking", "data": sealed.redacted}
    return {"type": "thinking", "thinking": text, "signature": sealed.signature}


def annotation(citation: Citation) -> dict[str, Any]:
    """A citation as an annotation: `url_citation` for the web, `document_citation` for a document sent along."""
    place = {"title": citation.title, "start_index": citation.start, "end_index": citation.end}
    kind = "url_citation" if citation.url else "document_citation"
    about = {"url": citation.url} if citation.url else {"quote": citation.quote}
    return {"type": kind, kind: about | {name: value for name, value in place.items() if value is not None}}
