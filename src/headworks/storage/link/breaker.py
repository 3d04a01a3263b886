"""When to leave a server alone, and when to look again. Pure: no I/O, no clock of its own."""

_STEADY_S = 30.0


class Breaker:
    """Opens after so many failures in a row.

    Failures of questions that were under way at the same time count once: a pause of our own event loop makes fifty of
    them late together, and says little about the server.

    Args:
        most: Failures until it opens.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._failures = 0
        self.turn = 0
        """Taken when a question is asked and given back with its failure."""

    def failed(self, turn: int) -> bool:
        """A question asked in `turn` failed. True when the server is to be left alone now."""
        if turn != self.turn:
            return False
        self.turn += 1
        self._failures += 1
        return self._failures >= self._most

    def answered(self) -> None:
        """A question was answered: what failed before is forgotten."""
        self._failures = 0


class Pauses:
    """Seconds between probes: doubled each time, short again once the server has been there for a while.

    Args:
        first_s: The first pause.
        longest_s: The longest pause.
    """

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._next_s = first_s
        self._up_at = 0.0

    def up(self, now_s: float) -> None:
        """The server is there since `now_s`, monotonic."""
        self._up_at = now_s

    def lost(self, now_s: float) -> None:
        """The server, which was there, is gone. One that comes and goes is asked ever less often."""
        if now_s - self._up_at >= _STEADY_S:
            self._next_s = self._first_s

    def next_s(self) -> float:
        """The pause to make now."""
        pause_s = self._next_s
        self._next_s = min(2 * pause_s, self._longest_s)
        return pause_s
