"""Ids that sort by time: 128 bits as 32 hex digits, the first 48 bits milliseconds (RFC 9562, UUID version 7).

A trace id is also a valid W3C trace-id, so the ledger, the logs, the response headers and OpenTelemetry share one.
"""

import os


def new_trace_id(now_s: float) -> str:
    """A fresh id for a call that began at `now_s` (Unix seconds).

    Later calls sort after earlier ones; 74 random bits keep ids made in one millisecond, by any worker, apart.
    """
    ms = int(now_s * 1000) & 0xFFFF_FFFF_FFFF
    tail = int.from_bytes(os.urandom(10), "big")
    value = (ms << 80) | (tail & ((1 << 80) - 1))
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return f"{value:032x}"
