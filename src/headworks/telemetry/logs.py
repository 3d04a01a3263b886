"""Structured logs to standard error: one JSON object per line, no bodies, no secrets.

Configured once, by the composition root. Every room logs through `structlog.get_logger`; libraries that use the
standard `logging` come out in the same form. The last step before rendering masks, so nothing bypasses it.
"""

import logging
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import msgspec
import structlog
from msgspec import Struct
from structlog.typing import Processor

from headworks.core.clock import rfc3339
from headworks.telemetry.config import LogSettings
from headworks.telemetry.masking import Masker
from headworks.telemetry.record import TraceRecord

_secrets: set[str] = set()
_masker = Masker()


class _Steady:
    """A stream that never raises: a log on a full disk, or a closed pipe, must not break a call.

    Args:
        stream: Where text goes as long as it can.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write, or lose the text."""
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        """Flush, or do not."""
        with suppress(OSError, ValueError):
            self._stream.flush()


class _Sink(Struct):
    """Where call lines go; None while logs are not configured or calls are below the level asked for."""

    stream: _Steady | None = None
    render: Processor | None = None


_sink = _Sink()


def register_secrets(secrets: Iterable[str]) -> None:
    """Mask these values in every log line from now on; adds to those registered before."""
    global _masker
    _secrets.update(secrets)
    _masker = Masker(_secrets)


def masker() -> Masker:
    """Masks every secret registered so far."""
    return _masker


def configure_logs(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send all logs of this process to `stream` (standard error) in the form of `settings`."""
    out = _Steady(stream or sys.stderr)
    level = getattr(logging, settings.level.upper())
    renderer: Processor = _json if settings.format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, _masked, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", out)),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _masked, renderer],
        )
    )
    _sink.stream = out if level <= logging.INFO else None
    _sink.render = renderer
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)


class CallLog:
    """One line per finished call. An `Outlet` of the writer.

    Lines are rendered and written by the batch, past structlog's own loggers, at a quarter of the cost.
    """

    def take(self, records: list[TraceRecord]) -> None:
        """Log each call: who, which model, how it ended, how long, how many tokens."""
        stream, render = _sink.stream, _sink.render
        if stream is None or render is None:
            return
        lines = [str(render(None, "info", call_line(record, _masker))) for record in records]
        stream.write("\n".join(lines) + "\n")
        stream.flush()

    def close(self) -> None:
        """Nothing is held back."""


def call_line(record: TraceRecord, masker: Masker) -> dict[str, Any]:
    """What the log says of a call, at the time it ended; facts that are absent are left out.

    Only what was chosen outside this program is masked: the other values cannot hold a secret.
    """
    chosen = {
        "org_id": record.org_id,
        "key_id": record.key_id,
        "feature": record.feature,
        "model": record.model,
        "provider": record.provider,
    }
    counted = {
        "code": record.error_code,
        "ms": record.latency_ms,
        "ttft_ms": record.ttft_ms,
        "prompt_tokens": record.prompt_tokens,
        "completion_tokens": record.completion_tokens,
        "attempts": len(record.attempts),
    }
    return {
        "event": "call",
        "level": "info",
        "timestamp": rfc3339((record.started_at + (record.latency_ms or 0)) / 1000),
        "trace_id": record.trace_id,
        "status": record.status,
        **{name: masker.text(text) for name, text in chosen.items() if text is not None},
        **{name: value for name, value in counted.items() if value is not None},
    }


def _masked(logger: object, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001
    masked: dict[str, Any] = _masker.value(event)
    return masked


def _json(logger: object, method: str, event: MutableMapping[str, Any]) -> str:  # noqa: ARG001
    return msgspec.json.encode(event).decode()
