"""What one choice of an answer has said, gathered from its events."""

from typing import Any

import msgspec
from msgspec import Raw

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
)

_OBJECT = msgspec.json.Decoder(dict[str, Raw])


class Words:
    """A text that grows by pieces."""

    __slots__ = ("_pieces",)

    def __init__(self, text: str = "") -> None:
        self._pieces = [text] if text else []

    def add(self, piece: str) -> None:
        """Append a piece."""
        self._pieces.append(piece)

    @property
    def whole(self) -> str:
        """All of it."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""


class Thought:
    """One block of reasoning.

    Attributes:
        text: Its words; none in a redacted one.
        redacted: A redacted thought as it is sent.
        open: True until it is sealed or something else begins.
        sealed: True when the client has its signature.
    """

    __slots__ = ("open", "redacted", "sealed", "text")

    def __init__(self, redacted: str | None = None) -> None:
        self.text = Words()
        self.redacted = redacted
        self.open = redacted is None
        self.sealed = not self.open


class Call:
    """A tool call as far as it came."""

    __slots__ = ("arguments", "id", "name", "slot")

    def __init__(self, begun: ToolCallStarted) -> None:
        self.slot = begun.slot
        self.id = begun.id
        self.name = begun.name
        self.arguments = Words()

    @property
    def complete(self) -> bool:
        """True when the arguments are a whole JSON object: nothing can follow."""
        return read_object(self.arguments.whole) is not None


class Said:
    """What one choice has said.

    Attributes:
        text: All its text; `refusal` likewise.
        thoughts: Its reasoning, block by block. One that was given up for another attempt's is left out.
        calls: Its tool calls by slot, in the order in which they began.
        tokens: Text of the tokens whose log-probabilities were told.
        citations: Sources named.
        finished: True once the reason for its end was told.
    """

    __slots__ = ("calls", "citations", "finished", "refusal", "text", "thoughts", "tokens")

    def __init__(self) -> None:
        self.text = Words()
        self.refusal = Words()
        self.tokens = Words()
        self.thoughts: list[Thought] = []
        self.calls: dict[int, Call] = {}
        self.citations: list[Citation] = []
        self.finished = False

    @property
    def only_text(self) -> bool:
        """True when there is nothing that a continuation could not join: no call, refusal or log-probability."""
        return not (self.calls or self.refusal.whole or self.tokens.whole or self.finished)

    @property
    def spoke(self) -> bool:
        """True when it said anything besides reasoning."""
        return bool(self.text.whole or self.citations) or not self.only_text

    def add(self, event: Event) -> None:
        """Take one event of this choice."""
        match event:
            case TextDelta(text) if text:
                self._end_thought()
                self.text.add(text)
            case ThinkingDelta(text):
                self._open_thought().text.add(text)
            case ThinkingSealed():
                self._seal(event)
            case RefusalDelta(text):
                self._end_thought()
                self.refusal.add(text)
            case LogprobsDelta(content):
                self.tokens.add("".join(token_text(entry) for entry in content))
            case ToolArgumentsDelta(slot, fragment) if slot in self.calls:
                self.calls[slot].arguments.add(fragment)
            case _:
                self._add_rarer(event)

    def _add_rarer(self, event: Event) -> None:
        match event:
            case ToolCallStarted():
                self.calls[event.slot] = Call(event)
            case CitationAdded(citation):
                self.citations.append(citation)
            case Finished():
                self.finished = True
            case _:
                return
        self._end_thought()

    def _end_thought(self) -> None:
        if self.thoughts:
            self.thoughts[-1].open = False

    def _open_thought(self) -> Thought:
        if not self.thoughts or not self.thoughts[-1].open:
            self.thoughts.append(Thought())
        return self.thoughts[-1]

    def _seal(self, seal: ThinkingSealed) -> None:
        if seal.redacted is not None:
            self._end_thought()
            self.thoughts.append(Thought(seal.redacted))
        elif seal.signature is not None:
            thought = self._open_thought()
            thought.open, thought.sealed = False, True
        elif self.thoughts and self.thoughts[-1].open:
            self.thoughts.pop()  # given up at a seam: nobody goes on with it


def token_text(entry: Any) -> str:
    """The token that an entry of log-probabilities is about."""
    token = entry.get("token") if isinstance(entry, dict) else None
    return token if isinstance(token, str) else ""


def read_object(text: str) -> dict[str, Any] | None:
    """The JSON object that `text` is; None when it is none, or not yet."""
    try:
        _OBJECT.decode(text)  # the shape first: the usual case is half a text
        value: dict[str, Any] = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    return value
