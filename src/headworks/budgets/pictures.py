"""How many tokens a picture counts for: its size, read from the first bytes, and each provider's published rule."""

import base64
import binascii
import math
import struct

from msgspec import Struct

HEADER_CHARACTERS = 87_380
"""Base64 characters read of a picture (64 kB); a JPEG may carry that much before it says its size."""
ORIGINAL_PATCHES = 10_000
"""Of a picture at detail `original` (developers.openai.com/api/docs/guides/images-vision)."""
USUAL_SIZE = (1024, 1024)
"""Taken for a picture whose size cannot be seen: one given by URL or file id, or of an unknown format."""


class Tiles(Struct, frozen=True, tag_field="rule", tag="tiles"):
    """`base`, and `tile` for each 512-pixel tile; `base` alone at low detail."""

    base: int
    tile: int

    def tokens(self, width: int, height: int, *, low: bool) -> int:
        """Tokens of a picture of so many pixels."""
        if low:
            return self.base
        scale = min(1.0, 2048 / max(width, height))
        scale *= min(1.0, 768 / (min(width, height) * scale))
        across, down = math.ceil(width * scale / 512), math.ceil(height * scale / 512)
        return self.base + self.tile * across * down

    def most(self, detail: str | None) -> int:
        """Tokens of any picture at most: fitted as above, none is larger than four tiles by two."""
        return self.base if detail == "low" else self.base + 8 * self.tile


class Patches(Struct, frozen=True, tag_field="rule", tag="patches"):
    """`multiplier` for each 32-pixel patch, at most `patches`: larger pictures are shrunk to fit."""

    multiplier: float
    patches: int

    def tokens(self, width: int, height: int, *, low: bool) -> int:
        """Tokens of a picture of so many pixels."""
        patches = math.ceil(width / 32) * math.ceil(height / 32)
        return math.ceil(min(patches, 256 if low else self.patches) * self.multiplier)

    def most(self, detail: str | None) -> int:
        """Tokens of any picture at most."""
        patches = {"low": 256, "original": max(self.patches, ORIGINAL_PATCHES)}.get(detail or "", self.patches)
        return math.ceil(patches * self.multiplier)


class Area(Struct, frozen=True, tag_field="rule", tag="area"):
    """One token for so many pixels, at most `tokens_most`."""

    pixels: int
    tokens_most: int

    def tokens(self, width: int, height: int, *, low: bool) -> int:
        """Tokens of a picture of so many pixels."""
        return min(self.tokens_most, math.ceil(width * height / self.pixels))

    def most(self, detail: str | None) -> int:
        """Tokens of any picture at most."""
        return self.tokens_most


class Flat(Struct, frozen=True, tag_field="rule", tag="flat"):
    """`each` for every picture, as an estimate; `tokens_most` for one that is cut up or asked for in full detail."""

    each: int
    tokens_most: int

    def tokens(self, width: int, height: int, *, low: bool) -> int:
        """Tokens of any picture."""
        return self.each

    def most(self, detail: str | None) -> int:
        """Tokens of any picture at most."""
        return self.tokens_most


ImageRule = Tiles | Patches | Area | Flat


def picture_tokens(rule: ImageRule, data: str | None, detail: str | None) -> int:
    """Tokens of one picture.

    Args:
        rule: The model family's.
        data: Base64 of the file; None when it is given otherwise.
        detail: The client's wish, `low` or anything else.
    """
    width, height = (size_of(data) if data else None) or USUAL_SIZE
    return rule.tokens(width, height, low=detail == "low")


def size_of(data: str) -> tuple[int, int] | None:
    """Width and height of a PNG, GIF, WebP or JPEG in Base64; None for anything else or a broken file."""
    head = data[:HEADER_CHARACTERS]
    try:
        raw = base64.b64decode(head[: len(head) // 4 * 4])
        size = _size(raw)
    except (binascii.Error, ValueError, struct.error, IndexError):
        return None
    return size if size and min(size) > 0 else None


def _size(raw: bytes) -> tuple[int, int] | None:
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack_from(">II", raw, 16)
    if raw[:6] in (b"GIF87a", b"GIF89a"):
        return struct.unpack_from("<HH", raw, 6)
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return _webp_size(raw)
    return _jpeg_size(raw) if raw.startswith(b"\xff\xd8") else None


def _webp_size(raw: bytes) -> tuple[int, int] | None:
    """By the three kinds of first chunk (RFC 9649, sections 2.5 to 2.7)."""
    if raw[12:16] == b"VP8X":
        across, across_high, down, down_high = struct.unpack_from("<HBHB", raw, 24)
        return 1 + across + (across_high << 16), 1 + down + (down_high << 16)
    if raw[12:16] == b"VP8L":
        (bits,) = struct.unpack_from("<I", raw, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", raw, 26)
    return width & 0x3FFF, height & 0x3FFF


def _jpeg_size(raw: bytes) -> tuple[int, int] | None:
    """From the first frame header, SOF0 to SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1)."""
    at = 2
    while at + 9 <= len(raw) and raw[at] == 0xFF:
        marker = raw[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", raw, at + 5)
            return width, height
        at += 2 + int.from_bytes(raw[at + 2 : at + 4], "big")
    return None
