"""Conversation turns as Gemini contents.

Invariants: system text leaves the turns in its order; neighbouring turns of one role are one; a signed part is never
joined with another; a tool result names the tool that its call named.
Source: https://ai.google.dev/api/caching#Content (read 2026-11-23).
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw

from headworks.core.errors import BadAskError
from headworks.core.messages import (
    Audio,
    Document,
    Image,
    Message,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from headworks.dialects.gaps import Gaps
from headworks.dialects.gemini import signatures
from headworks.dialects.gemini.media import audio_part, document_part, image_part

WirePart = dict[str, Any]
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def write_messages(messages: Iterable[Message], gaps: Gaps) -> dict[str, Any]:
    """`contents`, and `systemInstruction` where there is system text.

    Raises:
        BadAskError: Something has no counterpart, tool arguments are not a JSON object, or a tool result answers no
            call of the conversation.
    """
    system: list[WirePart] = []
    contents: list[dict[str, Any]] = []
    writer = _Turns(gaps)
    for place, message in enumerate(messages):
        where = f"messages[{place}]"
        if message.name is not None:
            gaps.lacks(f"{where}.name")
        parts = writer.parts(message, where)
        if message.role == "system":
            system += parts
        elif parts:
            _add_turn(contents, "model" if message.role == "assistant" else "user", parts)
    if not contents:
        # A conversation of instructions alone is legal elsewhere; here something must be said.
        return {"contents": [{"role": "user", "parts": system}]}
    return {"systemInstruction": {"parts": system}, "contents": contents} if system else {"contents": contents}


def _add_turn(contents: list[dict[str, Any]], role: str, parts: list[WirePart]) -> None:
    if contents and contents[-1]["role"] == role:
        contents[-1]["parts"] += parts
    else:
        contents.append({"role": role, "parts": parts})


class _Turns:
    """Writes parts; remembers the names of the calls made so far, for their results."""

    def __init__(self, gaps: Gaps) -> None:
        self._gaps = gaps
        self._names: dict[str, str] = {}

    def parts(self, message: Message, where: str) -> list[WirePart]:
        """The parts of one message."""
        written: list[WirePart] = []
        for place, part in enumerate(message.parts):
            wire = self._part(part, f"{where}.content[{place}]", system=message.role == "system")
            if wire is not None:
                written.append(wire)
        if message.role == "assistant":
            _stand_in_for_signature(written)
        return written

    def _part(self, part: Part, where: str, *, system: bool) -> WirePart | None:
        if isinstance(part, Text):
            return self._text(part, where)
        if system:
            self._gaps.lacks(where)
            return None
        if isinstance(part, ToolCall):
            return self._call(part, where)
        if isinstance(part, ToolResult):
            return self._result(part, where)
        if isinstance(part, Thinking):
            return self._thinking(part, where)
        return self._medium(part, where)

    def _medium(self, part: Image | Audio | Document | Refusal, where: str) -> WirePart | None:
        if isinstance(part, Image):
            return image_part(part, where, self._gaps)
        if isinstance(part, Document):
            return document_part(part, where, self._gaps)
        if isinstance(part, Audio):
            return audio_part(part)
        return {"text": part.text}

    def _text(self, part: Text, where: str) -> WirePart | None:
        if part.cache_mark:
            self._gaps.hint("cache_control")
        if part.citations:
            self._gaps.hint(f"{where}.citations")
        return {"text": part.text} if part.text else None

    def _thinking(self, part: Thinking, where: str) -> WirePart | None:
        signature = signatures.unmarked(part.signature)
        if signature is None:
            self._gaps.hint(f"{where}.thinking")  # the model reads nothing from thoughts it did not sign
            return None
        thought = {"thought": True} if part.text else {}
        return {"text": part.text, **thought, "thoughtSignature": signature}

    def _call(self, part: ToolCall, where: str) -> WirePart:
        if part.cache_mark:
            self._gaps.hint("cache_control")
        self._names[part.id] = part.name
        call: dict[str, Any] = {"name": part.name, "args": _arguments(part.arguments, where)}
        if part.id:
            call["id"] = part.id
        signed = {"thoughtSignature": part.signature} if part.signature else {}
        return {"functionCall": call, **signed}

    def _result(self, part: ToolResult, where: str) -> WirePart:
        if part.cache_mark:
            self._gaps.hint("cache_control")
        name = self._names.get(part.call_id) or part.name
        if name is None:
            raise BadAskError(
                f"`{where}` answers the tool call `{part.call_id}`, which is not in the conversation.", param=where
            )
        texts, media = self._answer(part, where)
        answer = {"error" if part.is_error else "output": "\n".join(texts)}
        result: dict[str, Any] = {"name": name, "response": answer}
        if part.call_id:
            result["id"] = part.call_id
        if media:
            result["parts"] = media
        return {"functionResponse": result}

    def _answer(self, result: ToolResult, where: str) -> tuple[list[str], list[WirePart]]:
        """A tool's answer: its text, and the pictures and files beside it."""
        texts: list[str] = []
        media: list[WirePart] = []
        for part in result.parts:
            wire = self._part(part, where, system=False)
            if wire is None:
                continue
            if "text" in wire:
                texts.append(wire["text"])
            else:
                media.append(wire)
        return texts, media


def _arguments(text: str, where: str) -> Raw:
    """The arguments as the model wrote them, once it is clear that they are an object."""
    if not text.strip():
        return Raw(b"{}")
    try:
        _OBJECT.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        name = f"{where}.arguments"
        raise BadAskError(f"`{name}`: expected a JSON object as text.", param=name) from error
    return Raw(text.encode())


def _stand_in_for_signature(parts: list[WirePart]) -> None:
    """The first call of a turn must be signed; the rest of parallel calls never are."""
    calls = [part for part in parts if "functionCall" in part]
    if calls and not any("thoughtSignature" in call for call in calls):
        calls[0]["thoughtSignature"] = signatures.UNSIGNED
