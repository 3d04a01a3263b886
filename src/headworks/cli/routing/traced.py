"""Labelled requests out of exported traces: what the user last said, and the type that somebody has given it."""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.errors import BadAskError
from headworks.routing.types.nearest import Labelled


class _Record(Struct):
    """Of a trace: the captured body, and the label beside it or among its tags."""

    request: Any = None
    type: str | None = None
    tags: dict[str, str] = {}


def read_traced(path: Path) -> list[Labelled]:
    """The records of a file that have a body and a type (their field `type`, or else their tag `type`).

    Raises:
        BadAskError: It cannot be read, or a line is no record; says which.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadAskError(f"{path} cannot be read: {error.strerror}.") from error
    found = (_labelled(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip())
    return [one for one in found if one is not None]


def _labelled(line: bytes, place: str) -> Labelled | None:
    try:
        record = msgspec.json.decode(line, type=_Record)
    except msgspec.DecodeError as error:
        raise BadAskError(f"{place}: {error}. A line is a record of `headworks traces export`.") from error
    kind, text = record.type or record.tags.get("type"), _asked(record.request)
    return Labelled(text, kind) if kind and text.strip() else None


def _asked(request: Any) -> str:
    """The last user message of a body in the OpenAI or the Anthropic dialect, else its prompt; empty without one."""
    if not isinstance(request, dict):
        return ""
    messages = request.get("messages")
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user" and (text := _text(message.get("content"))):
            return text
    return _text(request.get("prompt"))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))
