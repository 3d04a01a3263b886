"""Make the provider call: one target after the other until one begins to answer, then its chunks as they arrive."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from headworks.core.clock import Clock
from headworks.core.errors import BadAskError, ProviderError
from headworks.core.messages import Ask, Route, Target
from headworks.core.policy import PATTERNS
from headworks.core.protocols import OpenTrace
from headworks.core.replies import Chunk, Reply, Started, TokensCounted, UsageReported
from headworks.dialects.protocols import ProviderDialect, StreamReader, WireRequest
from headworks.dialects.sse import EventSplitter
from headworks.providers.link import Link
from headworks.providers.outbound.http import Errand, Exchange, Outbound
from headworks.providers.secrets import auth_header, hide_secrets

REPLY_BYTES = 256 * 1024 * 1024
_PRELUDE = (Started, UsageReported)
"""What comes before an answer and is none of it."""


class Launcher(Protocol):
    """Something that must run before a provider can be called: the local model."""

    @property
    def key(self) -> str:
        """The key its server wants."""

    async def base_url(self) -> str:
        """Where it listens; starts it first if need be.

        Raises:
            ProviderError: It is not installed or does not start.
        """


class ProviderCalls:
    """The providers room.

    Args:
        links: Every configured provider by name.
        dialects: Every provider dialect by name.
        outbound: The way out; outlives this object when the config is reloaded.
        launchers: Providers that are started on first use, by name.
        count: Counts the tokens of an ask offline, for providers that cannot.
        clock: For the time of attempts.
    """

    def __init__(
        self,
        links: Mapping[str, Link],
        dialects: Mapping[str, ProviderDialect],
        outbound: Outbound,
        launchers: Mapping[str, Launcher],
        count: Callable[[Target, Ask], Awaitable[int]],
        clock: Clock,
    ) -> None:
        self._links = links
        self._dialects = dialects
        self._outbound = outbound
        self._launchers = launchers
        self._count = count
        self._clock = clock
        self._keys = {name: itertools.cycle(link.keys or ("",)) for name, link in links.items()}

    @asynccontextmanager
    async def call(self, ask: Ask, route: Route, trace: OpenTrace) -> AsyncIterator[Reply]:
        """Open the reply of the first target that answers; close it on every way out."""
        failure: ProviderError | None = None
        for number, target in enumerate(route.targets, 1):
            if ask.kind == "count" and "count" not in target.capabilities:
                yield await self._counted_here(ask, target)
                return
            request = self._request(ask, target, failure)
            trace.attempt(target, self._clock.monotonic())
            exchange: Exchange | None = None
            try:
                try:
                    exchange = await self._exchange(target, request)
                    await exchange.open()
                    reply = await self._reply(ask, target, request, exchange)
                    if number < len(route.targets):
                        reply.chunks = await _begun(reply.chunks)
                except ProviderError as error:
                    hide_secrets(error, self._links[target.provider])
                    trace.attempt_failed(error)
                    failure = error
                    if not error.retryable or number == len(route.targets):
                        raise
                    continue
                reply.attempts = number
                yield reply
                return  # noqa: TRY300  what the reader raises at the yield belongs to this try
            except ProviderError as error:
                hide_secrets(error, self._links[target.provider])
                raise
            finally:
                if exchange is not None:
                    exchange.close()
        raise failure or ProviderError("No model is left to try.")

    def _request(self, ask: Ask, target: Target, failure: ProviderError | None) -> WireRequest:
        """The wire request; a fallback that cannot take the ask does not hide why the first one failed."""
        kinds = target.capabilities
        if ask.kind not in kinds and not (ask.kind == "completion" and "chat" in kinds):
            raise BadAskError(
                f"Model `{target.name}` is served by `{target.provider}`, which offers no {ask.kind} calls.",
                code="unsupported_field",
                param="model",
            )
        try:
            return self._dialects[target.dialect].request(ask, target)
        except BadAskError:
            if failure is not None:
                raise failure from None
            raise

    async def _exchange(self, target: Target, request: WireRequest) -> Exchange:
        link = self._links[target.provider]
        base_url, auth = link.base_url, auth_header(link, next(self._keys[target.provider]))
        launcher = self._launchers.get(target.provider)
        if launcher is not None:
            base_url = await launcher.base_url()
            auth = {"authorization": f"Bearer {launcher.key}"}
        headers = {"content-type": "application/json", **auth, **link.headers, **request.headers}
        patience = link.timeouts.over(PATTERNS["background"])
        return self._outbound.post(Errand(link.name, base_url, patience), request.path, headers, request.body)

    async def _reply(self, ask: Ask, target: Target, request: WireRequest, exchange: Exchange) -> Reply:
        dialect = self._dialects[target.dialect]
        if not 200 <= exchange.status < 300:
            if 300 <= exchange.status < 400:
                raise ProviderError(
                    f"Provider `{target.provider}` answered with a redirect ({exchange.status}), which is not "
                    "followed; set its base_url to the final address.",
                    retryable=False,
                    provider_status=exchange.status,
                )
            raise dialect.read_error(exchange.status, exchange.headers, await exchange.error_body())
        whole = not ask.stream or exchange.headers.get("content-type", "").startswith("application/json")
        chunks = _whole(ask, dialect, exchange) if whole else _stream(dialect.stream_reader(ask), exchange)
        return Reply(target=target, streamed=not whole, chunks=chunks, dropped=request.dropped)

    async def _counted_here(self, ask: Ask, target: Target) -> Reply:
        tokens = await self._count(target, ask)
        return Reply(
            target=target, streamed=False, chunks=_one(Chunk([TokensCounted(tokens, exact=False)])), attempts=0
        )


async def _begun(chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
    """The same chunks, read until the answer has truly begun: up to there, a failure may go to the next target.

    Providers answer 200 and then say within the stream that they are overloaded, or close it.
    """
    held: list[Chunk] = []
    async for chunk in chunks:
        held.append(chunk)
        if chunk.last or not all(isinstance(event, _PRELUDE) for event in chunk.events):
            break
    return _after(held, chunks)


async def _after(held: list[Chunk], chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
    for chunk in held:
        yield chunk
    async for chunk in chunks:
        yield chunk


async def _one(chunk: Chunk) -> AsyncIterator[Chunk]:
    yield chunk


async def _whole(ask: Ask, dialect: ProviderDialect, exchange: Exchange) -> AsyncIterator[Chunk]:
    body = await exchange.body(REPLY_BYTES)
    events = dialect.read_whole(ask, body)
    # A client that wants a stream cannot be sent a whole body: let its dialect write the events.
    yield Chunk(events, None if ask.stream else body)


async def _stream(reader: StreamReader, exchange: Exchange) -> AsyncIterator[Chunk]:
    splitter = EventSplitter()
    while piece := await _next_piece(exchange):
        events = splitter.feed(piece)
        waiting = len(events)
        for event in events:
            waiting -= 1
            chunk = reader.read(event)
            if chunk.last and not reader.finished():
                raise _unfinished()
            chunk.more = waiting > 0
            yield chunk
            if chunk.last:
                await exchange.drain()
                return
    if rest := splitter.end():
        yield reader.read(rest + b"\n\n")
    if not reader.finished():
        raise _unfinished()


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
