"""One call's way through the cache: looked up, followed or led, and its answer kept."""

import asyncio
from collections.abc import Callable
from types import TracebackType

from msgspec import Struct, field

from headworks.cache.answers import folded, keepable, said_again, used
from headworks.cache.copies import Copies
from headworks.cache.counts import Counts
from headworks.cache.entries import Entry, Facets
from headworks.cache.flights import Flight, Followed, told_again
from headworks.cache.key import Key
from headworks.cache.protocols import Match, Question, Search, Shared, Similar, Store
from headworks.cache.recent import Recent
from headworks.core.clock import Clock
from headworks.core.errors import HeadworksError, ProviderError
from headworks.core.messages import Ask, Caller, Route, Target
from headworks.core.protocols import OpenTrace
from headworks.core.replies import Chunk, Reply, Usage

FALLBACK_TTL_S = 300.0
"""The answer of a fallback is kept for so long at most: the first choice may be back soon."""
MOST_TRIES = 1
"""So many followers make a call of their own after their leader's failed. Then all are told: nobody answers."""


class Kit(Struct, kw_only=True):
    """What all calls of the room share.

    Attributes:
        store: This node's entries.
        clock: For ages and deadlines.
        cost_nano: What a call cost, for what a hit saves; None when no price is known.
        counts: What was done.
        flights: Calls under way, by key.
        shared: All nodes' entries.
        similar: By meaning.
        recent: Which calls were answered from which entries.
        copies: What was written of entries.
    """

    store: Store
    clock: Clock
    cost_nano: Callable[[Target, Usage], int | None]
    counts: Counts = field(default_factory=Counts)
    flights: dict[bytes, Flight] = field(default_factory=dict)
    shared: Shared | None = None
    similar: Similar | None = None
    recent: Recent = field(default_factory=Recent)
    copies: Copies = field(default_factory=Copies)

    def keep(self, entry: Entry, seen: int) -> bool:
        """Keep an answer, here and for other nodes; False when it was invalidated while it was written."""
        if not self.store.put(entry, seen):
            return False
        self.counts.stored += 1
        if self.shared is not None:
            self.shared.put(entry)
        return True


class _Nothing:
    """The lookup of a call that is not cached. It does nothing, and all such calls share it."""

    reply: Reply | None = None

    async def __aenter__(self) -> "_Nothing":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """There is nothing to leave."""

    def kept(self, reply: Reply) -> Reply:
        """The reply as it is."""
        return reply


NOTHING = _Nothing()


