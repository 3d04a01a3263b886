"""What was told of flags, by flag, wanted type and context: a bounded memory, the longest unused goes first."""

from collections import OrderedDict
from hashlib import blake2b

import msgspec
from msgspec import Struct, structs

from headworks.flags.evaluation.details import Context, Details

Slot = tuple[str, type, bytes]
_DIGEST_BYTES = 16
_encoder = msgspec.json.Encoder(order="sorted")


class Told(Struct, frozen=True):
    """What was told.

    Attributes:
        cached: The details, as they are given out while they are fresh.
        stale: The same, once they are not.
        until_s: When that is, monotonic clock.
    """

    cached: Details
    stale: Details
    until_s: float


def slot(key: str, default: object, context: Context) -> Slot | None:
    """Where an evaluation is remembered; None for a context that is not plain JSON values."""
    try:
        body = _encoder.encode(context)
    except (TypeError, ValueError, RecursionError, UnicodeError):
        return None
    return (key, type(default), blake2b(body, digest_size=_DIGEST_BYTES, usedforsecurity=False).digest())


class Remembered:
    """The memory.

    Args:
        most: How many evaluations are remembered.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._told: OrderedDict[Slot, Told] = OrderedDict()

    def get(self, slot: Slot) -> Told | None:
        """What was told of a slot, fresh or not."""
        told = self._told.get(slot)
        if told is not None:
            self._told.move_to_end(slot)
        return told

    def keep(self, slot: Slot, details: Details, until_s: float) -> None:
        """Remember."""
        good = details.reason != "ERROR"
        cached = structs.replace(details, reason="CACHED") if good else details
        stale = structs.replace(details, reason="STALE") if good else details
        self._told[slot] = Told(cached, stale, until_s)
        self._told.move_to_end(slot)
        if len(self._told) > self._most:
            self._told.popitem(last=False)

    def __len__(self) -> int:
        return len(self._told)
