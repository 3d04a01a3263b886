"""What the injection detector looks at: words, pieces of words, and words that follow each other, as bucket numbers.

The trainer in `benchmarks/safety/` and the scorer share this file, so what was learnt is what is looked up. Buckets are
the low bits of CRC-32 sums: the weights name no word, and nothing of the training material can be read out of them.
"""

import re
from zlib import crc32

BUCKETS = 1 << 18
MASK = BUCKETS - 1
WINDOW = 48
"""Words that are judged together: an instruction hidden in a long text is not outvoted by what surrounds it."""
STRIDE = 24
LONGEST_TOKEN = 40
_PAIR, _TRIPLE, _SKIP, _FAR = 0x1B873, 0x2C1B5, 0x3D4D1, 0x15A4F
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_+")


def tokens(text: str) -> list[str]:
    """Words, numbers and single signs, in lower case."""
    return _TOKEN.findall(text.lower())


def spans(text: str) -> list[tuple[int, int]]:
    """Where each of `tokens` stands in `text`, as far as lower case is as long as the text."""
    return [match.span() for match in _TOKEN.finditer(text.lower())]


def token_crc(token: str) -> int:
    """The number of a word. All numbers of one length are the same word; of a long word the beginning counts."""
    if token.isdigit():
        token = "0" * min(len(token), 6)
    return crc32(token[:LONGEST_TOKEN].encode("utf-8", "surrogatepass"))


def token_buckets(token: str) -> list[int]:
    """Buckets of one word for itself: the word, and its pieces of three and four letters."""
    buckets = [token_crc(token) & MASK]
    if len(token) < 3 or token.isdigit():
        return buckets
    padded = f"<{token[:LONGEST_TOKEN]}>".encode("utf-8", "surrogatepass")
    for size in (3, 4):
        buckets += [crc32(padded[at : at + size], size) & MASK for at in range(len(padded) - size + 1)]
    return buckets


def joint_buckets(here: int, before: int, earlier: int) -> tuple[int, int, int]:
    """Buckets of a word with the one before it, with the two before it, and with the last but one."""
    pair = (here + before * _PAIR + _SKIP) & MASK
    return pair, (pair + earlier * _TRIPLE + _FAR) & MASK, (here + earlier * _SKIP + _TRIPLE) & MASK


def windows(count: int) -> list[tuple[int, int]]:
    """The pieces in which a text of so many words is judged."""
    if count <= WINDOW + STRIDE:
        return [(0, count)]
    starts = range(0, count - STRIDE, STRIDE)
    return [(start, min(start + WINDOW, count)) for start in starts]
