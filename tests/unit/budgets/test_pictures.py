"""Picture sizes are read from their first bytes, and priced by each family's rule."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.budgets.pictures import Area, Flat, Patches, Tiles, picture_tokens, size_of


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x06\0\0\0"


def jpeg(width: int, height: int) -> bytes:
    exif = b"\xff\xe1" + struct.pack(">H", 502) + b"e" * 500
    return b"\xff\xd8" + exif + b"\xff\xc2" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\0" * 20


def webp(kind: bytes, payload: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 100) + b"WEBP" + kind + struct.pack("<I", 50) + payload + b"\0" * 30


FILES = [
    png(640, 480),
    jpeg(640, 480),
    b"GIF89a" + struct.pack("<HH", 640, 480) + b"\0" * 20,
    webp(b"VP8X", b"\0\0\0\0" + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")),
    webp(b"VP8L", b"\x2f" + struct.pack("<I", 639 | 479 << 14)),
    webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 640, 480)),
]


@pytest.mark.parametrize("raw", FILES, ids=["png", "jpeg", "gif", "webp-x", "webp-l", "webp"])
def test_the_size_is_read_from_the_header(raw: bytes) -> None:
    assert size_of(encoded(raw)) == (640, 480)


@pytest.mark.parametrize("raw", FILES, ids=["png", "jpeg", "gif", "webp-x", "webp-l", "webp"])
def test_a_cut_header_is_no_size_and_no_error(raw: bytes) -> None:
    for length in range(len(raw)):
        assert size_of(encoded(raw[:length])) in (None, (640, 480))


@given(st.one_of(st.text(max_size=200), st.binary(max_size=300).map(encoded)))
def test_any_text_has_a_size_or_none(data: str) -> None:
    size = size_of(data)
    assert size is None or min(size) > 0


@given(st.sampled_from(FILES), st.integers(0, 60), st.integers(0, 255))
def test_a_damaged_header_never_fails(raw: bytes, at: int, byte: int) -> None:
    damaged = bytearray(raw + b"\0" * 61)
    damaged[at] = byte
    size_of(encoded(bytes(damaged)))


@pytest.mark.parametrize(
    ("rule", "size", "detail", "tokens"),
    [
        (Tiles(85, 170), (1024, 1024), None, 765),  # 768 x 768: four tiles (the provider's own example)
        (Tiles(85, 170), (2048, 4096), "high", 1105),  # 768 x 1536: six tiles (the provider's own example)
        (Tiles(85, 170), (4096, 8192), "low", 85),
        (Tiles(2833, 5667), (512, 512), None, 8500),
        (Patches(1.0, 1536), (1024, 1024), None, 1024),
        (Patches(1.0, 1536), (1800, 2400), None, 1536),
        (Patches(1.62, 1536), (1024, 1024), None, 1659),
        (Area(750, 1600), (1092, 1092), None, 1590),
        (Area(750, 1600), (8000, 8000), None, 1600),
        (Flat(258, 6450), (10, 10), None, 258),
    ],
)
def test_rules_count_as_published(
    rule: Tiles | Patches | Area | Flat, size: tuple[int, int], detail: str | None, tokens: int
) -> None:
    assert picture_tokens(rule, encoded(png(*size)), detail) == tokens


def test_a_picture_that_cannot_be_seen_is_taken_to_be_of_the_usual_size() -> None:
    assert picture_tokens(Tiles(85, 170), None, None) == 765
    assert picture_tokens(Tiles(85, 170), "not a picture", "auto") == 765
