"""The order in which a conversation tries a provider's keys: a hash of both, so it is the same in every process.

The key with the highest hash comes first (rendezvous hashing, Thaler and Ravishankar 1996). When a key comes or goes,
no conversation moves but those that have to, and those whose key rests are spread over all others.
"""

from collections.abc import Sequence

from headworks.providers.health import Lane

_64_BITS = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15


def in_order(lanes: Sequence[Lane], affinity: int) -> list[Lane]:
    """The lanes of a provider's keys, for a conversation of this affinity."""
    return sorted(lanes, key=lambda lane: _mixed(affinity ^ (lane.key + 1) * _STEP), reverse=True)


def _mixed(number: int) -> int:
    """64 bits in which each bit of `number` counts (the finaliser of SplitMix64)."""
    number &= _64_BITS
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & _64_BITS
    number = (number ^ number >> 27) * 0x94D049BB133111EB & _64_BITS
    return number ^ number >> 31
