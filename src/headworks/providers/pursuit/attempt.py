"""One provider call: the request sent, the reply begun, its chunks as they arrive.

Invariants: nothing is sent before `begin`; an attempt that has ended, however, holds no connection and no place in its
provider's limiter; every failure is a `ProviderError` without the provider's own keys in its sentence.
"""

import asyncio
import math
from typing import Literal

import msgspec

from headworks.core.clock import seconds_text
from headworks.core.errors import BadAskError, ProviderError
from headworks.core.messages import Ask
from headworks.core.policy import Patience
from headworks.core.replies import Chunk, Event, Finished, Started, UsageReported
from headworks.dialects.protocols import WireRequest
from headworks.providers.outbound.http import Errand, Exchange
from headworks.providers.pursuit.streamed import StreamedReply, unfinished
from headworks.providers.pursuit.struck import Struck, struck_at_once
from headworks.providers.pursuit.tools import Choice, Launcher, Tools
from headworks.providers.resume import Mode
from headworks.providers.secrets import auth_header, hide_secrets

MOST_HEADS = 100
"""Clients send headers of their own (`anthropic-beta`): beyond so many different heads, all are written anew."""
_JSON = {"content-type": "application/json"}
REPLY_BYTES = 256 * 1024 * 1024
HOLD_S = 10.0
"""How long a stream that has begun without a word is held back, so that another model may still begin it. Then the
client is sent its headers and heartbeats: something between may close a connection on which nothing comes."""
_FINISHED_KINDS = ("chat", "completion")
"""What ends with a reason. A body without one was cut by whoever wrote it."""
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
        usual: The patience it would have had if its call had no deadline.
        unread: What came and is no answer, though it is paid for: the events of a whole reply without a finish reason.
        leaves_time: Whether its patience was cut so that another provider has time too.
        started_s: When it was sent, monotonic clock.
        first_s: When the answer truly began; None before.
        whole: True when the reply comes in one body.
        stream: Where further chunks come from, once it has begun; None where the first one is all. Its errors may hold
            the provider's keys: `Pursuer.lost` takes them out.

    Raises:
        BadAskError: The ask cannot be put in the target's dialect.
    """

    __slots__ = (
        "_ask",
        "_entered",
        "_exchange",
        "_ran_out",
        "_request",
        "_tools",
        "choice",
        "first_s",
        "leaves_time",
        "mode",
        "patience",
        "started_s",
        "stream",
        "unread",
        "usual",
        "whole",
    )

    @property
    def ask(self) -> Ask:
        """The ask as this attempt puts it."""
        return self._ask

    def __init__(self, tools: Tools, ask: Ask, choice: Choice, patience: Patience, mode: Mode | None = None) -> None:
        self.choice = choice
        self.patience = self.usual = patience
        self.leaves_time = False
        self.unread: list[Event] | None = None
        self.mode = mode
        self.whole = False
        self.first_s: float | None = None
        self.started_s = tools.clock.monotonic()
        self._tools = tools
        self._ask = ask
        self._request = _request(tools, ask, choice)
        self._exchange: Exchange | None = None
        self._ran_out = False
        self.stream: StreamedReply | Struck | None = None
        self._entered = True

    @property
    def dropped(self) -> tuple[str, ...]:
        """Request fields left out because the provider lacks them."""
        return self._request.dropped

    @property
    def request(self) -> WireRequest:
        """What is sent; another than at first where that named something that was gone."""
        return self._request

    async def begin(self) -> list[Chunk]:
        """Send the request and read until the answer has truly begun.

        Providers answer 200 and then say within the stream that they are overloaded, or close it: up to the first word,
        that is as good as an error status.

        Raises:
            ProviderError: It failed before that.
        """
        tools, ask, choice = self._tools, self._ask, self.choice
        try:
            strike = None if tools.faults is None else await struck_at_once(tools.faults, choice, self.patience)
            link = choice.road.link
            launcher = tools.launchers.get(link.name) if tools.launchers else None
            base_url = link.base_url if launcher is None else await self._launched(launcher)
            own_key = None if launcher is None else launcher.key
            exchange = self._exchange = self._exchange_with(base_url, own_key)
            await exchange.open()
            if not 200 <= exchange.status < 300:
                exchange = await self._refused(exchange, base_url, own_key)
            dialect = tools.dialects[choice.target.dialect]
            if not ask.stream or exchange.headers.get("content-type", "").startswith("application/json"):
                self.whole = True
                body = await exchange.body(REPLY_BYTES)
                events = dialect.read_whole(ask, body)
                if ask.kind in _FINISHED_KINDS and not any(type(event) is Finished for event in events):
                    self.unread = events
                    raise unfinished()
                # A client that wants a stream cannot be sent a whole body: let its dialect write the events.
                held = [Chunk(events, None if ask.stream else body)]
            else:
                stream = StreamedReply(
                    exchange, dialect.stream_reader(ask), self.patience.idle_s, tools.clock.monotonic, link.name
                )
                self.stream = stream if strike is None else Struck(stream, strike, self.patience)
                held = await self._first_words(self.stream)
        except ProviderError as error:
            hide_secrets(error, choice.link)
            raise
        self.first_s = tools.clock.monotonic()
        return held

    @property
    def pace_name(self) -> str:
        """Under which name its time to the first byte is kept: whole replies begin when they are written."""
        model = self.choice.target.provider_model
        return model if self._ask.stream else f"{model} (whole)"

    @property
    def ran_out(self) -> bool:
        """True when it was at work, but not done within its total time."""
        exchange = self._exchange
        if exchange is None:
            return self._ran_out
        return exchange.ran_out and (self.first_s is not None or exchange.status > 0)

    def close(self, outcome: Outcome) -> None:
        """Let go of everything; the provider is no longer listened to. Closing again does nothing."""
        if self._exchange is not None:
            self._ran_out = self.ran_out
            self._exchange.close()
            self._exchange = None
        if self._entered:
            self._entered = False
            first_byte_s = None if self.first_s is None else self.first_s - self.started_s
            self.choice.road.standing.limiter.leave(outcome, first_byte_s)

    def _exchange_with(self, base_url: str, own_key: str | None) -> Exchange:
        """The exchange with the provider at `base_url`; `own_key` is that of a server which the gateway runs itself."""
        request, road = self._request, self.choice.road
        outbound, errand = self._tools.outbound, Errand(road.link.name, base_url, self.patience)
        if own_key is not None:
            headers = {"authorization": f"Bearer {own_key}", **_JSON, **road.link.headers, **request.headers}
            return outbound.post(errand, request.path, headers, request.body)
        # Nearly all calls of a model have the same head: it is written once.
        name = (self.choice.admission.lane.key, request.path, *request.headers.items())
        head = road.heads.get(name)
        if head is None:
            head = outbound.head(base_url, request.path, self._headers())
            if len(road.heads) >= MOST_HEADS:
                road.heads.clear()
            road.heads[name] = head
        return outbound.post_with(errand, head, request.body)

    def _headers(self) -> dict[str, str]:
        link = self.choice.road.link
        key = link.keys[self.choice.admission.lane.key] if link.keys else ""
        return {**_JSON, **auth_header(link, key), **link.headers, **self._request.headers}

    async def _refused(self, exchange: Exchange, base_url: str, own_key: str | None) -> Exchange:
        """The exchange in which the request was sent again whole, if what it named is gone.

        Raises:
            ProviderError: It was refused for another reason, or again.
        """
        body = await exchange.error_body()
        reference, choice = self._request.reference, self.choice
        if reference is None or not reference.is_gone(exchange.status, body):
            raise self._refusal(exchange, body)
        exchange.close()
        assert choice.prefix is not None, "nothing else names anything"
        choice.prefix.gone(choice.target, choice.admission.lane.key, reference.name)
        self._request = _request(self._tools, self._ask, choice, by_name=False)
        exchange = self._exchange = self._exchange_with(base_url, own_key)
        await exchange.open()
        if not 200 <= exchange.status < 300:
            raise self._refusal(exchange, await exchange.error_body())
        return exchange

    def _refusal(self, exchange: Exchange, body: bytes) -> ProviderError:
        status = exchange.status
        if 300 <= status < 400:
            return ProviderError(
                f"Provider `{self.choice.link.name}` answered with a redirect ({status}), which is not followed; set "
                "its base_url to the final address.",
                retryable=False,
                provider_status=status,
            )
        return self._tools.dialects[self.choice.target.dialect].read_error(status, exchange.headers, body)

    async def _launched(self, launcher: Launcher) -> str:
        """Where a server that the gateway runs itself listens. Its start goes on when this call cannot wait for it."""
        try:
            async with asyncio.timeout(self.patience.total_s):
                return await launcher.base_url()
        except TimeoutError:
            raise self._late("was not started", self.patience.total_s) from None

    async def _first_words(self, stream: StreamedReply | Struck) -> list[Chunk]:
        """The chunks up to the first word. A model that thinks in silence is waited for, but not held back for long.

        Raises:
            ProviderError: As `next` of the stream; or it did not begin while its call could still turn to another.
        """
        held: list[Chunk] = []
        until_s = begins_by_s = self._begins_by_s()
        while not held or not _begun(held[-1]):
            if stream.events:
                chunk = stream.take()
            elif until_s == math.inf:
                chunk = await stream.next()
            else:
                try:
                    async with asyncio.timeout_at(until_s):
                        chunk = await stream.next()
                except TimeoutError:
                    if held and not (self.leaves_time and until_s == begins_by_s):
                        return held
                    raise self._late("did not begin to answer", self.patience.first_byte_s) from None
            if chunk is None:
                break
            held.append(chunk)
            if len(held) == 1:
                until_s = min(until_s, asyncio.get_running_loop().time() + HOLD_S)
        return held

    def _begins_by_s(self) -> float:
        """When it must have begun, by the loop's clock: only where the call's own time is short."""
        if self.patience is self.usual:
            return math.inf
        passed_s = self._tools.clock.monotonic() - self.started_s
        return asyncio.get_running_loop().time() + self.patience.first_byte_s - passed_s

    def _late(self, what: str, limit_s: float) -> ProviderError:
        sentence = f"Provider `{self.choice.link.name}` {what} for {seconds_text(limit_s)}."
        return ProviderError(sentence, code="provider_timeout", status=504)


def _request(tools: Tools, ask: Ask, choice: Choice, *, by_name: bool = True) -> WireRequest:
    target = choice.target
    if not target.offers(ask.kind):
        raise BadAskError(
            f"Model `{target.name}` is served by `{target.provider}`, which offers no {ask.kind} calls.",
            code="unsupported_field",
            param="model",
        )
    dialect = tools.dialects[target.dialect]
    if choice.prefix is None:
        return dialect.request(ask, target)
    marks = choice.prefix.marks(target, choice.admission.lane.key)
    if marks is not None and not by_name:
        marks = msgspec.structs.replace(marks, named=(), wish=None)
    return dialect.request(ask, target, marks)


def _begun(chunk: Chunk) -> bool:
    """Whether a chunk brings more than the opening of a message."""
    return chunk.last or not all(isinstance(event, _PRELUDE) for event in chunk.events)
