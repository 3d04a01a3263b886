"""Write traces out as Parquet, for analytics tools.

Needs the extra `analytics`: import this module only when someone asks for Parquet.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Unpack

import msgspec

from headworks.core.errors import StoreError
from headworks.core.money import usd_from_nano
from headworks.telemetry.ledger.store import TraceFilter, TraceStore
from headworks.telemetry.ledger.tables import COLUMNS

try:
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet
except ImportError as missing:
    raise StoreError("Parquet export needs pyarrow: install headworks[analytics].", retryable=False) from missing

_NESTED = ("adapted", "attempts", "safety", "retrieval", "tags", "flags", "user_feedback")
_WHOLE = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "tool_calls",
    "client_retries",
    "cost_nano",
    "saved_nano",
    "repriced_nano",
)
_ERROR = ("cache_error_low", "cache_error_high")
_REAL = ("latency_ms", "ttft_ms", "overhead_ms", "cache_age_s", "cache_similarity", "cache_bound", *_ERROR)
_YES_NO = ("stream", "usage_estimated", "cache_hit", "priced")
_TEXT = tuple(name for name in COLUMNS if name not in {"started_at", *_WHOLE, *_REAL, *_YES_NO, *_NESTED})
SCHEMA = pa.schema(
    [
        pa.field("started_at", pa.timestamp("ms", tz="UTC")),
        *(pa.field(name, pa.string()) for name in _TEXT),
        *(pa.field(name, pa.int64()) for name in _WHOLE),
        *(pa.field(name, pa.float64()) for name in _REAL),
        *(pa.field(name, pa.bool_()) for name in _YES_NO),
        pa.field("cost_usd", pa.decimal128(20, 9)),
        pa.field("saved_usd", pa.decimal128(20, 9)),
        pa.field("repriced_usd", pa.decimal128(20, 9)),
        *(pa.field(name, pa.string()) for name in _NESTED),
    ]
)
"""Column types: money is an exact decimal, nested values are JSON text."""


def export_parquet(store: TraceStore, path: Path, **filters: Unpack[TraceFilter]) -> int:
    """Write the matching traces to `path`, newest first, a page at a time; returns how many.

    Raises:
        BadAskError: A filter is wrong.
        StoreError: The ledger cannot be read.
    """
    written = 0
    with parquet.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for page in store.pages(**filters):
            writer.write_table(pa.Table.from_pylist([_cells(trace) for trace in page], schema=SCHEMA))
            written += len(page)
    return written


def _cells(trace: dict[str, Any]) -> dict[str, Any]:
    nested = {name: msgspec.json.encode(trace[name]).decode() for name in _NESTED if trace[name]}
    cost, repriced = trace["cost_nano"], trace["repriced_nano"]
    exact = {
        "cost_usd": None if cost is None else usd_from_nano(cost),
        "repriced_usd": None if repriced is None else usd_from_nano(repriced),
        "saved_usd": usd_from_nano(trace["saved_nano"]),
        "started_at": datetime.fromisoformat(trace["started_at"]),
    }
    plain = {name: value for name, value in trace.items() if name not in _NESTED}
    return plain | nested | exact
