"""What of a record goes out with the answer: in headers, and in the last line of a stream."""

from headworks.core.money import usd_text
from headworks.telemetry.record import TraceRecord


def facts_of(record: TraceRecord) -> dict[str, object]:
    """What is known of a call so far; keys as in `core.protocols.OpenTrace.facts`."""
    facts: dict[str, object] = {"trace_id": record.trace_id, "model": record.model}
    if record.provider is not None:
        facts["provider"] = record.provider
    facts["cache"] = record.cache_kind or "off"
    if record.cache_hit:
        _add_cache(facts, record)
    if record.route is not None:
        facts["route"] = record.route
    facts["attempts"] = len(record.attempts)
    if record.overhead_ms is not None:
        facts["overhead_ms"] = record.overhead_ms
        facts["latency_ms"] = record.latency_ms
    if record.ttft_ms is not None:
        facts["ttft_ms"] = record.ttft_ms
    if record.adapted:
        facts["adapted"] = ", ".join(record.adapted)
    if record.finish_reason is not None:
        facts["finish_reason"] = record.finish_reason
    if record.status != "lost":
        facts["prompt_tokens"] = record.prompt_tokens
        facts["completion_tokens"] = record.completion_tokens
        facts["cost_usd"] = None if record.cost_nano is None else usd_text(record.cost_nano)
    return facts


def _add_cache(facts: dict[str, object], record: TraceRecord) -> None:
    """Of an answer that was given before: how old it is, and of one to a like question, how like and how sure."""
    facts["cache_age_s"] = round(record.cache_age_s or 0.0)
    if record.cache_similarity is not None:
        facts["cache_similarity"] = round(record.cache_similarity, 4)
        facts["cache_bound"] = round(record.cache_bound or 0.0, 4)
