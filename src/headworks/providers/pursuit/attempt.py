"""One provider call: the request sent, the reply begun, its chunks as they arrive.

Invariants: nothing is sent before `begin`; an attempt that has ended, however, holds no connection and no place in its
provider's limiter; every failure is a `ProviderError` without the provider's own keys in its sentence.
"""

import asyncio
from collections import deque
from typing import Literal

from headworks.core.errors import BadAskError, ProviderError
from headworks.core.messages import Ask
from headworks.core.policy import Patience
from headworks.core.replies import Chunk, Started, UsageReported
from headworks.dialects.protocols import StreamReader, WireRequest
from headworks.dialects.sse import EventSplitter
from headworks.providers.faults import SLOW_S, Fault, GameDay, failure
from headworks.providers.outbound.http import Errand, Exchange
from headworks.providers.pursuit.tools import Choice, Tools
from headworks.providers.resume import Mode
from headworks.providers.secrets import auth_header, hide_secrets

REPLY_BYTES = 256 * 1024 * 1024
HOLD_S = 10.0
"""How long a stream that has begun without a word is held back, so that another model may still begin it. Then the
client is sent its headers and heartbeats: something between may close a connection on which nothing comes."""
_PRELUDE = (Started, UsageReported)
"""What comes before an answer and is none of it."""

Outcome = Literal["ok", "limited", "failed", "none"]


