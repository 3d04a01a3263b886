"""How long to wait before the same model is asked again: exponential, with full jitter.

Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ (full jitter spreads the callers of a
provider that comes back best). The dice are injected.
"""

import random

BASE_S = 0.25
MOST_S = 8.0


def backoff_s(rng: random.Random, failures: int) -> float:
    """Seconds to wait after so many failures in a row (1 and up)."""
    return rng.uniform(0.0, min(MOST_S, BASE_S * 2.0 ** (failures - 1)))


def spread_s(rng: random.Random, wait_s: float) -> float:
    """`wait_s`, and up to a second more, so that those who wait for the same moment do not all come at it."""
    return wait_s + rng.uniform(0.0, min(1.0, wait_s))
