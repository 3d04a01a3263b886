"""The sections of an OpenAI client's prompt."""

import msgspec
from msgspec import Raw, Struct

from headworks.core.messages import Ask
from headworks.dialects.sections import SORT_BYTES, Sections, sections

_OWN = frozenset({"prompt_cache_key", "prompt_cache_options", "prompt_cache_retention"})
"""Fields by which a client says itself how its prompt is to be kept."""


class _Function(Struct):
    name: str | None = None


class _Tool(Struct):
    type: str | None = None
    function: _Function | None = None


class _Role(Struct):
    role: str


_TOOLS = msgspec.json.Decoder(list[_Tool])
_ROLE = msgspec.json.Decoder(_Role)
_ITEMS = msgspec.json.Decoder(list[Raw])


def read_sections(ask: Ask) -> Sections:
    """The sections of a chat. The system prompt is what stands in system and developer messages at its beginning."""
    fields = ask.fields
    tools, messages = bytes(fields.get("tools", b"")), bytes(fields["messages"])
    turns = _ITEMS.decode(messages)
    first = 0
    while first < len(turns) and _ROLE.decode(turns[first]).role in ("system", "developer"):
        first += 1
    system = b",".join(bytes(turn) for turn in turns[:first])
    found = sections(tools, _names(tools), system, turns[first:], [messages])
    return found if _OWN.isdisjoint(fields) else msgspec.structs.replace(found, marked=True)


def _names(tools: bytes) -> list[str | None]:
    if len(tools) < SORT_BYTES:
        return []
    return [tool.function.name if tool.function else tool.type for tool in _TOOLS.decode(tools)]
