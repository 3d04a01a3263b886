"""The sections of an Anthropic client's prompt."""

import msgspec
from msgspec import Raw, Struct

from headworks.core.messages import Ask
from headworks.dialects.sections import SORT_BYTES, Sections, sections


class _Named(Struct):
    name: str | None = None


_NAMES = msgspec.json.Decoder(list[_Named])
_ITEMS = msgspec.json.Decoder(list[Raw])


def read_sections(ask: Ask) -> Sections:
    """The sections of a chat. A mark on the whole request (`cache_control` at its top level) counts as any other."""
    fields = ask.fields
    tools, system, messages = (bytes(fields.get(name, b"")) for name in ("tools", "system", "messages"))
    names = [tool.name for tool in _NAMES.decode(tools)] if len(tools) >= SORT_BYTES else []
    found = sections(tools, names, system, _ITEMS.decode(messages), [messages])
    return msgspec.structs.replace(found, marked=True) if "cache_control" in fields else found
