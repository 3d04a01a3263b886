"""Roll-ups of the trace ledger: what was called, used and spent per hour, day and month.

In: records, in the transaction that stores them, so that sums of roll-ups and of traces are the same at every moment.
Out: reports. A row is bounded in number, never in what it counts: the rarest are folded into one that says `(other)`.
"""

from headworks.telemetry.ledger.rollups.filling import filled
from headworks.telemetry.ledger.rollups.forgetting import forget, size_bytes
from headworks.telemetry.ledger.rollups.levels import OTHER, STEP
from headworks.telemetry.ledger.rollups.upkeep import Upkeep

__all__ = ["OTHER", "STEP", "Upkeep", "filled", "forget", "size_bytes"]