class Looking:
    """One call's way through the cache.

    Attributes:
        reply: The answer, once entered; None when a provider has to be called.
    """

    __slots__ = (
        "_ask",
        "_asked_s",
        "_caller",
        "_flight",
        "_key",
        "_kit",
        "_leads",
        "_route",
        "_search",
        "_seen",
        "_trace",
        "reply",
    )

    def __init__(self, kit: Kit, ask: Ask, caller: Caller, route: Route, trace: OpenTrace, key: Key) -> None:
        self.reply: Reply | None = None
        self._kit = kit
        self._caller = caller
        self._ask = ask
        self._route = route
        self._trace = trace
        self._key = key
        self._flight: Flight | None = None
        self._leads = False
        self._search: Search | None = None
        self._asked_s = kit.clock.now()
        self._seen = kit.store.mark()

    async def __aenter__(self) -> "Looking":
        if self._ask.cache != "refresh":
            entry = self._kit.store.get(self._key.exact)
            if entry is not None:
                self.reply = self._hit(entry)
                return self
            if self._route.caching.joined:
                await self._join()
                if not self._leads:
                    return self
        entered = False
        try:
            await self._look_further()
            entered = True
        finally:
            if not entered:  # nobody leaves what could not be entered
                self._land(None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._leads:
            self._land(_told(error))
        elif self._flight is not None:
            self._flight.leave()

    def kept(self, reply: Reply) -> Reply:
        """The provider's reply: shared while it is written, and kept when it is whole."""
        flight = self._flight or Flight(self._ask)
        self._flight = flight
        self._leads = True
        return flight.carry(reply, self._keep)

    async def _join(self) -> None:
        """Follow an equal call that is under way, or lead.

        Raises:
            HeadworksError: The call that was followed failed, and it is no use to make another.
        """
        flights, tries = self._kit.flights, 0
        # What was invalidated since a call began means that call's answer, too: it is not for those who ask now.
        while (flight := flights.get(self._key.exact)) is not None and flight.seen >= self._seen:
            flight.follow()
            try:
                self._flight = flight if await self._followed(flight) else None
            finally:
                if self._flight is None:
                    flight.leave()
            if self._flight is not None:
                return
            tries = self._after(flight, tries)
        self._flight = flights[self._key.exact] = Flight(self._ask, tries, self._seen)
        self._leads = True

    async def _followed(self, flight: Flight) -> bool:
        """Whether the call that is followed has begun to answer."""
        while not flight.chunks and not flight.ended:
            await self._in_time(flight)
        if flight.reply is None or not flight.chunks:
            return False
        as_sent = flight.streamed == self._ask.stream
        self.reply = Reply(
            target=flight.reply.target,
            streamed=flight.reply.streamed if as_sent else self._ask.stream,
            chunks=Followed(flight, as_sent=as_sent),
            dropped=flight.reply.dropped,
        )
        self._kit.counts.joined += 1
        self._trace.cached("joined")
        return True

    def _after(self, flight: Flight, tries: int) -> int:
        """What comes after a flight that failed before its first word: how many have failed by now."""
        error = flight.error
        if error is None or error.code == "deadline_exceeded":
            return tries  # its leader left, or had no time: that is no failure of the call
        if flight.tries >= MOST_TRIES or not isinstance(error, ProviderError):
            raise told_again(error)
        return flight.tries + 1

    async def _in_time(self, flight: Flight) -> None:
        """Wait for news for as long as this call's own client waits."""
        limits = [limit for limit in (self._ask.deadline_s, self._ask.begin_by_s) if limit is not None]
        if not limits:
            await flight.news()
            return
        left_s = min(limits) - self._kit.clock.monotonic()
        try:
            async with asyncio.timeout(max(left_s, 0)):
                await flight.news()
        except TimeoutError:
            raise ProviderError(
                "The call did not end within its deadline: an equal one that was under way had not begun to answer.",
                code="deadline_exceeded",
                status=504,
                retryable=False,
            ) from None

    async def _look_further(self) -> None:
        """Where a look takes longer: in the shared store, and by meaning."""
        kit, caching = self._kit, self._route.caching
        if self._ask.cache != "refresh":
            entry = await kit.shared.get(self._key.exact) if kit.shared is not None else None
            if entry is not None:
                kit.store.put(entry, self._seen)
                self._answer(entry)
                return
            if kit.similar is not None and caching.max_error is not None and self._key.partition is not None:
                self._search = search = await kit.similar.find(self._question())
                if search.match is not None:
                    self._answer(search.match.entry, search.match)
                    return
        kit.counts.missed += 1
        self._trace.cached("miss")

    def _question(self) -> Question:
        found_by = facets(self._ask, self._route)
        return Question(ask=self._ask, caller=self._caller, route=self._route, key=self._key, facets=found_by)

    def _answer(self, entry: Entry, match: Match | None = None) -> None:
        """Answer at once, followers too."""
        self.reply = reply = self._hit(entry, match)
        if self._flight is not None:
            self._flight.answered(reply, Chunk(entry.events))

    def _hit(self, entry: Entry, match: Match | None = None) -> Reply:
        counts = self._kit.counts
        counts.saved_nano += entry.cost_nano or 0
        self._kit.recent.note(self._ask.trace_id, entry.key)
        age_s = max(0.0, self._kit.clock.now() - entry.created_s)
        if match is None:
            counts.exact += 1
            self._trace.cached("hit-exact", age_s=age_s, saved_nano=entry.cost_nano)
        else:
            counts.semantic += 1
            self._trace.cached(
                "hit-semantic",
                age_s=age_s,
                saved_nano=entry.cost_nano,
                similarity=match.similarity,
                bound=match.bound,
                error=match.error,
            )
        return said_again(entry, self._route, self._kit.copies.of(entry), streamed=self._ask.stream)

    def _keep(self, chunks: list[Chunk]) -> None:
        """The answer has ended well."""
        reply = self._flight.reply if self._flight is not None else None
        events = folded(chunks)
        if reply is None or not keepable(events, limited=self._key.limited):
            return
        asked_s, caching = self._asked_s, self._route.caching
        first = reply.target.name == self._route.targets[0].name
        entry = Entry(
            key=self._key.exact,
            facets=facets(self._ask, self._route),
            created_s=asked_s,  # what is invalidated while it was written is not kept
            expires_s=asked_s + (caching.ttl_s if first else min(caching.ttl_s, FALLBACK_TTL_S)),
            model=reply.target.name,
            provider=reply.target.provider,
            provider_model=reply.target.provider_model,
            events=events,
            cost_nano=None if (usage := used(events)) is None else self._kit.cost_nano(reply.target, usage),
        )
        if not self._kit.keep(entry, self._seen):
            return
        self._kit.recent.note(self._ask.trace_id, entry.key)
        if self._search is not None:
            self._search.answered(entry)

    def _land(self, error: HeadworksError | None) -> None:
        """The lead is over: equal calls from now on find the entry, or lead themselves."""
        flight = self._flight
        if flight is not None:
            if self._kit.flights.get(self._key.exact) is flight:
                del self._kit.flights[self._key.exact]
            flight.abandon(error)


def _told(error: BaseException | None) -> HeadworksError | None:
    """What followers of a call that ended so are told; None when one of them may take over."""
    if error is None or isinstance(error, HeadworksError):
        return error
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return None
    return ProviderError("The equal call that this one had joined broke down.", retryable=True)


def facets(ask: Ask, route: Route) -> Facets:
    """What an entry of this call is found by when it is to go."""
    return Facets(
        org=ask.org_id or "",
        user=ask.user_id or "",
        feature=route.feature,
        model=route.targets[0].name,
        prompt=route.versions.prompt,
        corpus=route.versions.corpus,
        tags=ask.tags,
    )
