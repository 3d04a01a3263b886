"""One call of an application, from its first byte to the last byte of its answer."""

import asyncio
from collections.abc import Callable
from functools import lru_cache

import msgspec
from msgspec import Struct

from headworks.cache.answers import Repeated
from headworks.cache.copies import Copy
from headworks.core.clock import Clock
from headworks.core.errors import BadAskError, HeadworksError, ProviderError
from headworks.core.ids import new_trace_id
from headworks.core.messages import Ask, CacheWish, Caller, Prompt
from headworks.core.protocols import Identity, OpenTrace, Telemetry
from headworks.core.replies import Reply
from headworks.dialects.protocols import Endpoint, Envelope, ReplyWriter
from headworks.pipeline import Rooms, answer
from headworks.server.asgi import (
    Answer,
    Departure,
    Headers,
    Receive,
    Scope,
    Send,
    presented_key,
    read_body,
    read_headers,
)
from headworks.server.copying import copy_of, filled
from headworks.server.paces import pace_headers
from headworks.server.patience import note_patience
from headworks.server.streams.interruption import broken_off
from headworks.server.streams.kept import NOT_KEPT, Head, Kept
from headworks.server.streams.log import StreamLog
from headworks.server.streams.numbers import Numbering

MAX_TAGS = 32


class Door(Struct, frozen=True):
    """An endpoint with the way its dialect writes errors."""

    endpoint: Endpoint
    write_error: Callable[[HeadworksError, str], bytes]
    error_status: Callable[[HeadworksError], int]


class Desk(Struct, frozen=True, kw_only=True):
    """What a call needs of the house. One per config; a reload makes a new one and calls under way keep theirs."""

    identity: Identity
    telemetry: Telemetry
    rooms: Rooms
    streams: StreamLog
    clock: Clock
    max_body_bytes: int
    beat_s: float


