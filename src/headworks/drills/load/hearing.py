"""What a client hears of an answer, in either dialect, streamed or not: text, end, usage, errors, and our own comments.

Follows the shapes that SDKs rely on, and forgives nothing that they would not: a stream is over when its end marker has
come.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.errors import ProviderError
from headworks.dialects.sse import EventSplitter, event_data
from headworks.drills.scenario import Client

_SEAM = b"headworks-seam "
_FACTS = b"headworks "
_ENDS = {"end_turn": "stop", "max_tokens": "length"}
_OPENAI_DONE = b"[DONE]"
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError)


class Heard(Struct, kw_only=True):
    """What was heard so far.

    Attributes:
        text: The words.
        finish: Why the answer ended, as OpenAI says it; None while it has not said.
        input_tokens: As told.
        output_tokens: As told; None while nothing was.
        error_code: Of an error, in the answer's place or within it.
        error_message: Its sentence.
        ended: True when the end marker came, or the body is a whole one.
        seams: How often the stream was resumed.
        facts: What the last comment says of the call.
    """

    text: str = ""
    finish: str | None = None
    input_tokens: int = 0
    output_tokens: int | None = None
    error_code: str | None = None
    error_message: str = ""
    ended: bool = False
    seams: int = 0
    facts: dict[str, Any] = {}


class Hearing:
    """Listens to one answer.

    Args:
        client: The dialect.
        stream: Server-sent events are expected; an error still comes as a body.
        spoke: Called when the first words have come.
    """

    def __init__(self, client: Client, *, stream: bool, spoke: Callable[[], None]) -> None:
        self.heard = Heard()
        self._read = _anthropic if client == "anthropic" else _openai
        self._events = EventSplitter() if stream else None
        self._body: list[bytes] = []
        self._spoke = spoke

    def take(self, piece: bytes) -> None:
        """A piece of the body."""
        self._body.append(piece)
        if self._events is not None:
            try:
                for event in self._events.feed(piece):
                    self._event(event)
            except (*_UNREADABLE, ProviderError):
                self.heard.error_code, self.heard.error_message = "unreadable", "An event of the stream is not right."

    def whole(self, *, as_events: bool) -> Heard:
        """The answer has come to its end: what it was. Of a stream, `as_events` says that it came as one."""
        if not as_events:
            self._whole(b"".join(self._body))
        return self.heard

    def _event(self, event: bytes) -> None:
        for line in event.splitlines():
            if line.startswith(b":"):
                self._comment(line[1:].lstrip())
        _, data = event_data(event)
        if data == _OPENAI_DONE:
            self.heard.ended = True
        elif data:
            before = self.heard.text
            self._read(self.heard, msgspec.json.decode(data))
            if self.heard.text and not before:
                self._spoke()

    def _comment(self, said: bytes) -> None:
        if said.startswith(_SEAM):
            self.heard.seams += 1
        elif said.startswith(_FACTS):
            self.heard.facts = msgspec.json.decode(said[len(_FACTS) :])

    def _whole(self, body: bytes) -> None:
        try:
            self._read(self.heard, msgspec.json.decode(body))
        except _UNREADABLE:
            self.heard.error_code, self.heard.error_message = "unreadable", "The body is not right."
            return
        self.heard.ended = True
        self._spoke()


def _failed(heard: Heard, fault: dict[str, Any]) -> None:
    heard.error_code = str(fault.get("code") or fault.get("type") or "none")
    heard.error_message = str(fault.get("message") or "")


def _openai(heard: Heard, said: dict[str, Any]) -> None:
    """A chunk or a whole `chat.completion`."""
    if said.get("error"):
        _failed(heard, said["error"])
        return
    for choice in said["choices"]:
        words = choice.get("delta") or choice.get("message") or {}
        heard.text += words.get("content") or ""
        heard.finish = choice.get("finish_reason") or heard.finish
    if usage := said.get("usage"):
        heard.input_tokens, heard.output_tokens = usage["prompt_tokens"], usage["completion_tokens"]


def _anthropic(heard: Heard, said: dict[str, Any]) -> None:
    """An event or a whole `message`."""
    match said["type"]:
        case "error":
            _failed(heard, said["error"])
        case "message":
            heard.text = "".join(part.get("text", "") for part in said["content"])
            _anthropic_end(heard, said, said.get("usage") or {})
        case "message_start":
            heard.input_tokens = (said["message"].get("usage") or {}).get("input_tokens", 0)
        case "content_block_delta":
            heard.text += said["delta"].get("text", "")
        case "message_delta":
            _anthropic_end(heard, said["delta"], said.get("usage") or {})
        case "message_stop":
            heard.ended = True


def _anthropic_end(heard: Heard, end: dict[str, Any], usage: dict[str, Any]) -> None:
    reason = end.get("stop_reason")
    heard.finish = _ENDS.get(reason, reason) if reason else heard.finish
    heard.input_tokens = usage.get("input_tokens") or heard.input_tokens
    heard.output_tokens = usage.get("output_tokens", heard.output_tokens)
