"""Write traces out as JSON Lines: one outward record per line, newest first."""

from typing import BinaryIO, Unpack

import msgspec

from headworks.telemetry.ledger.store import TraceFilter, TraceStore


def export_jsonl(store: TraceStore, file: BinaryIO, **filters: Unpack[TraceFilter]) -> int:
    """Write the matching traces to `file`; returns how many. Bodies are not exported.

    Raises:
        BadAskError: A filter is wrong.
        StoreError: The ledger cannot be read.
    """
    written = 0
    for page in store.pages(**filters):
        file.write(b"".join(msgspec.json.encode(trace) + b"\n" for trace in page))
        written += len(page)
    return written
