"""The record of one call while it is being made. The hot path: a few field writes, one file write at the end."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import structlog
from msgspec import Struct

from headworks.core.billing import Bill
from headworks.core.clock import Clock
from headworks.core.errors import BadAskError, HeadworksError, RefusedError
from headworks.core.limits import Pace
from headworks.core.messages import Ask, Route, Target
from headworks.core.protocols import Pricing
from headworks.core.replies import Chunk, Event, Reply, Usage
from headworks.telemetry.capture import captured_request, captured_response
from headworks.telemetry.record import Attempt, Notes, Status, TraceRecord, encode, facts_of
from headworks.telemetry.spool import Spool
from headworks.telemetry.tally import Tally

_MOST = 10**15
"""Tokens or nano-dollars of one attempt beyond this are a provider's nonsense, cut so that sums fit 64 bits."""
_log = structlog.get_logger("headworks.telemetry")


class Desk(Struct):
    """What all open traces of one recorder share.

    Attributes:
        clock: Source of time.
        pricing: Prices usage, and estimates it when a provider never said.
        spool: Where records are written.
        open: Traces under way, by trace id.
        strangers: Calls without a valid key so far. They are counted, not recorded: strangers must not be able to fill
            the disk.
        draining: True once this process shuts down: a call cancelled then was cut by us, not by its client.
    """

    clock: Clock
    pricing: Pricing
    spool: Spool
    open: "dict[str, Trace]"
    strangers: int = 0
    draining: bool = False


