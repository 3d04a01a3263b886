"""The chunks of one answer, whoever says them: when a stream breaks off, the rest comes from another attempt.

Invariants: no character is delivered twice and none is lost; an answer ends either whole, with a finish reason, or with
an error; chunks behind a seam carry events only, since their bytes belong to another stream.
"""

from collections import deque
from collections.abc import Iterator

from headworks.core.errors import HeadworksError, ProviderError
from headworks.core.replies import (
    Chunk,
    Event,
    RefusalDelta,
    Resumed,
    TextDelta,
    ThinkingDelta,
    ToolArgumentsDelta,
)
from headworks.providers.pursuit.attempt import Attempt
from headworks.providers.pursuit.plans import Fresh, Rest
from headworks.providers.pursuit.pursuer import Pursuer
from headworks.providers.pursuit.streamed import StreamedReply
from headworks.providers.pursuit.struck import Struck
from headworks.providers.resume import Delivered, DivergedError, Joiner, Mode


class Answer:
    """Satisfies `AsyncIterator[Chunk]`.

    Args:
        pursuer: Who asks.
        plan: What was asked.
        attempt: The attempt that has begun.
        held: Its first chunks.
    """

    __slots__ = (
        "_attempt",
        "_delivered_tokens",
        "_exact",
        "_held",
        "_joiner",
        "_plan",
        "_pursuer",
        "_refused",
        "_said",
        "_stream",
    )

    def __init__(self, pursuer: Pursuer, plan: Fresh, attempt: Attempt, held: list[Chunk]) -> None:
        self._pursuer = pursuer
        self._plan = plan
        self._attempt = attempt
        self._held = deque(held)
        self._stream: StreamedReply | Struck | _Diverged | None = attempt.stream
        self._joiner: Joiner | None = None
        self._delivered_tokens = 0
        self._exact = True
        self._refused: set[tuple[int, Mode]] = set()
        resumable = not attempt.whole and pursuer.route.policy.resume != "off"
        self._said: list[str | Event] | None = [] if resumable else None
        """What was delivered: plain text of the first choice as it is, for the sake of memory, all else as events."""

    def __aiter__(self) -> "Answer":
        return self

    async def __anext__(self) -> Chunk:
        try:
            if self._held:
                chunk = self._held.popleft()
                chunk.more = bool(self._held)
            elif self._stream is None:
                chunk = None
            else:
                chunk = self._stream.take() if self._stream.events else await self._stream.next()
            if self._joiner is not None:
                chunk = self._joined(self._joiner, chunk)
        except ProviderError as error:
            chunk = await self._go_on(error)
        if chunk is None:
            self._pursuer.drop(self._attempt, "ok")
            raise StopAsyncIteration
        said = self._said
        if said is not None:
            for event in chunk.events:
                said.append(event.text if type(event) is TextDelta and not event.choice else event)
        return chunk

    def _joined(self, joiner: Joiner, chunk: Chunk | None) -> Chunk | None:
        """What of a later attempt's chunk has still to be delivered."""
        if chunk is None:
            self._joiner = None
            rest = joiner.end()
            return Chunk(rest, heard=[]) if rest else None
        try:
            events = joiner.feed(chunk.events)
            if chunk.last:
                self._joiner = None
                events += joiner.end()
        except DivergedError as error:
            # It cannot be delivered, and is paid for: whoever counts must hear of it before the attempt is given up.
            self._held.clear()
            self._stream = _Diverged(error)
            return Chunk([], heard=chunk.events)
        return Chunk(events, last=chunk.last, more=chunk.more, heard=chunk.events)

    async def _go_on(self, error: ProviderError) -> Chunk | None:
        """The first chunk from an attempt that says the rest.

        Raises:
            ProviderError: Nobody can.
        """
        said, pursuer = self._said, self._pursuer
        if said is None:
            await pursuer.lost(self._attempt, error, self._plan)
            if pursuer.course.left_s() <= 0:
                raise pursuer.course.late() from error
            raise _interrupted(error, "and this feature does not resume streams")
        delivered = Delivered.of(_events(said))
        plan = Rest(pursuer.tools, self._plan.ask, pursuer.route.policy, delivered, self._refused)
        plan.said_tokens = sum(map(_is_piece, said))
        await self._count_lost(error, plan)
        if self._exact:
            plan.said_tokens = max(plan.said_tokens, self._delivered_tokens)
        try:
            self._attempt, held = await pursuer.begin(plan)
        except HeadworksError as last:
            raise _given_up(last, error) from last
        self._plan.ask = plan.ask
        self._held, self._stream = deque(held), self._attempt.stream
        mode = self._attempt.mode
        assert mode is not None, "the rest of an answer is asked for in some mode"
        seam = Resumed(attempt=pursuer.course.calls, mode=mode, model=self._attempt.choice.target.name)
        self._joiner = joiner = Joiner(
            delivered,
            mode,
            seam,
            delivered_tokens=self._delivered_tokens,
            extra_tokens=plan.extra_tokens(mode),
        )
        return self._joined(joiner, self._held.popleft())

    async def _count_lost(self, error: ProviderError, plan: Rest) -> None:
        """Put the attempt that broke off on record. One whose words did not fit says nothing about its provider."""
        attempt, pursuer = self._attempt, self._pursuer
        if isinstance(error, DivergedError) and attempt.mode is not None:
            pursuer.trace.attempt_failed(error)
            pursuer.drop(attempt, "none")
            plan.failed(attempt.choice, attempt.mode)
            return
        used = await pursuer.lost(attempt, error, plan)
        if used is None:
            return
        if attempt.mode == "restart":  # it said again what had been delivered
            self._delivered_tokens = max(self._delivered_tokens, used.output_tokens)
        else:
            self._delivered_tokens += used.output_tokens
        self._exact = self._exact and not used.estimated


class _Diverged:
    """Stands for the stream of an attempt that says something else than what was delivered.

    Args:
        error: Says so.

    Attributes:
        events: None, ever.
    """

    def __init__(self, error: DivergedError) -> None:
        self.events: deque[bytes] = deque()
        self._error = error

    def take(self) -> Chunk | None:
        """Never asked for: there are no `events`."""
        return None

    async def next(self) -> Chunk | None:
        """Raises the error."""
        raise self._error


def _events(said: list[str | Event]) -> Iterator[Event]:
    for item in said:
        yield TextDelta(item) if isinstance(item, str) else item


def _is_piece(item: str | Event) -> bool:
    """Whether it is at least one token."""
    return isinstance(item, str | TextDelta | ThinkingDelta | RefusalDelta | ToolArgumentsDelta)


def _interrupted(error: ProviderError, why: str) -> ProviderError:
    """The error that ends a stream which nobody goes on with."""
    if error.code in ("stream_interrupted", "deadline_exceeded", "content_policy_violation"):
        return error
    return ProviderError(
        f"The answer broke off ({error.message}) {why}.",
        code="stream_interrupted",
        status=502,
        retryable=error.retryable,
    )


def _given_up(last: HeadworksError, first: ProviderError) -> HeadworksError:
    if last.code == "deadline_exceeded" or not isinstance(last, ProviderError):
        return last
    return _interrupted(last if last.code != "stream_interrupted" else first, "and no model could go on with it")
