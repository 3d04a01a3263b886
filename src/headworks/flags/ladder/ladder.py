"""Climbs down a feature's ladder until a rung answers.

What a rung answers has the dialect's shape, streamed if that was asked for, for each is a `Reply` like any other. A
rung that has nothing to say, or fails, is passed over; when none answers, the client hears why there was a step down.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from msgspec.structs import replace

from headworks.core.degrading import Rung
from headworks.core.errors import BadAskError, HeadworksError, RefusedError
from headworks.core.messages import OURSELVES, Ask, Caller, Message, Route, Target, Text
from headworks.core.people.patterns import matcher
from headworks.core.protocols import Cache, OpenTrace, Routing, Way
from headworks.core.replies import Chunk, Event, Finished, Reply, Started, TextDelta, Usage, UsageReported
from headworks.flags.switches.state import SwitchedOffError

Search = Callable[[str, str, int], Awaitable[str | None]]
"""Passages for a question, as text for people with links: question, index, how many."""

_REFUSALS = frozenset({"feature_disabled", "insufficient_quota", "rate_limit_exceeded", "unpriced_model"})
_log = structlog.get_logger("headworks.flags")


class Ladder:
    """One for each config.

    Args:
        routing: Plans the route of another model.
        cache: Where answers of before are.
        search: Finds passages; None where there is no index.
    """

    def __init__(self, routing: Routing, cache: Cache, search: Search | None = None) -> None:
        self._routing = routing
        self._cache = cache
        self._search = search

    @asynccontextmanager
    async def below(
        self, error: HeadworksError, way: Way, call: tuple[Ask, Caller, Route, OpenTrace]
    ) -> AsyncIterator[Reply]:
        """The answer of the first rung that has one.

        Args:
            error: Why the feature did not answer.
            way: Asks a model, for a route.
            call: What was asked.

        Raises:
            HeadworksError: `error`, when no rung answers; or what ends an answer that has begun.
        """
        async with AsyncExitStack() as stack:
            yield await self._first(stack, error, way, call)

    async def _first(
        self,
        stack: AsyncExitStack,
        error: HeadworksError,
        way: Way,
        call: tuple[Ask, Caller, Route, OpenTrace],
    ) -> Reply:
        ask, caller, route, trace = call
        for number, rung in enumerate(route.ladder, 1):
            step = self._step(rung, error, way, (replace(ask, way=number), caller, route, trace))
            try:
                reply = await stack.enter_async_context(step)
            except _NothingError:
                continue
            except HeadworksError as failed:
                _log.info("rung_failed", trace_id=ask.trace_id, level=rung.level, code=failed.code)
                continue
            trace.degraded(rung.level, error.code)
            return reply
        raise error

    @asynccontextmanager
    async def _step(
        self, rung: Rung, error: HeadworksError, way: Way, call: tuple[Ask, Caller, Route, OpenTrace]
    ) -> AsyncIterator[Reply]:
        ask, caller, route, trace = call
        if rung.level == "model":
            if isinstance(error, SwitchedOffError) and error.as_a_whole:  # then nobody is asked
                raise _NothingError
            other = self._routing.plan(replace(ask, model=rung.model, feature=route.feature), caller)
            async with way(ask, caller, replace(other, query_type=route.query_type, ladder=()), trace) as reply:
                yield reply
        elif rung.level == "cache":
            loose = replace(route.caching, exact=True, joined=False, shadow=0.0, strict=False)
            if rung.max_error is not None:
                loose = replace(loose, max_error=rung.max_error)
            found = self._cache.look_up(ask, caller, replace(route, caching=loose), trace)
            async with found:
                if found.reply is None:
                    raise _NothingError
                yield trace.watch(found.reply)
        else:
            text = await self._text(rung, ask)
            if text is None or ask.kind not in ("chat", "completion"):
                raise _NothingError
            yield trace.watch(said(text, ask, route))

    async def _text(self, rung: Rung, ask: Ask) -> str | None:
        if rung.level == "message":
            return rung.text
        question = _question(ask)
        if rung.level == "rule":
            return next((text for pattern, text in rung.rules if matcher(pattern, ignore_case=True)(question)), None)
        if self._search is None or not question:
            return None
        return await self._search(question, rung.index, rung.top_k)


class _NothingError(Exception):
    """A rung has nothing to say."""


def may_step_down(error: HeadworksError) -> bool:
    """Whether a ladder is for this error: not for what is the caller's fault, or not theirs to ask for."""
    if isinstance(error, RefusedError):
        return error.code in _REFUSALS
    return not isinstance(error, BadAskError)


def said(text: str, ask: Ask, route: Route) -> Reply:
    """A text as the answer of this gateway itself. It has used no tokens."""
    target = Target(name=route.targets[0].name, provider=OURSELVES, provider_model=OURSELVES, dialect=ask.dialect)
    events: list[Event] = [
        Started(id=ask.trace_id, model=target.name),
        TextDelta(text),
        Finished("stop"),
        UsageReported(Usage()),
    ]

    async def once() -> AsyncIterator[Chunk]:
        yield Chunk(events)

    return Reply(target=target, streamed=ask.stream, chunks=once())


def _question(ask: Ask) -> str:
    """The last words of the user."""
    for message in reversed(ask.prompt.messages):
        if message.role == "user":
            return _words(message)
    return ""


def _words(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if isinstance(part, Text))