async def serve(desk: Desk, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one POST. Every failure goes out in the door's dialect; only a cancellation or a bug is raised."""
    received = desk.clock.monotonic()
    now = desk.clock.now()
    envelope = Envelope(trace_id=new_trace_id(now), headers=read_headers(scope), created=int(now))
    outgoing = Answer(send, desk.beat_s)
    call = Call(desk, door, envelope, outgoing)
    try:
        await call.run(scope, receive, received)
    except HeadworksError as error:
        await call.fail(error)
    finally:
        outgoing.stop()
        call.close()


class Call:
    """The state of one call: who asks, what, and how far the answer is."""

    def __init__(self, desk: Desk, door: Door, envelope: Envelope, outgoing: Answer) -> None:
        self._desk = desk
        self._door = door
        self._envelope = envelope
        self._outgoing = outgoing
        self._writer: ReplyWriter | None = None
        self._trace: OpenTrace | None = None
        self._dropped: tuple[str, ...] = ()
        self._numbers = Numbering()
        self._kept: Kept = NOT_KEPT
        self._unsent = b""
        self._copy: Copy | None = None

    async def run(self, scope: Scope, receive: Receive, received: float) -> None:
        """Identify, read, answer."""
        ask, caller = await self._read(receive, received)
        self._trace = trace = self._desk.telemetry.open(ask, caller, received)
        departure = Departure(scope, receive, lambda: self._goes_on(ask))
        if ask.stream:
            self._outgoing.on_stuck = departure.hang_up
        try:
            with departure:
                body = await self._answer(ask, caller, trace)
        except asyncio.CancelledError:
            await self._cancelled(departure)
            return
        # The record is written: only now may the client see the end of its answer.
        facts = trace.facts()
        if self._copy is not None:
            await self._send_copy(self._copy, ask, caller, facts)
        elif ask.stream and self._writer is not None:
            await self._end(body + self._numbers.stamp(self._writer.tail(msgspec.json.encode(facts))))
        else:
            await self._outgoing.whole(200, self._headers(facts), body)

    async def _read(self, receive: Receive, received: float) -> tuple[Ask, Caller]:
        caller: Caller | None = None
        headers = dict(self._envelope.headers)
        try:
            caller = self._desk.identity.caller(presented_key(headers))
            body = await read_body(receive, headers, self._desk.max_body_bytes)
            ask = self._door.endpoint.read(body, self._envelope)
            note_patience(ask, headers, received)
            return with_headers(ask, headers, caller), caller
        except HeadworksError as error:
            unread = unreadable(self._door.endpoint, self._envelope)
            self._trace = self._desk.telemetry.open(unread, caller, received)
            self._trace.close(error)
            raise

    async def _answer(self, ask: Ask, caller: Caller, trace: OpenTrace) -> bytes:
        """Stream the answer and return what is left to send, or collect and return its body."""
        async with answer(self._desk.rooms, ask, caller, trace) as reply:
            self._dropped = reply.dropped
            if isinstance(reply, Repeated):
                self._copy = copy_of(self._door.endpoint, ask, reply, [await anext(reply.chunks)])
                return b""
            self._writer = writer = self._door.endpoint.writer(ask, reply, self._envelope)
            if not ask.stream:
                return writer.whole([chunk async for chunk in reply.chunks])
            headers = self._headers(trace.facts())
            self._kept = self._desk.streams.open(ask.trace_id, Head(caller.key_id, ask.dialect, headers))
            await self._outgoing.begin(headers)
            await self._stream(reply, writer)
        return self._unsent

    async def _stream(self, reply: Reply, writer: ReplyWriter) -> None:
        """Number, keep and send the chunks, in this order; what belongs to one read is sent at once."""
        stamp, keep, send = self._numbers.stamp, self._kept.append, self._outgoing.step
        data = b""
        try:
            async for chunk in reply.chunks:
                if piece := writer.step(chunk):
                    data += stamp(piece)
                if data and not chunk.more:
                    keep(data)
                    sent, data = data, b""
                    await send(sent)
        finally:
            self._unsent = data

    async def _send_copy(self, copy: Copy, ask: Ask, caller: Caller, facts: dict[str, object]) -> None:
        """Send an answer that was at hand as a whole, streams too: they are kept like any other."""
        if not ask.stream:
            await self._outgoing.whole(200, self._headers(facts), filled(copy, self._envelope))
            return
        data = filled(copy, self._envelope, msgspec.json.encode(facts))
        headers = self._headers(facts, streamed=True)
        self._desk.streams.whole(ask.trace_id, Head(caller.key_id, ask.dialect, headers), data, copy.events)
        await self._outgoing.whole_stream(headers, data)

    def _goes_on(self, ask: Ask) -> bool:
        """Whether the call goes on without its client: others read it, or it is to be finished and read later."""
        goes_on = ask.followed or (ask.outlives_client and self._kept is not NOT_KEPT)
        if goes_on:
            self._outgoing.leave()
        return goes_on

    def _headers(self, facts: dict[str, object], *, streamed: bool = False) -> Headers:
        headers = fact_headers(self._envelope.trace_id, facts, streamed=streamed)
        if self._trace is not None and self._trace.paces:
            anthropic = self._door.endpoint.dialect == "anthropic"
            headers += pace_headers(self._trace.paces, anthropic=anthropic, now_s=self._desk.clock.now())
        if self._dropped:
            headers.append((b"x-headworks-dropped", header_text(", ".join(self._dropped))))
        return headers

    async def _cancelled(self, departure: Departure) -> None:
        """The client left: nobody to tell. Or the gateway is stopping: say so in-band before giving way."""
        task = asyncio.current_task()
        if departure.left and task is not None and task.uncancel() == 0:
            return
        await self.fail(
            ProviderError(
                "The gateway is shutting down and ended this answer; send the request again.",
                code="stream_interrupted" if self._outgoing.started else "overloaded",
                status=503,
                retry_after_s=1,
            )
        )
        raise asyncio.CancelledError

    async def fail(self, error: HeadworksError) -> None:
        """Tell the client what went wrong: in the stream if it has begun, else as an error answer."""
        if self._outgoing.started:
            if self._writer is not None:
                await self._end(self._unsent + self._failure(self._writer, error))
            return
        facts = self._trace.facts() if self._trace is not None else {}
        headers = fact_headers(self._envelope.trace_id, facts) + advice_headers(error)
        body = self._door.write_error(error, self._envelope.trace_id)
        await self._outgoing.whole(self._door.error_status(error), headers, body)

    def close(self) -> None:
        """Whatever ended the call, nobody who reads its stream later waits for more of it."""
        if self._kept is not NOT_KEPT and self._writer is not None:
            self._kept.append(self._unsent + self._failure(self._writer, broken_off()))
            self._kept.end()

    def _failure(self, writer: ReplyWriter, error: HeadworksError) -> bytes:
        """The error event of a stream, behind a comment that says where it can be gone on with."""
        place = {"trace_id": self._envelope.trace_id, "last_event_id": self._numbers.last}
        return b": headworks-resume %b\n%b" % (msgspec.json.encode(place), self._numbers.stamp(writer.failure(error)))

    async def _end(self, data: bytes) -> None:
        """Keep and send the last bytes of a stream."""
        kept, self._kept = self._kept, NOT_KEPT
        kept.append(data)
        kept.end()
        await self._outgoing.end(data)


_SHARED_HEADERS = {
    "model": b"x-headworks-model",
    "provider": b"x-headworks-provider",
    "cache": b"x-headworks-cache",
    "route": b"x-headworks-route",
    "attempts": b"x-headworks-attempts",
    "adapted": b"x-headworks-adapted",
    "degraded": b"x-headworks-degraded",
    "prompt": b"x-headworks-prompt",
}
_OWN_HEADERS = {
    "cache_age_s": b"x-headworks-cache-age",
    "cache_similarity": b"x-headworks-cache-similarity",
    "cache_bound": b"x-headworks-cache-bound",
}
_LAST_HEADERS = _OWN_HEADERS | {"cost_usd": b"x-headworks-cost-usd", "overhead_ms": b"x-headworks-overhead-ms"}


def fact_headers(trace_id: str, facts: dict[str, object], *, streamed: bool = False) -> Headers:
    """Headers for what is known of the call. OpenAI's SDKs read `x-request-id`, Anthropic's `request-id`.

    Args:
        trace_id: Of the call.
        facts: As its trace tells them.
        streamed: Whether they are those of a stream, which leave before its cost is known.
    """
    encoded = trace_id.encode()
    shared = _shared_headers(*[facts.get(name) for name in _SHARED_HEADERS])
    headers = [(b"x-request-id", encoded), (b"request-id", encoded), *shared]
    for name, header in (_OWN_HEADERS if streamed else _LAST_HEADERS).items():
        value = facts.get(name)
        if value is not None:
            headers.append((header, header_text(value) if type(value) is str else b"%a" % value))
    return headers


@lru_cache(maxsize=1024)
def _shared_headers(*values: object) -> Headers:
    """Those that many calls have in common; not to be changed."""
    pairs = zip(_SHARED_HEADERS.values(), values, strict=True)
    return [(header, header_text(str(value))) for header, value in pairs if value is not None and value != ""]


@lru_cache(maxsize=4096)
def header_text(value: str) -> bytes:
    """A header value: anything but printable ASCII becomes `?`, so that no name of a config can break a response."""
    return "".join(character if " " <= character <= "~" else "?" for character in value).encode("ascii")


def advice_headers(error: HeadworksError) -> Headers:
    """Whether and when to try again, in the forms both SDKs honour."""
    if not error.retryable:
        return [(b"x-should-retry", b"false")]
    if error.retry_after_s is None:
        return []
    milliseconds = round(error.retry_after_s * 1000)
    return [(b"retry-after-ms", b"%d" % milliseconds), (b"retry-after", b"%d" % -(-milliseconds // 1000))]


def with_headers(ask: Ask, headers: dict[str, str], caller: Caller) -> Ask:
    """What the `x-headworks-*` request headers say of the ask; a header goes before the body."""
    ask.feature = headers.get("x-headworks-feature")
    ask.user_id = headers.get("x-headworks-user") or ask.user_id or caller.user_id
    ask.session_id = headers.get("x-headworks-session")
    ask.org_id = caller.org_id
    if "x-headworks-cache" in headers or "cache-control" in headers:
        ask.cache = cache_wish(headers)
    tags = headers.get("x-headworks-tags")
    if tags:
        ask.tags = read_tags(tags)
    return ask


def cache_wish(headers: dict[str, str]) -> CacheWish | None:
    """What a request says of the cache: by our own header, and `Cache-Control` as HTTP has it.

    `no-store` and `private` keep the call out of the cache altogether, `no-cache` looks for nothing but keeps the
    answer (RFC 9111, 5.2.1). The stricter of the two headers counts.

    Raises:
        BadAskError: Another word in `x-headworks-cache`.
    """
    said = headers.get("x-headworks-cache", "").strip().lower()
    if said not in ("", "on", "off", "refresh"):
        raise BadAskError(
            f"`x-headworks-cache`: expected on, off or refresh, not `{said[:40]}`.", param="x-headworks-cache"
        )
    if "cache-control" not in headers:
        return said or None  # type: ignore[return-value]
    control = {word.strip().lower() for word in headers.get("cache-control", "").split(",")}
    if said == "off" or not control.isdisjoint({"no-store", "private"}):
        return "off"
    if said == "refresh" or "no-cache" in control:
        return "refresh"
    return "on" if said else None


def read_tags(text: str) -> dict[str, str]:
    """`k=v,k=v` as a dict.

    Raises:
        BadAskError: A pair without `=`, or too many pairs.
    """
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if len(pairs) > MAX_TAGS or not all(sign and name.strip() for name, sign, _ in pairs):
        raise BadAskError(
            f"`x-headworks-tags`: expected at most {MAX_TAGS} pairs as k=v,k=v.", param="x-headworks-tags"
        )
    return {name.strip(): value.strip() for name, _, value in pairs}


def unreadable(endpoint: Endpoint, envelope: Envelope) -> Ask:
    """An ask for the record of a request whose body could not be read."""
    return Ask(
        trace_id=envelope.trace_id,
        dialect=endpoint.dialect,
        kind=endpoint.kind,
        model="",
        fields={},
        read_prompt=lambda: Prompt(messages=()),
    )
