"""The file of learned weights: a line that says what it is, then packed data. A byte for a weight, no example's text.

A file of another version is refused, never guessed at: features and weights belong together.
"""

import math
import zlib
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from headworks.routing.types.features import SIZE
from headworks.routing.types.logistic import Fitted

VERSION = 1
_HEAD = b"headworks-routing-weights %d\n"
_ZERO = 128
_Content = TypeVar("_Content", bound=Struct)
_MOST_BYTES = 16 * 1024**2


class WeightsError(Exception):
    """A file of weights cannot be used. The sentence says why."""


class Row(Struct, frozen=True):
    """The weights of one class: `scale` times (byte - 128) for each feature, and a bias."""

    data: bytes
    scale: float
    bias: float

    def score(self, found: Sequence[int]) -> float:
        """The logit for the features of a text."""
        # One read of many bytes and a sum of small whole numbers: the fastest that plain Python has.
        total = sum(itemgetter(*found)(self.data)) if len(found) > 1 else self.data[found[0]] if found else 0
        return self.bias + self.scale * (total - _ZERO * len(found)) / math.sqrt(len(found) or 1)


class Weights(Struct, frozen=True, kw_only=True):
    """What a classifier has learned.

    Attributes:
        name: What it was made of and when, for people.
        types: The types it tells apart; a row for each.
        temperature: By which its logits are divided.
        difficulty: How hard a prompt is; None when that was not learned.
    """

    name: str
    types: tuple[str, ...]
    rows: tuple[Row, ...]
    temperature: float
    difficulty: Row | None = None


def row(weights: Sequence[float], bias: float) -> Row:
    """The same, a byte for a weight."""
    scale = max(max(weights), -min(weights)) / 127 or 1.0
    return Row(bytes(round(weight / scale) + _ZERO for weight in weights), scale, bias)


def rows(fitted: Fitted) -> tuple[Row, ...]:
    """The rows of all classes."""
    return tuple(row(weights, bias) for weights, bias in zip(fitted.rows, fitted.biases, strict=True))


def save(content: Struct, path: Path, version: int = VERSION) -> None:
    """Write `content` to `path`, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(_HEAD % version + zlib.compress(msgspec.msgpack.encode(content), 9))
    fresh.replace(path)


def load(path: Path, kind: type[_Content], version: int = VERSION) -> _Content:
    """What `save` wrote.

    Raises:
        WeightsError: It is missing, of another version, or broken.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"The weights {path.name} cannot be read: {error.strerror}.") from error
    head = _HEAD % version
    if not data.startswith(head):
        raise WeightsError(f"The weights {path.name} are not of version {version}. Train them again.")
    try:
        unpacker = zlib.decompressobj()
        return msgspec.msgpack.decode(unpacker.decompress(data[len(head) :], _MOST_BYTES), type=kind)
    except (zlib.error, msgspec.DecodeError) as error:
        raise WeightsError(f"The weights {path.name} are broken: {error}.") from error


def load_weights(path: Path) -> Weights:
    """The weights of a classifier.

    Raises:
        WeightsError: They are missing, of another version, or broken.
    """
    found = load(path, Weights)
    every = [*found.rows, *([found.difficulty] if found.difficulty else [])]
    if len(found.types) != len(found.rows) or not found.types or any(len(one.data) != SIZE for one in every):
        raise WeightsError(f"The weights {path.name} are broken: their sizes do not fit.")
    return found
