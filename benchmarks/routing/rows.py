"""A row of material."""

from msgspec import Struct


class Row(Struct, frozen=True):
    """A prompt, its type, and where it is from."""

    text: str
    type: str
    source: str
