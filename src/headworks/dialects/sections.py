"""A chat's prompt in the order in which models read it: tools, system prompt, turns. In the client's own bytes."""

from collections.abc import Iterable

import msgspec
from msgspec import Raw, Struct

from headworks.dialects.splicing import as_list, items

SORT_BYTES = 4_096
"""Tools shorter than that are left in the client's order: alone they are no prefix that a provider keeps."""
DOCUMENTS = frozenset({"document", "file"})
"""Types of the content blocks that hold one."""
_MARKS = (b'"cache_control"', b'"prompt_cache_breakpoint"')
"""How clients mark within their texts. A quotation mark inside a JSON string has a backslash, so no text looks so."""


class Sections(Struct, frozen=True, kw_only=True):
    """The parts of one prompt.

    Attributes:
        tools: The tools, by name where they are many; empty for none.
        sorted_tools: True when the client had sent them in another order.
        system: The system prompt; empty for none.
        turns: The messages after the system prompt.
        documents: The documents in a prompt of a single turn; empty where there are none.
        marked: Whether the client has said itself what is to be kept.
    """

    tools: bytes
    sorted_tools: bool
    system: bytes
    turns: list[Raw]
    documents: bytes
    marked: bool


class _Block(Struct):
    type: str = ""


class _Message(Struct):
    content: str | list[Raw] | None = None


_BLOCK = msgspec.json.Decoder(_Block)
_MESSAGE = msgspec.json.Decoder(_Message)


def sections(
    tools: bytes, names: list[str | None], system: bytes, turns: list[Raw], others: Iterable[bytes]
) -> Sections:
    """The sections of a prompt in a shape that both client dialects share.

    Args:
        tools: The field `tools`; empty when there is none.
        names: The names of these tools, None for one without; left out (empty) where they are few.
        system: The system prompt as it stands in the body.
        turns: The messages after it.
        others: Everything else in which a client may have marks.
    """
    by_name = by_names(tools, names) if names else None
    marked = any(mark in part for part in (tools, system, *others) for mark in _MARKS)
    return Sections(
        tools=by_name or tools,
        sorted_tools=by_name is not None,
        system=system,
        turns=turns,
        documents=_documents(turns[0]) if len(turns) == 1 else b"",
        marked=marked,
    )


def by_names(tools: bytes, names: list[str | None]) -> bytes | None:
    """The list of tools by name, each as it stands there; None where that is their order, or one has no name."""
    known = [name for name in names if name is not None]
    if len(known) < len(names) or known == sorted(known):
        return None
    given = items(tools)
    return as_list(given[at] for at in sorted(range(len(given)), key=lambda at: (known[at], given[at])))


def _documents(turn: Raw) -> bytes:
    """The documents of a turn, in their order."""
    if b'"document"' not in bytes(turn) and b'"file"' not in bytes(turn):
        return b""
    content = _MESSAGE.decode(turn).content
    blocks = content if isinstance(content, list) else []
    return b",".join(bytes(block) for block in blocks if _BLOCK.decode(block).type in DOCUMENTS)
