"""Structured logs to standard error: one JSON object per line, no bodies, no secrets.

Configured once, by the composition root. Every room logs through `structlog.get_logger`; libraries that use the
standard `logging` come out in the same form. The last step before rendering masks, so nothing bypasses it.
"""

import logging
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, TextIO, cast

import msgspec
import structlog
from msgspec import Struct, structs
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
_encode_lines = msgspec.json.Encoder().encode_lines


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

    Lines are rendered and written by the batch, past structlog's own loggers, at a tenth of the cost.
    """

    def take(self, records: list[TraceRecord]) -> None:
        """Log each call: who, which model, how it ended, how long, how many tokens."""
        stream, render = _sink.stream, _sink.render
        if stream is None or render is None:
            return
        lines = [call_line(record, _masker) for record in records]
        stream.write(_encode_lines(lines).decode() if render is _json else _rendered(lines, render))
        stream.flush()

    def close(self) -> None:
        """Nothing is held back."""


class CallLine(Struct, kw_only=True, omit_defaults=True):
    """What the log says of a call, at the time it ended; facts that are absent are left out."""

    event: str
    level: str
    timestamp: str
    trace_id: str
    status: str
    org_id: str | None = None
    key_id: str | None = None
    feature: str | None = None
    model: str
    provider: str | None = None
    code: str | None = None
    ms: float | None = None
    ttft_ms: float | None = None
    prompt_tokens: int
    completion_tokens: int
    attempts: int
    cache: str | None = None


def call_line(record: TraceRecord, masker: Masker) -> CallLine:
    """The line of one call. Only what was chosen outside this program is masked: the rest cannot hold a secret."""
    name = masker.name
    return CallLine(
        event="call",
        level="info",
        timestamp=_stamp(record.started_at + int(record.latency_ms or 0)),
        trace_id=record.trace_id,
        status=record.status,
        org_id=record.org_id and name(record.org_id),
        key_id=record.key_id and name(record.key_id),
        feature=record.feature and name(record.feature),
        model=name(record.model),
        provider=record.provider and name(record.provider),
        code=record.error_code,
        ms=record.latency_ms,
        ttft_ms=record.ttft_ms,
        prompt_tokens=record.prompt_tokens,
        completion_tokens=record.completion_tokens,
        attempts=len(record.attempts),
        cache=record.cache_kind,
    )


def _stamp(epoch_ms: int) -> str:
    second, ms = divmod(epoch_ms, 1000)
    return f"{_second(second)}.{ms:03d}Z"


@lru_cache(maxsize=8)
def _second(epoch_s: int) -> str:
    """Thousands of calls end in one second: the date is worked out once for all of them."""
    return rfc3339(epoch_s)[: len("2026-11-23T10:00:00")]


def _rendered(lines: list[CallLine], render: Processor) -> str:
    facts = [{key: value for key, value in structs.asdict(line).items() if value is not None} for line in lines]
    return "".join(f"{render(None, 'info', fact)!s}\n" for fact in facts)


def _masked(logger: object, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001
    masked: dict[str, Any] = _masker.value(event)
    return masked


def _json(logger: object, method: str, event: MutableMapping[str, Any]) -> str:  # noqa: ARG001
    return msgspec.json.encode(event).decode()