class Trace(Notes):
    """One open trace; satisfies `core.protocols.OpenTrace`.

    Args:
        desk: What it shares with the others.
        ask: The call.
        record: Its record so far, status `lost`.
        received_s: When the call arrived, monotonic clock.

    Attributes:
        record: The record.
        tally: What the reply says and uses.
        upstream_s: When something last came from the provider.
        paces: What is left of the caller's rate limits.
        marked: Whether a kill of this process would leave a record of status `lost`.
    """

    __slots__ = (
        "_ask",
        "_attempt",
        "_attempt_s",
        "_bill",
        "_closed",
        "_desk",
        "_received_s",
        "_sent_s",
        "_target",
        "marked",
        "paces",
        "record",
        "tally",
        "upstream_s",
    )

    def __init__(self, desk: Desk, ask: Ask, record: TraceRecord, received_s: float) -> None:
        self.record = record
        self.tally = Tally()
        self.upstream_s: float | None = None
        self.marked = False
        self.paces: list[Pace] = []
        self._desk = desk
        self._ask = ask
        self._closed = False
        self._bill = Bill()
        self._received_s = received_s
        self._sent_s: float | None = None
        self._attempt: Attempt | None = None
        self._attempt_s = 0.0
        self._target: Target | None = None

    def routed(self, route: Route) -> None:
        """Note feature, query type, the model chosen, and whether bodies are kept."""
        if route.policy.hedge:
            self.mark()  # of calls made side by side the record is told when one of them has spoken
        record = self.record
        record.feature = route.feature
        record.route = route.query_type
        record.model = route.targets[0].name
        record.prompt = route.versions.prompt or None
        if route.capture == "bodies":
            self.tally.captured = []

    def mark(self) -> None:
        """Leave the mark of a call that has begun, unless it is there. A stranger's call leaves none."""
        if not self.marked and self.record.key_id is not None:
            self.marked = True
            self._desk.spool.append(self.begun_line())

    def attempt(self, target: Target, started_s: float, mode: str | None = None) -> None:
        """A call to `target` begins. An attempt still under way has failed: nobody tries another after a success."""
        self.mark()
        if self._attempt is not None:
            self._end_attempt("failed", None, started_s)
        if self._sent_s is None:
            self._sent_s = started_s
        self._answering(target)
        self.upstream_s = None
        self._attempt_s = started_s
        self._attempt = self._begun(target, started_s)
        self._attempt.mode = mode

    def attempt_failed(self, error: HeadworksError, unread: list[Event] | None = None) -> Usage | None:
        """The attempt under way failed so; `unread` came of it, and nobody is given it."""
        self.upstream_s = now_s = self._desk.clock.monotonic()
        if unread is not None:
            self._note_unread(unread, now_s)
        return self._end_attempt("failed", error.code, now_s)

    def attempt_aside(self, events: list[Event]) -> None:
        """The attempt under way answered a question of the gateway's own with `events`, and is over."""
        now_s = self._desk.clock.monotonic()
        self._note_unread(events, now_s)
        self._end_attempt("ok", None, now_s)

    def _note_unread(self, events: list[Event], now_s: float) -> None:
        """What is paid for, and is no part of the answer."""
        tally = self.tally
        first_s, reason = tally.first_s, tally.finish_reason
        tally.note(Chunk([], heard=events), now_s)
        tally.first_s, tally.finish_reason = first_s, reason

    def beside(self, target: Target, started_s: float, error: HeadworksError | None) -> None:
        """A call made beside another, which it lost to. One that was cut off had sent its prompt: that is billed."""
        self.mark()
        now_s = self._desk.clock.monotonic()
        if self._sent_s is None:
            self._sent_s = started_s
        lost = self._begun(target, started_s)
        lost.ms = _ms(now_s - started_s)
        lost.status = "superseded" if error is None else "failed"
        lost.error_code = error.code if error is not None else None
        if error is None:
            usage = self._estimated(target)
            if usage is not None:
                self._charge(lost, target, usage)

    def cached(
        self,
        kind: str,
        *,
        age_s: float | None = None,
        saved_nano: int | None = None,
        similarity: float | None = None,
        bound: float | None = None,
        error: tuple[float, float] | None = None,
    ) -> None:
        """What the cache said of the call."""
        record = self.record
        record.cache_kind = kind
        record.cache_hit = kind.startswith("hit")
        record.cache_age_s = age_s
        record.cache_similarity = similarity
        record.cache_bound = bound
        record.cache_error_low, record.cache_error_high = error or (None, None)
        if saved_nano is not None:
            record.saved_nano = min(saved_nano, _MOST)

    def spent_nano(self) -> int:
        """What the attempts that have ended cost, as far as their prices are known."""
        return sum(attempt.cost_nano or 0 for attempt in self.record.attempts if attempt is not self._attempt)

    def paced(self, paces: list[Pace]) -> None:
        """How much is left of the caller's rate limits."""
        self.paces = paces

    def bill(self) -> Bill:
        """What the attempts that have ended used."""
        return self._bill

    def concluded(self, error: BaseException | None) -> Bill:
        """The call is over: end and price the attempt under way. `close` writes the record."""
        if self._attempt is not None:
            status, code = _ending(error, draining=self._desk.draining)
            now_s = self._desk.clock.monotonic() if self.upstream_s is None else self.upstream_s
            self._end_attempt(status, code, now_s)
        return self._bill

    def watch(self, reply: Reply) -> Reply:
        """The same reply; its chunks now pass through this trace."""
        if not self.record.cache_hit:  # what follows comes from a provider, perhaps slowly
            self.mark()
        self._answering(reply.target)
        reply.chunks = _Watched(self, reply.chunks, self._desk.clock)
        return reply

    def close(self, error: BaseException | None = None) -> None:
        """Price the call and write its record. Closing again does nothing."""
        record, tally = self.record, self.tally
        if self._closed:
            return
        self._closed = True
        self._desk.open.pop(record.trace_id, None)
        now_s = self._desk.clock.monotonic()
        record.status, record.error_code = _ending(error, draining=self._desk.draining)
        if record.error_code == "invalid_api_key" and record.key_id is None:
            self._desk.strangers += 1
            return
        record.cost_nano = 0
        self._end_attempt(record.status, record.error_code, now_s if self.upstream_s is None else self.upstream_s)
        record.cost_nano = _total([attempt.cost_nano for attempt in record.attempts])
        record.finish_reason = tally.finish_reason
        record.tool_calls = tally.tool_calls
        record.latency_ms = _ms(now_s - self._received_s)
        record.overhead_ms = _ms(self._own_time_s(now_s))
        if tally.first_s is not None:
            record.ttft_ms = _ms(tally.first_s - self._received_s)
        self._write()

    def begun_line(self) -> bytes:
        """The spool line of a call under way; empty when its text cannot be written as JSON (`close` says so)."""
        try:
            return encode(self.record) + b"\n"
        except (ValueError, TypeError):
            return b""

    def facts(self) -> dict[str, object]:
        """What is known of the call, for headers and the last line of a stream; keys as in the protocol."""
        return facts_of(self.record)

    def _answering(self, target: Target) -> None:
        if target is not self._target:
            self._target = target
            self.record.model = target.name
            self.record.provider = target.provider
            self.record.provider_model = target.provider_model

    def _begun(self, target: Target, started_s: float) -> Attempt:
        attempt = Attempt(
            provider=target.provider, model=target.provider_model, started_ms=_ms(started_s - self._received_s)
        )
        self.record.attempts.append(attempt)
        return attempt

    def _end_attempt(self, status: Status, code: str | None, ended_s: float) -> Usage | None:
        """Close the attempt under way, if there is one, with what it used and cost."""
        attempt, target = self._attempt, self._target
        if attempt is None or target is None:
            return None
        self._attempt = None
        attempt.ms = _ms(ended_s - self._attempt_s)
        attempt.status = status
        attempt.error_code = code
        usage = self._settled(target, status)
        if usage is not None:
            self._charge(attempt, target, usage)
        return usage

    def _charge(self, attempt: Attempt, target: Target, usage: Usage) -> None:
        cost_nano = self._desk.pricing.cost_nano(target, usage, self.record.started_at / 1000)
        attempt.tokens = min(usage.input_tokens, _MOST) + min(usage.output_tokens, _MOST)
        attempt.cost_nano = None if cost_nano is None else min(cost_nano, _MOST)
        if all(type(count) is not int or count <= _MOST for count in msgspec.structs.astuple(usage)):
            attempt.usage = usage
        self._bill.add(target.name, attempt.cost_nano or 0, attempt.tokens)
        _add(self.record, usage)
        if cost_nano is not None and (usage.cached_tokens or usage.cache_write_tokens):
            plain = msgspec.structs.replace(usage, cached_tokens=0, cache_write_5m_tokens=0, cache_write_1h_tokens=0)
            plain_nano = self._desk.pricing.cost_nano(target, plain, self.record.started_at / 1000)
            if plain_nano is not None:
                self.record.saved_nano += max(-_MOST, min(plain_nano - cost_nano, _MOST))

    def _estimated(self, target: Target) -> Usage | None:
        """What a prompt alone used."""
        try:
            return self._desk.pricing.estimate(target, self._ask, "")
        except HeadworksError:
            return None

    def _settled(self, target: Target, status: Status) -> Usage | None:
        try:
            return self.tally.settle(self._desk.pricing, self._ask, target, status)
        except HeadworksError as error:
            # A body too broken to count; the record is worth keeping all the same.
            _log.warning("usage_not_counted", trace_id=self.record.trace_id, code=error.code)
            return None

    def _own_time_s(self, now_s: float) -> float:
        """Seconds spent here: until the first attempt began, and from the provider's last byte until now."""
        if self._sent_s is None:
            return now_s - self._received_s
        after_s = now_s - self.upstream_s if self.upstream_s is not None else 0.0
        return self._sent_s - self._received_s + after_s

    def _write(self) -> None:
        record, spool = self.record, self._desk.spool
        try:
            if self.tally.captured is not None:
                record.request = captured_request(self._ask)
                record.response = captured_response(self.tally.captured)
            line = encode(record)
        except (ValueError, TypeError) as error:
            # Text that JSON cannot carry (a lone surrogate). Telemetry fails open: the call goes on.
            spool.dropped += 1
            _log.error("record_not_encodable", trace_id=record.trace_id, reason=type(error).__name__)
            return
        spool.keep(line + b"\n", record)


