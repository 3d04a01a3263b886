"""Ids that sort by time: 128 bits as 32 hex digits, the first 48 bits milliseconds (RFC 9562, UUID version 7).

A trace id is also a valid W3C trace-id, so the ledger, the logs, the response headers and OpenTelemetry share one.
"""

import os

_POOL_BYTES = 4096
_TAIL_BYTES = 10
_pool = b""


def new_trace_id(now_s: float) -> str:
    """A fresh id for a call that began at `now_s` (Unix seconds). Only on the event loop's thread.

    Later calls sort after earlier ones; 74 random bits keep ids made in one millisecond, by any worker, apart.
    """
    global _pool
    if len(_pool) < _TAIL_BYTES:
        _pool = os.urandom(_POOL_BYTES)
    tail = int.from_bytes(_pool[:_TAIL_BYTES], "big")
    _pool = _pool[_TAIL_BYTES:]
    ms = int(now_s * 1000) & 0xFFFF_FFFF_FFFF
    value = (ms << 80) | tail
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return f"{value:032x}"
