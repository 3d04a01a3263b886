"""How the bytes that the disk tier may take are shared out between its files, and how much one transaction may write.

The write-ahead log grows by what is written until it is checkpointed: so transactions are small, and a checkpoint is
made long before the log has used up its share.
"""

from msgspec import Struct

ROW_BYTES = 700
"""What an entry takes beside its answer: its row and its places in five trees, half-filled pages included."""
_SIDE_BYTES = 128 * 1024
"""The log's index, and the number of the last purge."""
_MIB = 1024**2


class Space(Struct, frozen=True):
    """Shares of a limit.

    Attributes:
        total: The limit; 0 keeps no answers.
        log: For the write-ahead log.
        main: For the database file.
        step: About so many bytes of answers are written or deleted by one transaction.
        rows: So many rows at most.
        entry: An answer that takes more is not kept on disk.
    """

    total: int
    log: int
    main: int
    step: int
    rows: int
    entry: int


def space(total: int) -> Space:
    """How `total` bytes are shared out."""
    log = min(max(total // 8, _MIB), 16 * _MIB)
    return Space(
        total=total,
        log=log,
        main=max(total - log - _SIDE_BYTES, _MIB),
        step=log // 16,
        rows=log // (64 * 1024),
        entry=log // 8,
    )
