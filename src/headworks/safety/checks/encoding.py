"""Text that is not what it seems: hidden signs, look-alike letters, instructions packed in base64 (`encoding`).

What has ordinary uses is let pass: a joiner inside an emoji or an Indic word, the flags made of tag signs, one Greek
letter in a formula, a checksum.
"""

import base64
import binascii
import re

from headworks.safety.checks.detector import unbroken
from headworks.safety.verdicts import Found

_TAGS = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]+")
_HIDDEN = re.compile(
    "(?<=[ -~])[\u00ad\u200b-\u200d\u2060-\u2064\ufeff]+(?=[ -~])|[\u200b\u2060-\u2064\ufeff]{3,}|[\ufe00-\ufe0f]{3,}"
)
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u20d0-\u20ff]{4,}")
_MIXED = re.compile(
    "(?<![^\\W\\d_])(?=[^\\W\\d_]{0,40}[a-zA-Z])(?=[^\\W\\d_]{0,40}[\u0370-\u03ff\u0400-\u052f])[^\\W\\d_]{3,60}"
)
PACKED = re.compile(
    r"(?<![A-Za-z0-9+/=_-])(?:[A-Za-z0-9+/]{24,}={0,2}|[A-Za-z0-9_-]{24,}={0,2}|(?:[0-9a-fA-F]{2}){24,})(?![A-Za-z0-9+/=_-])"
)
STRIPPED = frozenset({"TAGS", "BIDI", "HIDDEN", "MARKS"})
"""Kinds that `redact` takes out without putting anything in their place."""
_FEW_HIDDEN, _FEW_MIXED = 3, 3
_LEAST_WORDS = 4
MOST_PACKED = 65_536


class Encoding:
    """Finds hidden signs, look-alike letters and packed text."""

    reach = 1_024

    def find(self, text: str, start: int = 0) -> list[Found]:
        """Tag signs and turns of direction wherever they stand; the others when there are several."""
        found = [] if text.isascii() else _hidden(text, start)
        for match in PACKED.finditer(text, start):
            words = unpacked(match.group())
            if words is not None and len(words.split()) >= _LEAST_WORDS:
                found.append(Found("PACKED", *match.span()))
        return sorted(found, key=lambda one: one.start)

    def settled(self, text: str, start: int) -> int:
        """Packed text has no gaps."""
        return unbroken(text, start)


def _hidden(text: str, start: int) -> list[Found]:
    found = [Found("TAGS", *match.span()) for match in _TAGS.finditer(text, start)]
    found += (Found("BIDI", *match.span()) for match in _BIDI.finditer(text, start))
    found += (Found("MARKS", *match.span()) for match in _MARKS.finditer(text, start))
    for kind, form, few in (("HIDDEN", _HIDDEN, _FEW_HIDDEN), ("LOOKALIKE", _MIXED, _FEW_MIXED)):
        several = [Found(kind, *match.span()) for match in form.finditer(text, start)]
        if len(several) >= few or any(one.end - one.start >= few for one in several if kind == "HIDDEN"):
            found += several
    return found


def unpacked(packed: str) -> str | None:
    """What base64 or hexadecimal text says; None when it says nothing to read."""
    if len(packed) > MOST_PACKED:
        packed = packed[:MOST_PACKED]
    raw = _bytes(packed)
    if raw is None:
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    readable = sum(sign.isprintable() or sign in "\n\t" for sign in text)
    return text if text and readable == len(text) and " " in text else None


def _bytes(packed: str) -> bytes | None:
    try:
        if len(packed) % 2 == 0 and all(sign in "0123456789abcdefABCDEF" for sign in packed):
            return bytes.fromhex(packed)
        body = packed.rstrip("=").replace("-", "+").replace("_", "/")
        return base64.b64decode(
            body[: len(body) // 4 * 4 or None] if len(body) % 4 == 1 else body + "=" * (-len(body) % 4)
        )
    except (binascii.Error, ValueError):
        return None
