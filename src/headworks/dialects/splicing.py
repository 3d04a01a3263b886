"""Change a JSON body where it has to change and nowhere else: every other byte stays as the client sent it.

Values are raw JSON that was checked when the body was read. Messages have the shape that both client dialects share: an
object with `role` and `content`, the content a string or a list of parts, text in parts of type `text`.
"""

from collections.abc import Callable, Iterable
from functools import partial

import msgspec
from msgspec import Raw

from headworks.core.messages import Ask, Prompt

_WHITE = b" \t\r\n"
_ITEMS = msgspec.json.Decoder(list[Raw])
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_NULL = b"null"


def edited(ask: Ask, read_prompt: Callable[[dict[str, Raw]], Prompt], **changes: bytes) -> Ask:
    """`ask` with some fields changed, and its prompt read from what it then says."""
    fields = ask.fields | {name: Raw(value) for name, value in changes.items()}
    return msgspec.structs.replace(ask, fields=fields, read_prompt=partial(read_prompt, fields), _prompt=None)


def given(ask: Ask, name: str) -> Raw | None:
    """The field as sent; None when it is missing or null."""
    raw = ask.fields.get(name)
    return None if raw is None or memoryview(raw) == _NULL else raw


def whole_number(ask: Ask, name: str) -> int | None:
    """The field as a whole number; None when it is missing or none."""
    raw = given(ask, name)
    value = None if raw is None else msgspec.json.decode(raw)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def items(raw: Raw | bytes) -> list[bytes]:
    """The items of a JSON list, each as it stands there."""
    return [bytes(item) for item in _ITEMS.decode(raw)]


def as_list(raw_items: Iterable[bytes]) -> bytes:
    """A JSON list of items."""
    return b"[" + b",".join(raw_items) + b"]"


def appended(raw_list: bytes, item: bytes) -> bytes:
    """A JSON list with one more item at its end."""
    inner = raw_list[1:-1]
    return b"[" + inner + (b"," if inner.strip(_WHITE) else b"") + item + b"]"


def lengthened(raw_string: bytes, text: str) -> bytes:
    """A JSON string with more text at its end."""
    return raw_string[:-1] + msgspec.json.encode(text)[1:]


def message(role: str, text: str) -> bytes:
    """A message of one text."""
    return msgspec.json.encode({"role": role, "content": text})


def answer_begun(messages: bytes, text: str) -> bytes:
    """Messages after which the assistant has said `text`, as the end of what it said already where that is the last."""
    last = items(messages)[-1:]
    fields = _OBJECT.decode(last[0]) if last else {}
    if not last or msgspec.json.decode(fields["role"]) != "assistant":
        return appended(messages, message("assistant", text))
    fields["content"] = Raw(_content_with(bytes(fields.get("content", _NULL)), text))
    return _last_replaced(messages, last[0], msgspec.json.encode(fields))


def _content_with(content: bytes, text: str) -> bytes:
    if content[:1] == b'"':
        return lengthened(content, text)
    if content[:1] != b"[":
        return msgspec.json.encode(text)
    last = items(content)[-1:]
    part = _OBJECT.decode(last[0]) if last else {}
    words = bytes(part.get("text", _NULL))
    if last and msgspec.json.decode(part["type"]) == "text" and words[:1] == b'"':
        part["text"] = Raw(lengthened(words, text))
        return _last_replaced(content, last[0], msgspec.json.encode(part))
    return appended(content, msgspec.json.encode({"type": "text", "text": text}))


def _last_replaced(raw_list: bytes, last: bytes, item: bytes) -> bytes:
    end = len(raw_list[:-1].rstrip(_WHITE))
    return raw_list[: end - len(last)] + item + raw_list[end:]
