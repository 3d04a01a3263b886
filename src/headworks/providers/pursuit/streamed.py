"""A streamed reply, event by event, for as long as its provider goes on as it should.

Invariants: an event has to come whole within the silence that is allowed, however many single bytes come; a stream ends
well only once a finish reason was told, and from then on nothing that is missing behind it matters.
"""

from collections import deque
from collections.abc import Callable

from headworks.core.clock import seconds_text
from headworks.core.errors import ProviderError
from headworks.core.replies import Chunk
from headworks.dialects.protocols import StreamReader
from headworks.dialects.sse import EventSplitter
from headworks.providers.outbound.http import Exchange


class StreamedReply:
    """Reads one stream.

    Args:
        exchange: Where its bytes come from, its headers read.
        reader: Says what its events mean.
        idle_s: How long an event may take to come.
        tick: Monotonic clock.
        provider: The provider's name, for sentences.

    Attributes:
        events: What has come and was not read yet: while there is some, `take` has the next chunk at once.
    """

    __slots__ = ("_exchange", "_idle_s", "_last", "_partial_s", "_provider", "_reader", "_splitter", "_tick", "events")

    def __init__(
        self, exchange: Exchange, reader: StreamReader, idle_s: float, tick: Callable[[], float], provider: str
    ) -> None:
        self._exchange = exchange
        self._reader = reader
        self._idle_s = idle_s
        self._tick = tick
        self._provider = provider
        self._splitter = EventSplitter()
        self.events: deque[bytes] = deque()
        self._partial_s: float | None = None
        self._last = False

    async def next(self) -> Chunk | None:
        """The next chunk; None once the answer has ended well.

        Raises:
            ProviderError: It broke off: lost, silent, malformed, or ended without a finish reason.
        """
        if self._last:
            await self._exchange.drain()
            return None
        try:
            if not self.events:
                await self._more()
                if not self.events:
                    return self._end()
        except ProviderError:
            if not self._complete():
                raise
            return None
        return self.take()

    def take(self) -> Chunk | None:
        """As `next`, without waiting, while there are `events`."""
        events, reader = self.events, self._reader
        try:
            chunk = reader.read(events.popleft())
            if chunk.last:
                self._last = True
                events.clear()
                if not reader.finished():
                    raise unfinished()
            elif events:
                chunk.more = True
        except ProviderError:
            if not self._complete():
                raise
            return None
        return chunk

    def _complete(self) -> bool:
        """Whether the finish reason was told: then it is over, and what is missing behind it does not matter."""
        if not self._reader.finished():
            return False
        self._last = True
        self.events.clear()
        return True

    async def _more(self) -> None:
        """Read until at least one event is whole. Single bytes are no progress."""
        events, piece_of = self.events, self._exchange.piece
        while not events:
            try:
                piece = await piece_of()
            except ProviderError as error:
                if error.code != ProviderError.default_code:
                    raise
                # A connection that breaks now has cut an answer that somebody is reading.
                raise ProviderError(error.message, code="stream_interrupted") from error
            if not piece:
                return
            events.extend(self._splitter.feed(piece))
            if events:
                self._partial_s = None
            else:
                self._check_progress()

    def _check_progress(self) -> None:
        now_s = self._tick()
        if self._partial_s is None:
            self._partial_s = now_s
        elif now_s - self._partial_s > self._idle_s:
            raise ProviderError(
                f"Provider `{self._provider}` sent single bytes and no whole event for {seconds_text(self._idle_s)}.",
                code="provider_timeout",
                status=504,
            )

    def _end(self) -> Chunk | None:
        """The connection has ended: with an event that lacks its blank line, well, or in the middle of the answer."""
        self._last = True
        rest = self._splitter.end()
        chunk = self._reader.read(rest + b"\n\n") if rest else None
        if not self._reader.finished():
            raise unfinished()
        return chunk


def unfinished() -> ProviderError:
    """The error for an answer that ended, and did not say why."""
    return ProviderError(
        "The provider's answer ended without a finish reason; the answer is incomplete.", code="stream_interrupted"
    )
