"""Prefixes that Gemini keeps under a name (`cachedContents`): named in a request, made, prolonged, and found gone.

Invariants: what is named is the same, byte for byte, as what the request would have said in its place; a request that
names one says no system text, tools or calling mode itself, for that is refused; a client's own name is left alone.
Source: https://ai.google.dev/api/caching (read 2026-11-24). That an ended one answers 403 and is not named in the
sentence, and that turns said again are paid for twice, was seen by others with the real API (2026-09).
"""

import re
from datetime import datetime
from hashlib import blake2b
from typing import Annotated, Any

import msgspec
from msgspec import Struct

from headworks.core.errors import ProviderError
from headworks.core.messages import Document, Prompt
from headworks.core.prefix import LIFE_S, Cut, Kept, Marks, Order, Reference, Wish

_SAID_ONCE = ("systemInstruction", "tools", "toolConfig")
_NAME = re.compile(r"cachedContents/[\w-]{1,128}", re.ASCII)
_GONE_STATUSES = frozenset({400, 403, 404})
_GONE = re.compile(rb"cached[ _]?content", re.IGNORECASE)
_DIGEST_BYTES = 16

Body = dict[str, Any]


_Time = Annotated[datetime, msgspec.Meta(tz=True)]


class _Usage(Struct, frozen=True, rename="camel"):
    total_token_count: int = 0


class _Content(Struct, rename="camel"):
    name: str
    update_time: _Time | None = None
    expire_time: _Time | None = None
    usage_metadata: _Usage = _Usage()


_CONTENT = msgspec.json.Decoder(_Content)


def documents_of(prompt: Prompt) -> int:
    """How many documents stand before the question, in a prompt of a single turn."""
    turns = [message for message in prompt.messages if message.role != "system"]
    if len(turns) != 1:
        return 0
    parts = turns[0].parts
    return next((at for at, part in enumerate(parts) if not isinstance(part, Document)), 0)


def with_names(body: Body, model: str, documents: int, marks: Marks) -> tuple[Body, Reference | None, Order | None]:
    """The body with a name in the place of what is kept under it, that name, and the order for what is to be kept.

    Args:
        body: Of `generateContent`.
        model: Its model; what is kept is kept for that one.
        documents: How many parts of a single turn are documents, at its beginning.
        marks: What is kept, and what is to be.
    """
    if "cachedContent" in body:
        return body, None, None
    wish = marks.wish
    order = None if wish is None or wish.again is not None else _making(body, model, documents, wish)
    for named in marks.named:
        parted = _parted(body, named.cut, documents)
        if parted is None or _digest(msgspec.json.encode(parted[0])) != named.digest:
            continue
        kept, rest = parted
        if wish is not None and wish.again == named.name:
            order = _prolonging(wish, named.digest)
        said = {name: value for name, value in body.items() if name not in kept}
        return said | {"contents": rest, "cachedContent": named.name}, _reference(named.name), order
    return body, None, order


def _parted(body: Body, cut: Cut, documents: int) -> tuple[Body, list[Body]] | None:
    """The beginning as it is kept, and the turns after it; None where there is no such beginning."""
    kept = {name: body[name] for name in _SAID_ONCE if name in body}
    contents = body["contents"]
    if cut.upto == "system":
        return (kept, contents) if kept else None
    if cut.upto == "history":
        turns = cut.turns or len(contents) - 1
        return (kept | {"contents": contents[:turns]}, contents[turns:]) if 0 < turns < len(contents) else None
    (turn, *others) = contents
    parts = turn["parts"]
    if others or not 0 < documents < len(parts):
        return None
    return kept | {"contents": [turn | {"parts": parts[:documents]}]}, [turn | {"parts": parts[documents:]}]


def _making(body: Body, model: str, documents: int, wish: Wish) -> Order | None:
    parted = _parted(body, wish.cut, documents)
    if parted is None:
        return None
    kept = msgspec.json.encode(parted[0])
    head = msgspec.json.encode({"model": f"models/{model}", "ttl": f"{LIFE_S[wish.life]:.0f}s"})
    turns = len(parted[0].get("contents", ())) if wish.cut.upto == "history" else 0
    return Order(
        method="POST",
        path="/cachedContents",
        body=head[:-1] + b"," + kept[1:],
        wish=msgspec.structs.replace(wish, cut=Cut(wish.cut.upto, turns)),
        digest=_digest(kept),
        read=read_kept,
    )


def _prolonging(wish: Wish, digest: bytes) -> Order:
    body = msgspec.json.encode({"ttl": f"{LIFE_S[wish.life]:.0f}s"})
    path = f"/{wish.again}?updateMask=ttl"
    return Order(method="PATCH", path=path, body=body, wish=wish, digest=digest, read=read_kept)


def _reference(name: str) -> Reference:
    return Reference(name, lambda status, body: status in _GONE_STATUSES and _says_gone(name, body))


def _says_gone(name: str, body: bytes) -> bool:
    return name.encode() in body or _GONE.search(body) is not None


def _digest(kept: bytes) -> bytes:
    return blake2b(kept, digest_size=_DIGEST_BYTES).digest()


def read_kept(body: bytes) -> Kept:
    """What is kept now.

    Raises:
        ProviderError: The answer does not say, or its name is none.
    """
    try:
        content = _CONTENT.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderError("The answer names nothing that is kept.", retryable=False) from error
    if not _NAME.fullmatch(content.name):
        raise ProviderError("The answer names nothing that is kept.", retryable=False)
    life_s = None
    if content.update_time is not None and content.expire_time is not None:
        life_s = (content.expire_time - content.update_time).total_seconds()
    return Kept(content.name, max(0, content.usage_metadata.total_token_count), life_s)
