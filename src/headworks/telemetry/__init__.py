"""The telemetry room: a record of every call, on every way out, and what is made of the records.

In: an ask and its caller when a call begins, then what happens to it (`core.protocols.OpenTrace`). Out: the trace
ledger (`TraceStore` asks it), Prometheus metrics, one log line per call, OpenTelemetry spans. Fails open: a call is
never refused, slowed or broken because its record cannot be kept; what cannot be kept is logged and counted.
"""

from headworks.telemetry.config import TelemetrySettings
from headworks.telemetry.ledger.exports import export_jsonl
from headworks.telemetry.ledger.feedback import Feedback, read_feedback
from headworks.telemetry.ledger.store import TraceFilter, TraceStore
from headworks.telemetry.logs import configure_logs, register_secrets
from headworks.telemetry.masking import Masker
from headworks.telemetry.record import Attempt, TraceRecord, outward
from headworks.telemetry.recorder import Recorder
from headworks.telemetry.trace import Trace

__all__ = [
    "Attempt",
    "Feedback",
    "Masker",
    "Recorder",
    "TelemetrySettings",
    "Trace",
    "TraceFilter",
    "TraceRecord",
    "TraceStore",
    "configure_logs",
    "export_jsonl",
    "outward",
    "read_feedback",
    "register_secrets",
]
