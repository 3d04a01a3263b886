"""Content blocks of a client's Anthropic request, read into neutral parts.

A block or a field of a block that has no neutral meaning lands among the leftovers under its path, where the writer of
another dialect refuses it or drops it by name.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from headworks.core.errors import BadAskError
from headworks.core.messages import (
    Document,
    Image,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from headworks.dialects.anthropic.citations import read_citation
from headworks.dialects.anthropic.client.taking import Taking

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}


def read_content(content: Any, path: str, leftovers: dict[str, Any]) -> tuple[Part, ...]:
    """The parts of a `content` (a string or a list of blocks); blocks without neutral meaning become leftovers."""
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    if not isinstance(content, list):
        raise BadAskError(f"`{path}` must be a string or a list of content blocks.", param=path)
    return tuple(
        part for index, block in enumerate(content) if (part := _read_block(block, f"{path}[{index}]", leftovers))
    )


def read_turn(turn: dict[str, Any], path: str, leftovers: dict[str, Any]) -> list[Message]:
    """The neutral messages of one turn: each tool result in a message of its own, in the client's order."""
    fields = Taking(turn, path, leftovers)
    role = fields.need("role", str)
    content = turn["content"]
    fields.leave("content")
    parts = read_content(content, f"{path}.content", leftovers)
    messages: list[Message] = []
    plain: list[Part] = []
    for part in parts:
        if isinstance(part, ToolResult):
            _flush(role, plain, messages)
            messages.append(Message("tool", (part,)))
        else:
            plain.append(part)
    _flush(role, plain, messages)
    return messages


def _flush(role: str, plain: list[Part], messages: list[Message]) -> None:
    if plain:
        messages.append(Message(_ROLES[role], tuple(plain)))
        plain.clear()


def _read_block(block: Any, path: str, leftovers: dict[str, Any]) -> Part | None:
    if not isinstance(block, dict):
        raise BadAskError(f"`{path}` must be a content block, an object.", param=path)
    fields = Taking(block, path, leftovers)
    read = _READERS.get(fields.need("type", str))
    part = read(fields) if read else None
    if part is None:
        leftovers[path] = block
    else:
        fields.leave()
    return part


def _text(fields: Taking) -> Part:
    citations = fields.take("citations", list) or []
    if not all(isinstance(wire, dict) for wire in citations):
        place = fields.place("citations")
        raise BadAskError(f"`{place}` must be a list of objects.", param=place)
    cited = tuple(read_citation(wire) for wire in citations)
    return Text(fields.need("text", str), cited, fields.take("cache_control", dict))


def _image(fields: Taking) -> Part | None:
    source = Taking(fields.need("source", dict), fields.place("source"), fields.leftovers)
    mark = fields.take("cache_control", dict)
    match source.need("type", str):
        case "base64":
            image = Image(data=source.need("data", str), media_type=source.need("media_type", str), cache_mark=mark)
        case "url":
            image = Image(url=source.need("url", str), cache_mark=mark)
        case "file":
            image = Image(file_id=source.need("file_id", str), cache_mark=mark)
        case _:
            return None
    source.leave()
    return image


def _document(fields: Taking) -> Part | None:
    source = Taking(fields.need("source", dict), fields.place("source"), fields.leftovers)
    document = _document_source(source)
    if document is None:
        return None
    source.leave("media_type")
    cites = fields.inner("citations")
    cited = bool(cites and cites.take("enabled", bool))
    return msgspec.structs.replace(
        document,
        name=fields.take("title", str),
        context=fields.take("context", str),
        citations=cited,
        cache_mark=fields.take("cache_control", dict),
    )


def _document_source(source: Taking) -> Document | None:
    match source.need("type", str):
        case "base64":
            return Document(data=source.need("data", str), media_type=source.need("media_type", str))
        case "text":
            return Document(text=source.need("data", str), media_type="text/plain")
        case "url":
            return Document(url=source.need("url", str))
        case "file":
            return Document(file_id=source.need("file_id", str))
        case _:
            return None


def _thinking(fields: Taking) -> Part:
    return Thinking(fields.need("thinking", str), signature=fields.take("signature", str))


def _redacted(fields: Taking) -> Part:
    return Thinking("", redacted=fields.need("data", str))


def _tool_use(fields: Taking) -> Part:
    arguments = msgspec.json.encode(fields.need("input", dict)).decode()
    caller = fields.inner("caller")
    if caller is not None and (kind := caller.take("type", str)) != "direct":
        fields.leftovers[caller.path] = kind
    mark = fields.take("cache_control", dict)
    return ToolCall(fields.need("id", str), fields.need("name", str), arguments, cache_mark=mark)


def _tool_result(fields: Taking) -> Part:
    content = fields.take("content", object)
    read = read_content(content, fields.place("content"), fields.leftovers)
    parts = tuple(part for part in read if isinstance(part, Text | Image | Document))
    if len(parts) < len(read):
        place = fields.place("content")
        raise BadAskError(f"`{place}` may hold text, images and documents only.", param=place)
    return ToolResult(
        fields.need("tool_use_id", str),
        parts,
        is_error=bool(fields.take("is_error", bool)),
        cache_mark=fields.take("cache_control", dict),
    )


_READERS: dict[str, Callable[[Taking], Part | None]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
