"""What the tiers of this machine hold and did, for metrics and `headworks cache stats`."""

from msgspec import Struct


class TierUsage(Struct, frozen=True, kw_only=True):
    """One tier.

    Attributes:
        entries: Answers in it; of the disk tier as counted a few seconds ago.
        bytes: What they take. Of the disk tier: its files, of all workers together.
        limit_bytes: What they may take.
        hits: Answers found in it by this process.
        evicted: Answers that this process let go for want of room.
    """

    entries: int
    bytes: int
    limit_bytes: int
    hits: int
    evicted: int


class Usage(Struct, frozen=True, kw_only=True):
    """Both tiers. Counts are of this process, since it started.

    Attributes:
        memory: In this process.
        disk: Shared by all workers.
        broken: Entries that did not stand their check, and were dropped.
        dropped: Answers that were not written to disk: it was full, too slow or away.
        refused: Answers not kept because a purge meant them.
        made_anew: How often the file was broken and was made anew.
        waiting_bytes: Answers that wait to be written.
        disk_away: Whether the file cannot be used just now.
    """

    memory: TierUsage
    disk: TierUsage
    broken: int
    dropped: int
    refused: int
    made_anew: int
    waiting_bytes: int
    disk_away: bool


class Purged(Struct, frozen=True, kw_only=True):
    """What a purge removed.

    Attributes:
        memory: Entries of this worker's memory. The others' follow before their next lookup.
        disk: Entries on disk.
        erased: True when their bytes are gone from the files, too. False while another process still reads from the
            log: they are overwritten as soon as it is done.
    """

    memory: int
    disk: int
    erased: bool
