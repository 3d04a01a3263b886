"""The trace record: everything Headworks keeps of one call, in the names that users see.

One `TraceRecord` is begun when a call arrives and written twice to the spool: at once with status `lost`, so that a
killed gateway leaves a mark, and complete when the call is over. Amounts are integers: tokens, and nano-dollars.
"""

from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from headworks.core.clock import rfc3339
from headworks.core.money import NANO_PER_USD, usd_text
from headworks.core.replies import Usage

Status = Literal["ok", "refused", "failed", "client_gone", "shutdown", "lost"]
NO_BODY = Raw(b"null")


class Attempt(Struct, kw_only=True, omit_defaults=True):
    """One provider call of a trace.

    Attributes:
        provider: Provider name of the config.
        model: The provider's model name.
        status: As of the record; `failed` for an attempt that another followed, `superseded` for one that lost to
            another beside it.
        started_ms: Milliseconds from the call's arrival to the start of this attempt.
        ms: Milliseconds it took.
        tokens: Input plus output tokens it used.
        cost_nano: Nano-dollars; None when it used tokens and no price is known.
        error_code: Why it failed.
        mode: How it was asked for the rest of an answer that had broken off: `prefill`, `continue` or `restart`.
        usage: The counts that `cost_nano` was worked out from, so that it can be worked out again.
    """

    provider: str
    model: str
    status: Status | Literal["superseded"] = "lost"
    started_ms: float = 0.0
    ms: float = 0.0
    tokens: int = 0
    cost_nano: int | None = 0
    error_code: str | None = None
    mode: str | None = None
    usage: Usage | None = None


class TraceRecord(Struct, kw_only=True, omit_defaults=True):
    """One call. Field meanings: docs/reference/trace.md.

    `status` stands first so that a begun record is recognised by the first bytes of its line. `started_at` is Unix
    milliseconds here and RFC 3339 text outward. `request` and `response` are filled only where the feature captures
    bodies.
    """

    status: Status
    trace_id: str
    started_at: int
    kind: str = "chat"
    dialect: str = ""
    stream: bool = False
    requested_model: str = ""
    model: str = ""
    feature: str | None = None
    org_id: str | None = None
    key_id: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    provider: str | None = None
    provider_model: str | None = None
    route: str | None = None
    prompt: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    usage_estimated: bool = False
    cost_nano: int | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None
    overhead_ms: float | None = None
    cache_hit: bool = False
    cache_kind: str | None = None
    cache_age_s: float | None = None
    cache_similarity: float | None = None
    cache_bound: float | None = None
    cache_error_low: float | None = None
    cache_error_high: float | None = None
    saved_nano: int = 0
    repriced_nano: int | None = None
    tool_calls: int = 0
    finish_reason: str | None = None
    error_code: str | None = None
    degraded: str | None = None
    experiment: str | None = None
    client_retries: int = 0
    adapted: list[str] = []
    attempts: list[Attempt] = []
    safety: list[Any] = []
    retrieval: list[Any] = []
    tags: dict[str, str] = {}
    flags: dict[str, str] = {}
    request: Raw = NO_BODY
    response: Raw = NO_BODY


BEGUN = b'{"status":"lost"'
"""How the line of a call that has begun and not ended starts."""

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(TraceRecord).decode


def usd_number(nano: int | None) -> float | None:
    """Dollars as a JSON number, None for an unknown price.

    The shortest text of the nearest double is exact to the nano-dollar for costs under a million dollars; sums are
    to be made over `cost_nano`.
    """
    return None if nano is None else nano / NANO_PER_USD


def outward(record: TraceRecord, feedback: dict[str, Any] | None = None) -> dict[str, Any]:
    """The record as users see it, without bodies: JSON-ready, every name present."""
    shown = {name: getattr(record, name) for name in record.__struct_fields__[:-2]}
    shown["started_at"] = rfc3339(record.started_at / 1000)
    shown["total_tokens"] = record.prompt_tokens + record.completion_tokens
    shown["cost_usd"] = usd_number(record.cost_nano)
    shown["saved_usd"] = usd_number(record.saved_nano)
    shown["repriced_usd"] = usd_number(record.repriced_nano)
    shown["priced"] = record.cost_nano is not None
    shown["attempts"] = [_outward_attempt(attempt) for attempt in record.attempts]
    shown["user_feedback"] = feedback
    return shown


def _outward_attempt(attempt: Attempt) -> dict[str, Any]:
    shown = {name: getattr(attempt, name) for name in attempt.__struct_fields__}
    shown["cost_usd"] = usd_number(attempt.cost_nano)
    return shown


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
    _add_notes(facts, record)
    if record.finish_reason is not None:
        facts["finish_reason"] = record.finish_reason
    if record.status != "lost":
        facts["prompt_tokens"] = record.prompt_tokens
        facts["completion_tokens"] = record.completion_tokens
        facts["cost_usd"] = None if record.cost_nano is None else usd_text(record.cost_nano)
    return facts


def _add_notes(facts: dict[str, object], record: TraceRecord) -> None:
    """What was done to the call before it was answered, or instead."""
    if record.prompt is not None:
        facts["prompt"] = record.prompt
    if record.degraded is not None:
        facts["degraded"] = record.degraded.partition(":")[0]
    if record.adapted:
        facts["adapted"] = ", ".join(record.adapted)


def _add_cache(facts: dict[str, object], record: TraceRecord) -> None:
    """Of an answer that was given before: how old it is, and of one to a like question, how like and how sure."""
    facts["cache_age_s"] = round(record.cache_age_s or 0.0)
    if record.cache_similarity is not None:
        facts["cache_similarity"] = round(record.cache_similarity, 4)
        facts["cache_bound"] = round(record.cache_bound or 0.0, 4)


class Notes:
    """Part of `Trace`: these notes go straight on the record."""

    record: TraceRecord

    def adapted(self, note: str) -> None:
        """The ask was changed so that it could be answered: `note` says what, for the record and a header."""
        self.record.adapted = [*self.record.adapted, note]

    def flagged(self, name: str, variant: str) -> None:
        """A flag was evaluated for the call: which, and the variant it got."""
        self.record.flags = {**self.record.flags, name: variant}

    def tried(self, label: str) -> None:
        """The call belongs to this variant of an experiment."""
        self.record.experiment = label

    def degraded(self, level: str, why: str) -> None:
        """A rung of the ladder answers: which, and the code of the error that led there."""
        self.record.degraded = f"{level}: {why}"
