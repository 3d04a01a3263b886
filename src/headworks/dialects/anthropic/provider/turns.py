"""Neutral messages as Anthropic turns: system text hoisted, tool results in user turns, neighbours of a role merged."""

import base64
import binascii
import re
from typing import Any

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
from headworks.dialects.anthropic.arguments import tool_input
from headworks.dialects.anthropic.citations import is_native
from headworks.dialects.gaps import Gaps

_Blocks = list[dict[str, Any]]
_NOT_ID = re.compile(r"[^A-Za-z0-9_-]")


def write_turns(messages: tuple[Message, ...], gaps: Gaps) -> tuple[_Blocks, _Blocks]:
    """The `system` blocks and the `messages`.

    Raises:
        BadAskError: A part without counterpart, or nothing but system text.
    """
    system: _Blocks = []
    turns: _Blocks = []
    for index, message in enumerate(messages):
        blocks = _message_blocks(message, f"messages[{index}]", gaps)
        role = "assistant" if message.role == "assistant" else "user"
        if message.role == "system":
            system += blocks
        elif turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    if not turns:
        raise BadAskError(
            "`messages` must hold at least one message that is not empty or system text.", param="messages"
        )
    return system, turns


def _message_blocks(message: Message, path: str, gaps: Gaps) -> _Blocks:
    if message.name and message.role != "tool":
        gaps.lacks(f"{path}.name")
    parts: tuple[Part, ...] = message.parts
    if message.role == "system" and any(not isinstance(part, Text) for part in parts):
        gaps.lacks(f"{path}.content")
        parts = tuple(part for part in parts if isinstance(part, Text))
    return _blocks(parts, f"{path}.content", gaps)


def _blocks(parts: tuple[Part, ...], path: str, gaps: Gaps) -> _Blocks:
    written = (_block(part, f"{path}[{index}]", gaps) for index, part in enumerate(parts))
    return [block for block in written if block is not None]


def _block(part: Part, path: str, gaps: Gaps) -> dict[str, Any] | None:
    """One content block; None for what is empty or was dropped by name."""
    match part:
        case Text():
            return _text(part, path, gaps)
        case Refusal(text):
            return {"type": "text", "text": text} if text else None
        case Image():
            return _image(part, path, gaps)
        case Document():
            return _document(part, path, gaps)
        case Thinking():
            return _thinking(part, path, gaps)
        case ToolCall():
            return _tool_call(part, path, gaps)
        case ToolResult():
            return _tool_result(part, path, gaps)
        case Audio():
            gaps.lacks(f"{path}.input_audio")
            return None


def _text(part: Text, path: str, gaps: Gaps) -> dict[str, Any] | None:
    if not part.text:
        return None  # the provider refuses empty text, which says nothing anyway
    block: dict[str, Any] = {"type": "text", "text": part.text}
    if part.citations:
        native = [citation.wire for citation in part.citations if is_native(citation)]
        if len(native) < len(part.citations):
            gaps.hint(f"{path}.annotations")
        if native:
            block["citations"] = native
    return _marked(block, part.cache_mark)


def _image(part: Image, path: str, gaps: Gaps) -> dict[str, Any] | None:
    if part.detail not in (None, "auto"):
        gaps.hint(f"{path}.image_url.detail")
    source = _source(part)
    if source is None:
        gaps.lacks(f"{path}.image_url")
        return None
    return _marked({"type": "image", "source": source}, part.cache_mark)


def _source(part: Image | Document) -> dict[str, Any] | None:
    if part.data is not None and part.media_type:
        return {"type": "base64", "media_type": part.media_type, "data": part.data}
    if part.url is not None:
        return {"type": "url", "url": part.url}
    return {"type": "file", "file_id": part.file_id} if part.file_id is not None else None


def _document(part: Document, path: str, gaps: Gaps) -> dict[str, Any] | None:
    source = _document_source(part, path)
    if source is None:
        gaps.lacks(f"{path}.file")
        return None
    block: dict[str, Any] = {"type": "document", "source": source}
    if part.name:
        block["title"] = part.name
    if part.context:
        block["context"] = part.context
    if part.citations:
        block["citations"] = {"enabled": True}
    return _marked(block, part.cache_mark)


def _document_source(part: Document, path: str) -> dict[str, Any] | None:
    """PDF goes as base64, plain text as text; no other type of file is taken inline."""
    if part.text is not None:
        return {"type": "text", "media_type": "text/plain", "data": part.text}
    if part.data is None or part.media_type == "application/pdf":
        return _source(part)
    if (part.media_type or "").partition(";")[0] != "text/plain":
        return None
    try:
        text = base64.b64decode(part.data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadAskError(f"`{path}` is not base64 of UTF-8 text: {error}.", param=path) from error
    return {"type": "text", "media_type": "text/plain", "data": text}


def _thinking(part: Thinking, path: str, gaps: Gaps) -> dict[str, Any] | None:
    if part.redacted is not None:
        return {"type": "redacted_thinking", "data": part.redacted}
    if part.signature is None:
        gaps.hint(f"{path}.thinking")  # the provider takes back only thoughts it has signed, and does without others
        return None
    return {"type": "thinking", "thinking": part.text, "signature": part.signature}


def _tool_call(part: ToolCall, path: str, gaps: Gaps) -> dict[str, Any]:
    if part.signature:
        gaps.hint(f"{path}.signature")
    block = {"type": "tool_use", "id": _id(part.id), "name": part.name, "input": tool_input(part.arguments)}
    return _marked(block, part.cache_mark)


def _tool_result(part: ToolResult, path: str, gaps: Gaps) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": _id(part.call_id)}
    if content := _blocks(part.parts, f"{path}.content", gaps):
        block["content"] = content
    if part.is_error:
        block["is_error"] = True
    return _marked(block, part.cache_mark)


def _id(call_id: str) -> str:
    """Ids of calls made by other providers, in the letters this one allows."""
    return _NOT_ID.sub("_", call_id)


def _marked(block: dict[str, Any], mark: dict[str, Any] | None) -> dict[str, Any]:
    if mark is not None:
        block["cache_control"] = mark
    return block