class _Watched:
    """The chunks of a reply, each shown to its trace in passing.

    A class, not an async generator: one a reader leaves early needs no closing.
    """

    __slots__ = ("_monotonic", "_next", "_trace")

    def __init__(self, trace: Trace, chunks: AsyncIterator[Chunk], clock: Clock) -> None:
        self._trace = trace
        self._next = chunks.__anext__
        self._monotonic = clock.monotonic

    def __aiter__(self) -> "_Watched":
        return self

    async def __anext__(self) -> Chunk:
        trace = self._trace
        try:
            chunk = await self._next()
        finally:
            # However the wait ends (chunk, end, error), until here the time was the provider's.
            trace.upstream_s = now_s = self._monotonic()
        trace.tally.note(chunk, now_s)
        return chunk


def _ending(error: BaseException | None, *, draining: bool) -> tuple[Status, str | None]:
    """The status and error code of a call that ended with `error`."""
    if error is None:
        return "ok", None
    if isinstance(error, BadAskError | RefusedError):
        return "refused", error.code
    if isinstance(error, HeadworksError):
        return "failed", error.code
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return ("shutdown" if draining else "client_gone"), None
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return "shutdown", None
    return "failed", "internal_error"


def _add(record: TraceRecord, usage: Usage) -> None:
    record.prompt_tokens += min(usage.input_tokens, _MOST)
    record.completion_tokens += min(usage.output_tokens, _MOST)
    record.cached_tokens += min(usage.cached_tokens, _MOST)
    record.cache_write_tokens += min(usage.cache_write_tokens, _MOST)
    record.reasoning_tokens += min(usage.reasoning_tokens, _MOST)
    record.usage_estimated = record.usage_estimated or usage.estimated


def _total(costs: list[int | None]) -> int | None:
    """The sum, None as soon as one part is unknown: half a price would look like a whole one."""
    total = 0
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total


def _ms(seconds: float) -> float:
    return int(seconds * 1_000_000 + 0.5) / 1000  # to the microsecond, at a quarter of the cost of `round`