class Attempt:
    """Calls one target once.

    Args:
        tools: What calls share.
        ask: The ask as this attempt puts it.
        choice: Whom to call.
        patience: How long to wait.
        mode: How the rest of a broken answer is asked for; None for a question asked for the first time.

    Attributes:
        choice: As given; `patience` and `mode` likewise.
        started_s: When it was sent, monotonic clock.
        first_s: When the answer truly began; None before.
        whole: True when the reply comes in one body.

    Raises:
        BadAskError: The ask cannot be put in the target's dialect.
    """

    def __init__(self, tools: Tools, ask: Ask, choice: Choice, patience: Patience, mode: Mode | None = None) -> None:
        self.choice = choice
        self.patience = patience
        self.mode = mode
        self.whole = False
        self.first_s: float | None = None
        self.started_s = tools.clock.monotonic()
        self._tools = tools
        self._ask = ask
        self._dialect = tools.dialects[choice.target.dialect]
        self._request = _request(tools, ask, choice)
        self._exchange: Exchange | None = None
        self._reader: StreamReader | None = None
        self._splitter = EventSplitter()
        self._events: deque[bytes] = deque()
        self._partial_s: float | None = None
        self._last = False
        self._entered = True
        self._struck: Fault | None = None
        self._strike_in = 0

    @property
    def dropped(self) -> tuple[str, ...]:
        """Request fields left out because the provider lacks them."""
        return self._request.dropped

    async def begin(self) -> list[Chunk]:
        """Send the request and read until the answer has truly begun.

        Providers answer 200 and then say within the stream that they are overloaded, or close it: up to the first word,
        that is as good as an error status.

        Raises:
            ProviderError: It failed before that.
        """
        try:
            exchange = self._exchange = await self._open()
            await exchange.open()
            await self._check_status(exchange)
            ask = self._ask
            if not ask.stream or exchange.headers.get("content-type", "").startswith("application/json"):
                self.whole = self._last = True
                held = [await self._whole(exchange)]
            else:
                self._reader = self._dialect.stream_reader(ask)
                held = await self._first_words()
        except ProviderError as error:
            hide_secrets(error, self.choice.link)
            raise
        self.first_s = self._tools.clock.monotonic()
        return held

    async def next(self) -> Chunk | None:
        """The next chunk; None once the answer has ended well.

        Raises:
            ProviderError: It broke off: lost, silent, malformed, or ended without a finish reason.
        """
        if self._last:
            return None
        events, reader, exchange = self._events, self._reader, self._exchange
        assert reader is not None, "begin() comes first"
        assert exchange is not None, "begin() comes first"
        try:
            if self._struck is not None:
                await self._strike(self._struck)
            if not events:
                await self._more(exchange)
                if not events:
                    return self._end(reader)
            chunk = reader.read(events.popleft())
            if chunk.last:
                self._last = True
                if not reader.finished():
                    raise _unfinished()
                await exchange.drain()
            elif events:
                chunk.more = True
        except ProviderError as error:
            if reader.finished():  # the reason for the end was told: all that is missing is what comes behind it
                self._last = True
                return None
            hide_secrets(error, self.choice.link)
            raise
        return chunk

    @property
    def pace_name(self) -> str:
        """Under which name its time to the first byte is kept: whole replies begin when they are written."""
        model = self.choice.target.provider_model
        return model if self._ask.stream else f"{model} (whole)"

    @property
    def ran_out(self) -> bool:
        """True when it was at work, but not done within its total time."""
        return self.first_s is not None and self._exchange is not None and self._exchange.ran_out

    def adopt(self) -> None:
        """From here on the current task reads."""
        if self._exchange is not None:
            self._exchange.adopt()

    def close(self, outcome: Outcome) -> None:
        """Let go of everything; the provider is no longer listened to. Closing again does nothing."""
        if self._exchange is not None:
            self._exchange.close()
            self._exchange = None
        if self._entered:
            self._entered = False
            first_byte_s = None if self.first_s is None else self.first_s - self.started_s
            self._tools.standings[self.choice.link.name].limiter.leave(outcome, first_byte_s)

    async def _open(self) -> Exchange:
        tools, choice, request = self._tools, self.choice, self._request
        link = choice.link
        if tools.faults is not None:
            await self._be_struck(tools.faults)
        base_url = link.base_url
        auth = auth_header(link, link.keys[choice.admission.lane.key] if link.keys else "")
        launcher = tools.launchers.get(link.name)
        if launcher is not None:
            base_url = await launcher.base_url()
            auth = {"authorization": f"Bearer {launcher.key}"}
        headers = {"content-type": "application/json", **auth, **link.headers, **request.headers}
        return tools.outbound.post(Errand(link.name, base_url, self.patience), request.path, headers, request.body)

    async def _be_struck(self, game_day: GameDay) -> None:
        """A game day's fault, if one strikes this call: at once, or later in its stream."""
        fault = game_day.find(self.choice.target, self.choice.admission.lane.key)
        if fault is None:
            return
        if error := failure(fault):
            raise error
        if fault.fault == "slow-first-byte":
            await asyncio.sleep(min(SLOW_S, self.patience.first_byte_s))
            if self.patience.first_byte_s <= SLOW_S:
                raise self._silent(self.patience.first_byte_s)
        else:
            self._struck, self._strike_in = fault, game_day.strike_after()

    async def _strike(self, fault: Fault) -> None:
        self._strike_in -= 1
        if self._strike_in > 0:
            return
        if fault.fault == "stalled-streams":
            await asyncio.sleep(self.patience.idle_s)
            raise self._silent(self.patience.idle_s)
        raise ProviderError(
            f"The connection to provider `{self.choice.link.name}` failed: it was closed in the middle of the answer "
            "(a game day's fault).",
            code="stream_interrupted",
        )

    def _silent(self, seconds: float) -> ProviderError:
        return ProviderError(
            f"Provider `{self.choice.link.name}` was silent for {seconds:g} s (a game day's fault).",
            code="provider_timeout",
            status=504,
        )

    async def _check_status(self, exchange: Exchange) -> None:
        status = exchange.status
        if 200 <= status < 300:
            return
        if 300 <= status < 400:
            raise ProviderError(
                f"Provider `{self.choice.link.name}` answered with a redirect ({status}), which is not followed; set "
                "its base_url to the final address.",
                retryable=False,
                provider_status=status,
            )
        raise self._dialect.read_error(status, exchange.headers, await exchange.error_body())

    async def _whole(self, exchange: Exchange) -> Chunk:
        body = await exchange.body(REPLY_BYTES)
        events = self._dialect.read_whole(self._ask, body)
        # A client that wants a stream cannot be sent a whole body: let its dialect write the events.
        return Chunk(events, None if self._ask.stream else body)

    async def _first_words(self) -> list[Chunk]:
        """The chunks up to the first word. A model that thinks in silence is waited for, but not held back for long."""
        held: list[Chunk] = []
        try:
            while not held or not _begun(held[-1]):
                if held and not self._events:
                    async with asyncio.timeout(HOLD_S):
                        chunk = await self.next()
                else:
                    chunk = await self.next()
                if chunk is None:
                    break
                held.append(chunk)
        except TimeoutError:
            return held
        return held

    async def _more(self, exchange: Exchange) -> None:
        """Read until at least one event is whole. Single bytes are no progress: an event has to come in time."""
        events = self._events
        while not events:
            piece = await _next_piece(exchange)
            if not piece:
                return
            events.extend(self._splitter.feed(piece))
            if events:
                self._partial_s = None
            else:
                self._check_progress()

    def _check_progress(self) -> None:
        now_s = self._tools.clock.monotonic()
        if self._partial_s is None:
            self._partial_s = now_s
        elif now_s - self._partial_s > self.patience.idle_s:
            raise ProviderError(
                f"Provider `{self.choice.link.name}` sent single bytes and no whole event for "
                f"{self.patience.idle_s:g} s.",
                code="provider_timeout",
                status=504,
            )

    def _end(self, reader: StreamReader) -> Chunk | None:
        """The connection has ended: with an event that lacks its blank line, well, or in the middle of the answer."""
        self._last = True
        rest = self._splitter.end()
        chunk = reader.read(rest + b"\n\n") if rest else None
        if not reader.finished():
            raise _unfinished()
        return chunk


def _request(tools: Tools, ask: Ask, choice: Choice) -> WireRequest:
    target = choice.target
    if not target.offers(ask.kind):
        raise BadAskError(
            f"Model `{target.name}` is served by `{target.provider}`, which offers no {ask.kind} calls.",
            code="unsupported_field",
            param="model",
        )
    return tools.dialects[target.dialect].request(ask, target)


def _begun(chunk: Chunk) -> bool:
    """Whether a chunk brings more than the opening of a message."""
    return chunk.last or not all(isinstance(event, _PRELUDE) for event in chunk.events)


def _unfinished() -> ProviderError:
    return ProviderError(
        "The provider's stream ended without a finish reason; the answer is incomplete.", code="stream_interrupted"
    )


async def _next_piece(exchange: Exchange) -> bytes:
    """As `Exchange.piece`; a connection that breaks now has cut an answer that somebody is reading."""
    try:
        return await exchange.piece()
    except ProviderError as error:
        if error.code == ProviderError.default_code:
            raise ProviderError(error.message, code="stream_interrupted") from error
        raise
