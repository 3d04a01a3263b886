"""A text as a set of hashed word and character n-grams: what the classifiers read, in plain Python.

A feature is there or not; how often does not count. The same text gives the same features in every process and on every
machine (CRC-32, not Python's salted hash). Long texts are read at their head and their tail: the cost has an end.
"""

import re
from itertools import pairwise
from math import isqrt
from zlib import crc32

BITS = 15
SIZE = 1 << BITS
_MASK = SIZE - 1
_WHOLE = 4096
"""Characters up to which a text is read whole."""
_WORDS_OF = 1536
"""Characters of head and of tail whose words are read in a longer one."""
_LETTERS_OF = 320
"""Characters of head and of tail whose character n-grams are read."""
_GRAM = 4
_BIGRAM, _LETTER, _SHAPE = 0x9E3779B9, 0x85EBCA6B, 0xC2B2AE35
"""Start values that keep the kinds of features apart."""
_WORD = re.compile(rb"[a-z0_\x80-\xff]+|[^\sa-z0_\x80-\xff]")
_DIGITS = bytes.maketrans(b"123456789", b"000000000")


def features(text: str) -> list[int]:
    """Numbers below `SIZE`, each once, in no order. Never empty."""
    size = len(text)
    read = text if size <= _WHOLE else f"{text[:_WORDS_OF]} {text[-_WORDS_OF:]}"
    raw = read.lower().encode("utf-8", "replace").translate(_DIGITS)
    words = _WORD.findall(raw)
    found = {crc32(word) & _MASK for word in words}
    found.update([crc32(b"%b %b" % pair, _BIGRAM) & _MASK for pair in pairwise(words)])
    letters = raw if len(raw) <= 2 * _LETTERS_OF else raw[:_LETTERS_OF] + b"\n" + raw[-_LETTERS_OF:]
    found.update([crc32(letters[at : at + _GRAM], _LETTER) & _MASK for at in range(max(len(letters) - _GRAM + 1, 0))])
    # A score is divided by the root of how many features a text has: shapes keep their say by standing there as often.
    copies = range(_SHAPE, _SHAPE + 1 + isqrt(len(found)) // 2)
    found.update([crc32(shape, copy) & _MASK for shape in _shapes(size, raw, words) for copy in copies])
    return list(found)


def _shapes(size: int, raw: bytes, words: list[bytes]) -> list[bytes]:
    """What a text looks like from afar: its length, lines, digits, and how it ends."""
    digits = raw.count(b"0") * 16 // (len(raw) + 1)
    # Every power of two that is reached: what is learned of long texts holds for longer ones.
    return [
        *(b"length %d" % power for power in range(6, size.bit_length())),
        *(b"lines %d" % power for power in range(raw.count(b"\n").bit_length())),
        b"digits %d" % digits,
        b"last " + (words[-1][:16] if words else b""),
        b"first " + (words[0][:16] if words else b""),
    ]
