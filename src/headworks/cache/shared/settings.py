"""What may be set about the shared tier, and the names that everything has in the server."""

from msgspec import Struct

from headworks.storage.link.line import LineLimits

FORM = b"hw1:"
"""Prefix of all our keys: the form of what stands in them. Another form never reads these."""
ENTRIES = FORM + b"c:"
"""Answers: then the 32 bytes of the entry's key."""
PARCELS = FORM + b"p:"
"""What feeds refer to: then 16 random bytes."""
SWEPT = FORM + b"[cp]:*"
"""Everything with a header, as SCAN's pattern."""
RULES = FORM + b"r"
"""The log of rules, a stream; also the name of the channel, with the database's number behind it."""
FEEDS = FORM + b"f:"
"""Feeds, each a stream: then its name."""


class SharedSettings(Struct, frozen=True, kw_only=True):
    """Limits of the shared tier. The defaults suit a server in the same data centre.

    Attributes:
        call_s: Seconds that a look-up may take; the longest that a call ever waits.
        work_s: Seconds for anything that no call waits for: connecting, writing, one step of a purge.
        failures: Look-ups in a row without an answer until the tier is left alone; those under way at once count once.
        most_entry_bytes: A larger entry is not shared: it would hold up the look-ups behind it.
        most_queued_bytes: Bytes of entries waiting to be written; more are dropped and counted.
        rules_kept_s: Seconds for which a rule is kept for nodes that were away. An older entry is not written.
        look_s: Seconds between two looks for rules that were not heard.
        first_pause_s: Seconds until the first probe of a server that is away; doubled up to `longest_pause_s`.
        longest_pause_s: Seconds.
    """

    call_s: float = 0.005
    work_s: float = 1.0
    failures: int = 3
    most_entry_bytes: int = 1024 * 1024
    most_queued_bytes: int = 32 * 1024 * 1024
    rules_kept_s: float = 86_400.0
    look_s: float = 1.0
    first_pause_s: float = 0.1
    longest_pause_s: float = 5.0

    def line(self, within_s: float, failures: int) -> LineLimits:
        """Of a connection whose answers may take `within_s` and come late `failures` times."""
        return LineLimits(
            within_s=within_s,
            failures=failures,
            dial_s=self.work_s,
            first_pause_s=self.first_pause_s,
            longest_pause_s=self.longest_pause_s,
        )
