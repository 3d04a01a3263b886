"""What may be set about the shared accounts, and the names that everything has in the server.

All names have the same hash tag, so that in a cluster they are on one machine: a call touches several accounts at once,
and scripts of a cluster may not do that across machines.
"""

from typing import Literal

from msgspec import Struct

from headworks.storage.link.line import LineLimits

OnFailure = Literal["closed", "open-with-local-share"]
FORM = "hw1:{budgets}:"
"""Prefix of all our keys: the form of what stands in them. Another form never reads these."""
EPOCH = (FORM + "epoch").encode()
"""Names the time since which nothing was lost; gone when the server came back empty."""
LEASES = (FORM + "leases").encode()
"""Workers, by when their holds end (milliseconds)."""
USED = (FORM + "used").encode()
"""Keys of accounts, by when they were used last (seconds)."""
HOLDS = (FORM + "h:").encode()
"""Then a worker's name: its holds, with what each has reserved."""
SUM = FORM + "a:"
"""Then the name of an account: `t` spent in all, `r` reserved, and what each machine has spent."""
PACE = FORM + "p:"
"""Then the name of an account: when its bucket is full again (microseconds)."""


class SharedLimits(Struct, frozen=True, kw_only=True):
    """Limits of the shared accounts. The defaults suit a server in the same data centre.

    Attributes:
        call_s: Seconds that an answer may take; the longest that a call waits for a server that is away.
        failures: Answers in a row that do not come until the server is left alone; those under way at once count once.
        lease_s: Seconds for which the holds of a worker that is not heard of are kept.
        look_s: Seconds between two looks: the lease is renewed, and what was not told is told.
        sweep_s: Seconds between two comparisons of the holds here and there.
        report_s: Seconds that a server which came back empty is not used, so that every machine can report first.
        dial_s: Seconds that connecting may take.
        first_pause_s: Seconds until the first probe of a server that is away; doubled up to `longest_pause_s`.
        longest_pause_s: Seconds.
    """

    call_s: float = 0.1
    failures: int = 3
    lease_s: float = 30.0
    look_s: float = 1.0
    sweep_s: float = 5.0
    report_s: float = 3.0
    dial_s: float = 1.0
    first_pause_s: float = 0.05
    longest_pause_s: float = 1.0

    def line(self) -> LineLimits:
        """Of the connection."""
        return LineLimits(
            within_s=self.call_s,
            failures=self.failures,
            dial_s=self.dial_s,
            first_pause_s=self.first_pause_s,
            longest_pause_s=self.longest_pause_s,
            gathers=True,
        )
