"""Histograms of milliseconds that add up: four buckets to a doubling, so a quantile is right within 9 percent.

A histogram is one whole number with a lane of 32 bits for each bucket: two are merged by adding them. Packed, it is a
byte that says how many empty lanes come first, then the rest, big end first; empty when nothing was counted.
"""

import math

LANE_BITS = 32
_PER_DOUBLING = 4
_LAST = 95
"""The bucket of everything from four and a half hours on."""
_MASK = (1 << LANE_BITS) - 1


def counted(ms: float | None) -> int:
    """A histogram of one duration; of none when there is none."""
    if ms is None:
        return 0
    bucket = min(int(math.log2(ms) * _PER_DOUBLING), _LAST) if ms > 1 else 0
    return 1 << (bucket * LANE_BITS)


def packed(histogram: int) -> bytes:
    """As it is stored."""
    if not histogram:
        return b""
    empty = ((histogram & -histogram).bit_length() - 1) // LANE_BITS
    rest = histogram >> (empty * LANE_BITS)
    return bytes([empty]) + rest.to_bytes((rest.bit_length() + 7) // 8, "big")


def unpacked(text: str) -> int:
    """What was packed, from its hexadecimal text."""
    if not text:
        return 0
    empty, rest = text[:2], text[2:]
    return int(rest, 16) << (int(empty, 16) * LANE_BITS)


def quantile_ms(histogram: int, share: float) -> float | None:
    """The duration that `share` of those counted do not exceed, within 9 percent; None of nothing."""
    lanes = _lanes(histogram)
    wanted = share * sum(lanes)
    passed = 0
    for bucket, count in enumerate(lanes):
        passed += count
        if count and passed >= wanted:
            return round(2 ** ((bucket + 0.5) / _PER_DOUBLING), 1)
    return None


def _lanes(histogram: int) -> list[int]:
    lanes = []
    while histogram:
        lanes.append(histogram & _MASK)
        histogram >>= LANE_BITS
    return lanes
