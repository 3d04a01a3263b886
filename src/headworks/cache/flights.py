"""Calls that are equal and under way share one provider call: the first leads, the others follow its answer.

Invariants: every reader gets the answer from its beginning; a leader that nobody follows reads its provider itself, at
the price of one list; once somebody follows, a task of the flight's own reads, so that a leader with a slow client
holds nobody up; whatever ends the flight, every reader is told.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from headworks.core.errors import HeadworksError, ProviderError
from headworks.core.messages import Ask
from headworks.core.replies import Chunk, Reply


class Flight:
    """One answer under way.

    Args:
        lead: The ask that leads.
        tries: How many flights of the same key failed just before.
        seen: The store's mark when it was asked for.

    Attributes:
        reply: What was answered, once it began.
        chunks: What came so far. Not to be changed.
        ended: True once nothing more comes.
        error: Why it ended, when it did not end well. None too for a leader that left.
        readers: How many follow.
    """

    __slots__ = (
        "_lead",
        "_pulling",
        "_pump",
        "_source",
        "_waiting",
        "chunks",
        "ended",
        "error",
        "readers",
        "reply",
        "seen",
        "tries",
    )

    def __init__(self, lead: Ask, tries: int = 0, seen: int = 0) -> None:
        self.reply: Reply | None = None
        self.chunks: list[Chunk] = []
        self.ended = False
        self.error: HeadworksError | None = None
        self.readers = 0
        self.tries = tries
        self.seen = seen
        self._lead = lead
        self._source: AsyncIterator[Chunk] | None = None
        self._pulling = False
        self._pump: asyncio.Task[None] | None = None
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def streamed(self) -> bool:
        """Whether the leader's client wants a stream: then the provider's bytes fit followers that want one."""
        return self._lead.stream

    def carry(self, reply: Reply, whole: Callable[[list[Chunk]], None]) -> Reply:
        """`reply` for the leader, shared with whoever follows. `whole` is called with its chunks if it ends well."""
        self.reply = reply
        self._source = _Closing(self, reply.chunks, whole)
        return Reply(target=reply.target, streamed=reply.streamed, chunks=_Led(self), dropped=reply.dropped)

    def answered(self, reply: Reply, chunk: Chunk) -> None:
        """It is answered at once, without a provider."""
        self.reply = reply
        self.chunks.append(chunk)
        self.end(None)

    def follow(self) -> None:
        """One more reader. The leader's call does not end with its client from now on."""
        self.readers += 1
        self._lead.followed = True
        if self._source is not None and not self._pulling:
            self.pump()

    def leave(self) -> None:
        """One reader less."""
        self.readers -= 1
        self._lead.followed = self.readers > 0

    def end(self, error: HeadworksError | None) -> None:
        """Nothing more comes."""
        if not self.ended:
            self.ended = True
            self.error = error
            self._wake()

    def abandon(self, error: HeadworksError | None) -> None:
        """The leader's call is over, well or not: nobody reads its provider any more."""
        if self._pump is not None:
            self._pump.cancel()
            self._pump = None
        self.end(error)
        self._source = None

    async def pull(self) -> Chunk | None:
        """The leader's next chunk; None when it cannot read itself: the flight's task does by now."""
        assert self._source is not None, "it was carried"
        if self._pump is not None:
            return None
        chunk = await self._read(self._source)
        if self.readers and not self.ended:
            self.pump()
        return chunk

    def pump(self) -> None:
        """Let a task of the flight's own read from here on."""
        if self._pump is None and not self.ended and self._source is not None:
            self._pump = asyncio.get_running_loop().create_task(self._run(self._source))

    async def at(self, place: int) -> Chunk:
        """The chunk at `place`.

        Raises:
            StopAsyncIteration: The answer is shorter.
            HeadworksError: It broke off.
        """
        while place >= len(self.chunks):
            if self.ended:
                if self.error is not None:
                    raise told_again(self.error)
                raise StopAsyncIteration
            await self.news()
        return self.chunks[place]

    async def news(self) -> None:
        """Wait for another chunk, or the end."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await waiter

    async def _run(self, source: AsyncIterator[Chunk]) -> None:
        try:
            while not self.ended:
                await self._read(source)
        except (StopAsyncIteration, HeadworksError):
            return  # readers are told by `ended` and `error`
        finally:
            self.end(ProviderError("The call that this answer was shared with broke off.", code="stream_interrupted"))

    async def _read(self, source: AsyncIterator[Chunk]) -> Chunk:
        self._pulling = True
        try:
            chunk = await anext(source)
        finally:
            self._pulling = False
        self.chunks.append(chunk)
        self._wake()
        return chunk

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)


class _Closing:
    """The provider's chunks; tells its flight how they end."""

    __slots__ = ("_flight", "_next", "_whole")

    def __init__(self, flight: Flight, chunks: AsyncIterator[Chunk], whole: Callable[[list[Chunk]], None]) -> None:
        self._flight = flight
        self._next = chunks.__anext__
        self._whole = whole

    def __aiter__(self) -> "_Closing":
        return self

    async def __anext__(self) -> Chunk:
        try:
            return await self._next()
        except StopAsyncIteration:
            self._whole(self._flight.chunks)
            self._flight.end(None)
            raise
        except HeadworksError as error:
            self._flight.end(error)
            raise


class _Led:
    """The answer as its leader reads it."""

    __slots__ = ("_flight", "_place")

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._place = 0

    def __aiter__(self) -> "_Led":
        return self

    async def __anext__(self) -> Chunk:
        flight = self._flight
        chunk = None
        if self._place == len(flight.chunks) and not flight.ended:
            chunk = await flight.pull()
        if chunk is None:
            chunk = await flight.at(self._place)
        self._place += 1
        return chunk


class Followed:
    """The answer as a follower reads it: from its beginning, and paid for by another.

    Args:
        flight: Which.
        as_sent: Whether the provider's bytes fit this reader: it is answered in the form that the leader asked for.
    """

    __slots__ = ("_as_sent", "_flight", "_place")

    def __init__(self, flight: Flight, *, as_sent: bool) -> None:
        self._flight = flight
        self._as_sent = as_sent
        self._place = 0

    def __aiter__(self) -> "Followed":
        return self

    async def __anext__(self) -> Chunk:
        chunk = await self._flight.at(self._place)
        self._place += 1
        if not self._as_sent:
            return Chunk(chunk.events)
        more = chunk.more and self._place < len(self._flight.chunks)
        return Chunk(chunk.events, chunk.raw, last=chunk.last, more=more)


def told_again(error: HeadworksError) -> HeadworksError:
    """The same error for another call: one exception cannot be raised in many."""
    again = type(error)(
        error.message,
        code=error.code,
        status=error.status,
        retryable=error.retryable,
        param=error.param,
        retry_after_s=error.retry_after_s,
    )
    again.__cause__ = error
    return again
