"""OpenTelemetry spans out of finished records: one per call, one below it per provider call.

Names follow the GenAI semantic conventions (opentelemetry.io/docs/specs/semconv/gen-ai/, read 2026-11-23); what they
have no word for stands under `headworks.`. The span's trace id is our trace id, so a record, a log line and a span of
one call are found by one id. Needs the extra `otel`: only the composition root imports this module, and only when an
endpoint is configured. Spans are made in the writer's thread and sent from the exporter's own; a receiver that is
away costs spans, never calls.
"""

import re
import threading
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from headworks.telemetry.config import OtlpSettings
from headworks.telemetry.logs import masker
from headworks.telemetry.record import Attempt, TraceRecord, usd_number

_OPERATIONS = {"completion": "text_completion", "embedding": "embeddings", "count": "count_tokens"}
_HEX = re.compile(r"[0-9a-f]{32}")
_RANDOM_BITS = 56
"""The right-most bits of a trace id, which W3C Trace Context Level 2 (random flag) expects to be random."""
_NANO_PER_MS = 1_000_000
CLOSE_S = 2.0


class Spans:
    """Makes and exports spans. An `Outlet` of the writer.

    Args:
        settings: Endpoint (must be set), headers and share of calls.
        service: `service.name` of the resource.
    """

    def __init__(self, settings: OtlpSettings, service: str = "headworks") -> None:
        headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
        self._exporter = OTLPSpanExporter(endpoint=settings.endpoint, headers=headers)
        self._processor = BatchSpanProcessor(self._exporter)
        self._resource = Resource.create({"service.name": service})
        self._threshold = round(settings.sample_ratio * (1 << _RANDOM_BITS))
        self._new_span_id = RandomIdGenerator().generate_span_id

    def take(self, records: list[TraceRecord]) -> None:
        """Make the spans of the sampled records and hand them to the exporter's queue (full: dropped)."""
        for record in records:
            trace_id = _trace_id(record.trace_id)
            if trace_id is not None and trace_id & ((1 << _RANDOM_BITS) - 1) < self._threshold:
                self._export(record, trace_id)

    def close(self) -> None:
        """Send what is queued; a receiver that does not answer is given up after `CLOSE_S` seconds."""
        # The processor would wait 30 s for it; an exporter that is shut down ends its retries.
        patience = threading.Timer(CLOSE_S, self._exporter.shutdown)
        patience.start()
        self._processor.shutdown()  # type: ignore[no-untyped-call]
        patience.cancel()
        patience.join()

    def _export(self, record: TraceRecord, trace_id: int) -> None:
        start = record.started_at * _NANO_PER_MS
        mask = masker()  # names that clients chose may hold anything
        parent = self._context(trace_id)
        for attempt in record.attempts:
            begin = start + round(attempt.started_ms * _NANO_PER_MS)
            self._processor.on_end(
                ReadableSpan(
                    name=mask.text(f"{_operation(record)} {attempt.model}"),
                    context=self._context(trace_id),
                    parent=parent,
                    resource=self._resource,
                    attributes=mask.value(_attempt_attributes(record, attempt)),
                    kind=SpanKind.CLIENT,
                    status=_status(attempt.status, attempt.error_code),
                    start_time=begin,
                    end_time=begin + round(attempt.ms * _NANO_PER_MS),
                )
            )
        self._processor.on_end(
            ReadableSpan(
                name=mask.text(f"{_operation(record)} {record.model}"),
                context=parent,
                resource=self._resource,
                attributes=mask.value(_call_attributes(record)),
                kind=SpanKind.SERVER,
                status=_status(record.status, record.error_code),
                start_time=start,
                end_time=start + round((record.latency_ms or 0) * _NANO_PER_MS),
            )
        )

    def _context(self, trace_id: int) -> SpanContext:
        return SpanContext(trace_id, self._new_span_id(), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _trace_id(text: str) -> int | None:
    return int(text, 16) if _HEX.fullmatch(text) else None


def _operation(record: TraceRecord) -> str:
    return _OPERATIONS.get(record.kind, record.kind)


def _status(status: str, code: str | None) -> Status:
    if status == "ok":
        return Status(StatusCode.UNSET)
    return Status(StatusCode.ERROR, code or status)


def _attempt_attributes(record: TraceRecord, attempt: Attempt) -> dict[str, Any]:
    return _known(
        {
            "gen_ai.operation.name": _operation(record),
            "gen_ai.provider.name": attempt.provider,
            "gen_ai.request.model": attempt.model,
            "gen_ai.request.stream": record.stream,
            "error.type": attempt.error_code,
            "headworks.attempt.status": attempt.status,
            "headworks.tokens": attempt.tokens,
            "headworks.cost_usd": usd_number(attempt.cost_nano),
        }
    )


def _call_attributes(record: TraceRecord) -> dict[str, Any]:
    return _known(
        {
            "gen_ai.operation.name": _operation(record),
            "gen_ai.provider.name": record.provider,
            "gen_ai.request.model": record.requested_model,
            "gen_ai.response.model": record.provider_model,
            "gen_ai.request.stream": record.stream,
            "gen_ai.response.finish_reasons": [record.finish_reason] if record.finish_reason else None,
            "gen_ai.response.time_to_first_chunk": None if record.ttft_ms is None else record.ttft_ms / 1000,
            "gen_ai.usage.input_tokens": record.prompt_tokens,
            "gen_ai.usage.output_tokens": record.completion_tokens,
            "gen_ai.usage.cache_read.input_tokens": record.cached_tokens,
            "gen_ai.usage.cache_creation.input_tokens": record.cache_write_tokens,
            "gen_ai.usage.reasoning.output_tokens": record.reasoning_tokens,
            "gen_ai.conversation.id": record.session_id,
            "error.type": record.error_code,
            "headworks.status": record.status,
            "headworks.feature": record.feature,
            "headworks.model": record.model,
            "headworks.route": record.route,
            "headworks.org_id": record.org_id,
            "headworks.key_id": record.key_id,
            "headworks.attempts": len(record.attempts),
            "headworks.cost_usd": usd_number(record.cost_nano),
            "headworks.overhead_ms": record.overhead_ms,
        }
    )


def _known(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}
