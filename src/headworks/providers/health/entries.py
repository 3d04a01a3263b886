"""What is written about a place that rests: plain values, the same in memory and in the file shared by workers.

An entry has one timer: how long the rest lasts or, when a probe has been claimed, how long the claim does. It begins
when the entry is written and is stamped with two clocks, neither of which is always right. The wall clock may jump. The
monotonic counter does not and is the machine's (CLOCK_MONOTONIC and its like), so all workers read the same one; but it
starts anew with the machine. So a reader that meets an entry for the first time takes of both the one that errs on the
safe side, never goes beyond the entry's own length, and from then on holds to its own monotonic deadline:

* a rest is ended by whichever clock says that more time has passed, so it never lasts longer than its rule;
* a claim is ended by whichever says that less has passed, so a jump never lets a second probe in beside the first.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from headworks.core.clock import Clock

State = Literal["closed", "open", "limited", "denied"]


class Entry(Struct, frozen=True, kw_only=True):
    """The state of a place, as it was written.

    Attributes:
        number: Given by the board, larger with every change of any place. A claim is known by the number of its entry.
        state: `open` after failures, `limited` after a 429, `denied` when the provider turns the account away; `closed`
            is an end that others still have to hear of.
        claimed: True while one caller has the right to probe.
        lasts_s: Length of the rest, or of the claim.
        strikes: How often in a row it came to this; what the length grows with.
        proved: Successful probes in a row.
        at_s: When it was written, Unix seconds.
        at_tick_s: The same moment on the monotonic counter.
        since_s: When the trouble began, Unix seconds.
    """

    number: int = 0
    state: State = "closed"
    claimed: bool = False
    lasts_s: float = 0.0
    strikes: int = 0
    proved: int = 0
    at_s: float = 0.0
    at_tick_s: float = 0.0
    since_s: float = 0.0

    def left_s(self, clock: Clock) -> float:
        """Seconds that the timer still runs for somebody who sees the entry for the first time."""
        by_wall, by_counter = clock.now() - self.at_s, clock.monotonic() - self.at_tick_s
        if self.claimed:
            passed = min((by for by in (by_wall, by_counter) if by >= 0), default=0.0)
        else:
            passed = max(by_wall, by_counter, 0.0)
        return max(0.0, self.lasts_s - passed)


CLOSED = Entry()


def stamped(entry: Entry, clock: Clock) -> Entry:
    """`entry`, its timer beginning now."""
    now = clock.now()
    return replace(entry, at_s=now, at_tick_s=clock.monotonic(), since_s=entry.since_s or now)
