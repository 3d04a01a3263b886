"""Keep retries from becoming the load that keeps a provider down: one bucket of tokens per provider.

After gRPC's retry throttling (proposal A6, github.com/grpc/proposal), counted more simply: there every failure costs a
token and retries stop at half the bucket; here every retry costs one, and none is made when the bucket is empty.
"""

from msgspec import Struct


class ThrottleSettings(Struct, frozen=True, kw_only=True):
    """The bucket.

    Attributes:
        tokens: What it holds, and holds at first.
        refill: What a success puts back. With half a token, retries may last at half the number of successes for ever:
            enough where one call in five fails at random (one retry for four successes), not where most fail.
    """

    tokens: float = 100.0
    refill: float = 0.5


class RetryThrottle:
    """Says whether a provider may be sent a retry. Never blocks and needs no clock."""

    __slots__ = ("_left", "_most", "_refill")

    def __init__(self, settings: ThrottleSettings | None = None) -> None:
        rules = settings or ThrottleSettings()
        self._left = self._most = rules.tokens
        self._refill = rules.refill

    @property
    def left(self) -> float:
        """Tokens in the bucket."""
        return self._left

    def spend(self) -> bool:
        """Take a token for a retry; False when there is none, and then no retry is to be made."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def succeeded(self) -> None:
        """A call, retried or not, was answered."""
        if self._left < self._most:
            self._left = min(self._most, self._left + self._refill)
