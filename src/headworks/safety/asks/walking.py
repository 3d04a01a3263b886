"""Walks through the texts of an ask, in the client's own bytes, and changes those that have to be changed.

Both client dialects say their texts as strings inside messages, parts and blocks. Every string is looked at but those
of the keys that never hold a text, so a field of tomorrow is checked, too. A message that is not changed stays as sent,
to the byte. Reasoning that is signed by its provider is left alone: it was written from a checked ask, and its
signature covers it.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from headworks.safety.policy import Origin

Visit = Callable[[str, Origin], str]
FIELDS = ("system", "messages", "prompt", "suffix", "input")
_NO_TEXT = frozenset(
    {
        "type", "role", "id", "name", "tool_call_id", "tool_use_id", "cache_control", "media_type", "detail", "file_id",
        "signature", "thinking", "redacted_thinking", "thinking_blocks", "reasoning_content", "extra_content",
        "image_url", "input_audio", "audio", "file_data", "url", "encrypted_content", "encrypted_index", "format",
    }
)  # fmt: skip
_ORIGINS: dict[str, Origin] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "retrieved",
    "function": "retrieved",
}
_FETCHED = frozenset({"tool_result", "document", "search_result", "file"})
_MESSAGES = msgspec.json.Decoder(list[Raw])
_ANY = msgspec.json.Decoder()


def changed(fields: dict[str, Raw], visit: Visit) -> dict[str, bytes]:
    """The fields whose texts `visit` changes, as they are then.

    Args:
        fields: Top level of the body.
        visit: Is given each text and whose it is; answers what is to stand there.
    """
    made: dict[str, bytes] = {}
    for name in FIELDS:
        raw = fields.get(name)
        if raw is None:
            continue
        new = (
            _messages(raw, visit)
            if name == "messages"
            else _field(raw, visit, "system" if name == "system" else "user")
        )
        if new is not None:
            made[name] = new
    return made


def _messages(raw: Raw, visit: Visit) -> bytes | None:
    items = [bytes(item) for item in _MESSAGES.decode(raw)]
    news = [_message(item, visit) for item in items]
    if all(new is None for new in news):
        return None
    return b"[" + b",".join(new or old for new, old in zip(news, items, strict=True)) + b"]"


def _message(raw: bytes, visit: Visit) -> bytes | None:
    message = _ANY.decode(raw)
    role = message.get("role") if isinstance(message, dict) else None
    new = _value(message, _ORIGINS.get(role, "user") if isinstance(role, str) else "user", visit)
    return None if new is message else msgspec.json.encode(new)


def _field(raw: Raw, visit: Visit, origin: Origin) -> bytes | None:
    value = _ANY.decode(raw)
    new = _value(value, origin, visit)
    return None if new is value else msgspec.json.encode(new)


def _value(value: Any, origin: Origin, visit: Visit) -> Any:
    """`value` with its texts visited; the very same object where nothing is changed."""
    if isinstance(value, str):
        new = visit(value, origin)
        return value if new == value else new
    if isinstance(value, list):
        items = [_value(item, origin, visit) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    return _object(value, origin, visit) if isinstance(value, dict) else value


def _object(value: dict[str, Any], origin: Origin, visit: Visit) -> dict[str, Any]:
    kind = value.get("type")
    if isinstance(kind, str) and kind in _FETCHED:
        origin = "retrieved"
    made: dict[str, Any] = {}
    for key, inner in value.items():
        if key in _NO_TEXT or (key == "data" and kind != "text"):
            continue
        new = _arguments(inner, origin, visit) if key == "arguments" else _value(inner, origin, visit)
        if new is not inner:
            made[key] = new
    return value | made if made else value


def _arguments(value: Any, origin: Origin, visit: Visit) -> Any:
    """Arguments of a call, which are JSON inside a string."""
    if not isinstance(value, str):
        return _value(value, origin, visit)
    try:
        inside = _ANY.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return _value(value, origin, visit)
    new = _value(inside, origin, visit)
    return value if new is inside else msgspec.json.encode(new).decode()
