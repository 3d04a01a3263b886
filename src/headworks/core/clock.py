"""Time, injected. UTC for what is stored, a monotonic counter for what is measured.

Nothing else in the house asks the operating system for the time, so tests run on a fake clock and a jump of the wall
clock never turns into a negative latency.
"""

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

_WHOLE_FROM_S = 100


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> float:
        """Seconds since the Unix epoch, UTC. May jump."""

    def monotonic(self) -> float:
        """Seconds on a counter that never goes back; only differences mean anything."""


class SystemClock:
    """The machine's own clock."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.perf_counter)


def rfc3339(epoch_s: float) -> str:
    """`2026-11-23T10:00:00.123Z`: the one form of time in records, logs and answers."""
    text = datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def seconds_text(seconds: float) -> str:
    """A time for people, without exponent: three digits of a short one, a long one in whole seconds.

    `0.0296 s`, `2.5 s`, `120 s`.
    """
    return f"{seconds:.0f} s" if seconds >= _WHOLE_FROM_S else f"{Decimal(f'{seconds:.3g}'):f} s"
