"""A clock that only moves when a test says so."""


class FakeClock:
    """Satisfies `core.clock.Clock`. Both readings move together, unless the wall clock is made to jump.

    Args:
        now_s: Unix seconds the wall clock starts at; 2026-01-01T00:00:00Z when not given.
    """

    def __init__(self, now_s: float = 1_767_225_600.0) -> None:
        self._now_s = now_s
        self._monotonic_s = 0.0

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        return self._now_s

    def monotonic(self) -> float:
        """Seconds advanced since this clock was made."""
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass.

        Raises:
            ValueError: `seconds` is negative; time does not run backwards, see `jump`.
        """
        if seconds < 0:
            raise ValueError(f"Time cannot advance by {seconds} s; use jump() to turn the wall clock back.")
        self._now_s += seconds
        self._monotonic_s += seconds

    def jump(self, seconds: float) -> None:
        """Turn the wall clock by `seconds`, either way, as an operator or NTP does; the monotonic counter stays."""
        self._now_s += seconds
