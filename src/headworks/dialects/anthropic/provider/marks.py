"""Put marks for the prefix cache into a request.

A mark on a block keeps everything up to its end: tools, then system, then messages. A request takes four at most; those
for an hour must stand before those for five minutes. Thinking and empty text take none
(https://platform.claude.com/docs/en/build-with-claude/prompt-caching, read 2026-11-24). Kinds of blocks that are not
known to take one get none. Nothing else of the request changes: a string that is marked becomes the one text block that
it stands for.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from headworks.core.prefix import Life, Marks
from headworks.dialects.sections import DOCUMENTS
from headworks.dialects.splicing import as_list, items

_MARK = {"5m": b'"cache_control":{"type":"ephemeral"}', "1h": b'"cache_control":{"type":"ephemeral","ttl":"1h"}'}
_MARKABLE = frozenset(
    {
        "text",
        "image",
        "document",
        "search_result",
        "tool_use",
        "tool_result",
        "server_tool_use",
        "web_search_tool_result",
    }
)
_DEFERRED = b'"defer_loading"'
"""Tools that are loaded later take no mark, and stand in no prefix: then the mark of the system prompt has to do."""
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_TURNS = msgspec.json.Decoder(list[Raw])

Blocks = list[dict[str, Any]]


def mark_fields(fields: dict[str, Raw], marks: Marks) -> dict[str, Raw]:
    """A client's own fields with marks in them, which have none yet; as they are where they cannot be read here."""
    try:
        return _marked(fields, marks)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return fields  # a text that is no Unicode, say: the provider will tell


def _marked(fields: dict[str, Raw], marks: Marks) -> dict[str, Raw]:
    changes: dict[str, bytes | Raw] = {}
    if marks.sorted_tools is not None:
        changes["tools"] = marks.sorted_tools
    if marks.tools and "tools" in fields:
        changes["tools"] = _last_marked(bytes(changes.get("tools", fields["tools"])), marks.tools)
    if marks.system and "system" in fields:
        changes["system"] = _content_marked(bytes(fields["system"]), marks.system, _last)
    if marks.documents or marks.history:
        changes["messages"] = _turns_marked(fields["messages"], marks)
    return fields | {name: Raw(value) for name, value in changes.items()}


def mark_body(body: dict[str, Any], marks: Marks) -> None:
    """Marks in a body written here, in place."""
    turns: Blocks = body["messages"]
    if marks.tools and body.get("tools"):
        _mark(body["tools"][-1], marks.tools)
    if marks.system and body.get("system"):
        _mark(body["system"][-1], marks.system)
    if marks.documents:
        _mark_at(turns[0]["content"], marks.documents, _documents)
    if marks.history:
        for turn in reversed(turns[:-1]):
            if _mark_at(turn["content"], marks.history, _last):
                break


def _mark_at(blocks: Blocks, life: Life, where: "Callable[[Blocks], int | None]") -> bool:
    at = where(blocks)
    if at is not None:
        _mark(blocks[at], life)
    return at is not None


def _mark(block: dict[str, Any], life: Life) -> None:
    block["cache_control"] = {"type": "ephemeral"} if life == "5m" else {"type": "ephemeral", "ttl": life}


def _turns_marked(raw: Raw, marks: Marks) -> bytes | Raw:
    """The list of turns with a mark in one of them. Only that one is taken out and put back: there may be megabytes."""
    turns, messages = _TURNS.decode(raw), memoryview(raw)
    life, where = (marks.documents, _documents) if marks.documents else (marks.history, _last)
    assert life is not None, "nobody asks for no mark"
    end = len(messages)
    for at in range(len(turns) - 1, -1, -1):
        while messages[end - 1] in b"], \t\r\n":  # between turns, and after the last
            end -= 1
        turn = bytes(turns[at])
        start = end - len(turn)
        if at < len(turns) - 1 or where is _documents:
            marked = _turn_marked(turn, life, where)
            if marked is not None:
                return b"".join((messages[:start], marked, messages[end:]))
        end = start
    return raw


def _turn_marked(turn: bytes, life: Life, where: "Callable[[Blocks], int | None]") -> bytes | None:
    """The turn with a mark on one of its blocks; None where none takes it."""
    message = _OBJECT.decode(turn)
    content = bytes(message["content"])
    marked = _content_marked(content, life, where)
    if marked is content:
        return None
    message["content"] = Raw(marked)
    return msgspec.json.encode(message)


def _content_marked(content: bytes, life: Life, where: "Callable[[Blocks], int | None]") -> bytes:
    """A string or a list of blocks, marked; the same object where nothing takes a mark."""
    if content[:1] == b'"':
        if where is not _last or not msgspec.json.decode(content).strip():
            return content
        return b'[{"type":"text","text":' + content + b"," + _MARK[life] + b"}]"
    at = where(msgspec.json.decode(content)) if content[:1] == b"[" else None
    if at is None:
        return content
    blocks = items(content)
    blocks[at] = blocks[at][:-1] + b"," + _MARK[life] + b"}"
    return as_list(blocks)


def _last_marked(tools: bytes, life: Life) -> bytes:
    """A list of objects with a mark in the last one."""
    end = tools.rfind(b"}")
    if end < 0 or tools[:end].rstrip().endswith(b"{") or _DEFERRED in tools:
        return tools
    return tools[:end] + b"," + _MARK[life] + tools[end:]


def _last(blocks: Blocks) -> int | None:
    """The last block that takes a mark."""
    for at in range(len(blocks) - 1, -1, -1):
        kind = blocks[at].get("type")
        if kind in _MARKABLE and (kind != "text" or blocks[at].get("text", "").strip()):
            return at
    return None


def _documents(blocks: Blocks) -> int | None:
    """The last of the documents at the beginning, where something follows them."""
    count = next((at for at, block in enumerate(blocks) if block.get("type") not in DOCUMENTS), 0)
    return count - 1 if count else None
