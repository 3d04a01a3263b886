"""What is kept of an answer, and its form in every tier: msgpack behind a checksum.

Invariant: what `unpack` returns is what `pack` was given, or it raises; a torn or flipped entry is never served.
"""

import hashlib
from functools import lru_cache

import msgspec
from msgspec import Struct

from headworks.core.replies import Event

KEY_BYTES = 32
_CHECK_BYTES = 8
_FORM = b"1"
"""Form of a packed entry. Another one is unreadable here, which is a miss."""
_REMEMBERED, _REMEMBERED_BYTES = 512, 16 * 1024
"""So many entries of at most so many bytes are remembered as they were read: equal bytes are the same entry."""


class BrokenEntryError(ValueError):
    """The bytes are no entry: cut, flipped, or of another version."""


class Facets(Struct, frozen=True, kw_only=True):
    """What entries are found by when they are to go. Empty text where there is none.

    Attributes:
        org: Organisation of the key.
        user: End user whose call was answered.
        feature: The feature.
        model: Model name of the config that the call asked for.
        prompt: `name@version`.
        corpus: Version of the documents that were searched.
        tags: The call's tags.
    """

    org: str = ""
    user: str = ""
    feature: str = ""
    model: str = ""
    prompt: str = ""
    corpus: str = ""
    tags: dict[str, str] = {}


class Entry(Struct, frozen=True, kw_only=True):
    """One answer.

    Attributes:
        key: 32 bytes: the call's whole key.
        facets: For invalidation.
        created_s: Unix seconds.
        expires_s: Unix seconds.
        model: Model name of the config that answered.
        provider: Provider name of the config.
        provider_model: The provider's name of the model.
        events: The answer, whole: it ends with a finish reason. Usage is as reported.
        cost_nano: Nano-dollars that it cost; None when unknown.
        safety: Version of the safety policy that passed it.
    """

    key: bytes
    facets: Facets
    created_s: float
    expires_s: float
    model: str
    provider: str
    provider_model: str
    events: list[Event]
    cost_nano: int | None = None
    safety: str = ""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode


def pack(entry: Entry) -> bytes:
    """The entry as bytes."""
    body = _FORM + _encode(entry)
    return hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest() + body


def unpack(data: bytes) -> Entry:
    """The entry back. It may be shared with other calls: what it holds is not to be changed.

    Raises:
        BrokenEntryError: `data` is not what `pack` wrote.
    """
    return _remembered(data) if len(data) <= _REMEMBERED_BYTES else _read(data)


def forget_read() -> None:
    """Keep none of the entries that were read in memory: something was invalidated."""
    _remembered.cache_clear()


def _read(data: bytes) -> Entry:
    check, body = data[:_CHECK_BYTES], data[_CHECK_BYTES:]
    if hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest() != check or body[:1] != _FORM:
        raise BrokenEntryError("The checksum of a cached answer does not fit.")
    try:
        return _decode(memoryview(body)[1:])
    except msgspec.MsgspecError as error:
        raise BrokenEntryError("A cached answer has another form.") from error


_remembered = lru_cache(maxsize=_REMEMBERED)(_read)
