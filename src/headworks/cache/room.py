"""The cache room: where an ask is looked up, and its answer kept.

The order: what was answered before (memory, disk), then a call that is under way, then the shared store, then a
question that means the same. Whoever finds nothing leads: its answer is shared with those who ask meanwhile, and kept.
"""

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Protocol

from msgspec import Struct

from headworks.cache.answers import folded, keepable, said_again, used
from headworks.cache.counts import Counts
from headworks.cache.entries import Entry, Facets
from headworks.cache.flights import Flight, Followed, told_again
from headworks.cache.grounds import Grounds
from headworks.cache.key import HOSTED, Key, Reader, Reading, key_of
from headworks.core.caching import ON_REQUEST, Caching
from headworks.core.clock import Clock
from headworks.core.errors import HeadworksError, ProviderError
from headworks.core.messages import Ask, Route, Target
from headworks.core.protocols import Lookup, OpenTrace
from headworks.core.replies import Chunk, Reply, Usage

FALLBACK_TTL_S = 300.0
"""The answer of a fallback is kept for so long at most: the first choice may be back soon."""
MOST_TRIES = 1
"""So many followers make a call of their own after their leader's failed. Then all are told: nobody answers."""
_KINDS = frozenset({"chat", "completion", "embedding"})


class Store(Protocol):
    """What keeps entries on this node."""

    def get(self, key: bytes) -> Entry | None:
        """The entry; None when there is none, it has expired, or it is broken."""

    def mark(self) -> int:
        """To be taken when a question is asked: what is invalidated from now on means its answer, too."""

    def put(self, entry: Entry, seen: int | None = None) -> None:
        """Keep it, unless it was invalidated since `seen` was taken."""


class Shared(Protocol):
    """What keeps entries for all nodes."""

    async def get(self, key: bytes) -> Entry | None:
        """The entry; None when there is none, or the store does not answer in a few milliseconds."""

    def put(self, entry: Entry) -> None:
        """Keep it, soon."""


class Question(Struct, frozen=True, kw_only=True):
    """What is looked up by meaning.

    Attributes:
        key: Of the call.
        caching: What the feature wants.
        facets: For invalidation.
        trace_id: Of the call.
    """

    key: Key
    caching: Caching
    facets: Facets
    trace_id: str


class Similar(Protocol):
    """Finds answers by meaning."""

    async def find(self, question: Question) -> "Match | None":
        """The answer of a question that means the same, or None: then the model is asked, and `answered` is told."""

    def answered(self, question: Question, entry: Entry) -> None:
        """The model has answered: learn from it, and let others find it."""


class Match(Struct, frozen=True, kw_only=True):
    """An answer found by meaning.

    Attributes:
        entry: The answer.
        similarity: Of the two questions, up to 1.
        bound: The chance that it is right is at least this.
        shadow: True when the model is to be asked all the same, to see whether it is.
    """

    entry: Entry
    similarity: float
    bound: float


class CacheRoom:
    """Satisfies `core.protocols.Cache`.

    Args:
        store: This node's entries.
        plain: For each client dialect, whether an ask's neutral prompt says all that its body says.
        clock: For ages and deadlines.
        cost_nano: What a call cost, for what a hit saves; None when no price is known.
        shared: All nodes' entries.
        similar: By meaning.
    """

    def __init__(
        self,
        store: Store,
        plain: Mapping[str, Callable[[Ask], bool]],
        clock: Clock,
        cost_nano: Callable[[Target, Usage], int | None],
        *,
        shared: Shared | None = None,
        similar: Similar | None = None,
    ) -> None:
        self.store = store
        self.shared = shared
        self.similar = similar
        self.clock = clock
        self.cost_nano = cost_nano
        self.counts = Counts()
        self.flights: dict[bytes, Flight] = {}
        self._reader = Reader(plain)
        self._grounds = Grounds()

    def look_up(self, ask: Ask, route: Route, trace: OpenTrace) -> Lookup:
        """A call's lookup: enter it to see whether it has an answer."""
        caching = route.caching
        wish = ask.cache
        if wish == "off" or (caching is ON_REQUEST and wish is None) or not _wanted(caching, wish):
            return NOTHING
        reading = self._reader.read(ask) if ask.kind in _KINDS else None
        base = self._grounds.of(ask, route, caching)
        if reading is None or base is None or not _allowed(reading, caching):
            self.counts.passed += 1
            return NOTHING
        return _Looking(self, ask, route, trace, key_of(base, reading), reading)

    def keep(self, entry: Entry, seen: int) -> None:
        """Keep an answer, here and for other nodes."""
        self.counts.stored += 1
        self.store.put(entry, seen)
        if self.shared is not None:
            self.shared.put(entry)


def _wanted(caching: Caching, wish: str | None) -> bool:
    return caching.exact is True or (caching.exact is None and wish in ("on", "refresh"))


def _allowed(reading: Reading, caching: Caching) -> bool:
    """Whether the feature lets such a call be answered from the cache."""
    if reading.temperature is not None and reading.temperature > caching.max_temperature:
        return False
    pure = caching.pure_tools
    return not reading.tools or ("*" in pure and HOSTED not in reading.tools) or reading.tools <= pure


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


class _Looking:
    """One call's way through the cache.

    Attributes:
        reply: The answer, once entered; None when a provider has to be called.
    """

    __slots__ = (
        "_ask",
        "_asked_s",
        "_flight",
        "_key",
        "_leads",
        "_reading",
        "_room",
        "_route",
        "_seen",
        "_trace",
        "reply",
    )

    def __init__(self, room: CacheRoom, ask: Ask, route: Route, trace: OpenTrace, key: Key, reading: Reading) -> None:
        self.reply: Reply | None = None
        self._room = room
        self._ask = ask
        self._route = route
        self._trace = trace
        self._key = key
        self._reading = reading
        self._flight: Flight | None = None
        self._leads = False
        self._asked_s = room.clock.now()
        self._seen = room.store.mark()

    async def __aenter__(self) -> "_Looking":
        if self._ask.cache != "refresh":
            entry = self._room.store.get(self._key.exact)
            if entry is not None:
                self.reply = self._hit(entry)
                return self
            if self._route.caching.joined:
                await self._join()
                if not self._leads:
                    return self
        entered = False
        try:
            await self._search()
            entered = True
        finally:
            if not entered:  # nobody leaves what could not be entered
                self._land(None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._leads:
            self._land(error if isinstance(error, HeadworksError) else None)
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
        flights, tries = self._room.flights, 0
        while (flight := flights.get(self._key.exact)) is not None:
            flight.follow()
            try:
                self._flight = flight if await self._followed(flight) else None
            finally:
                if self._flight is None:
                    flight.leave()
            if self._flight is not None:
                return
            tries = self._after(flight, tries)
        self._flight = flights[self._key.exact] = Flight(self._ask, tries)
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
        self._room.counts.joined += 1
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
        left_s = min(limits) - self._room.clock.monotonic()
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

    async def _search(self) -> None:
        """Where a look takes longer: in the shared store, and by meaning."""
        room = self._room
        if self._ask.cache != "refresh":
            entry = await room.shared.get(self._key.exact) if room.shared is not None else None
            if entry is not None:
                room.store.put(entry)
                self._answer(entry)
                return
            match = await room.similar.find(self._question()) if self._by_meaning() and room.similar else None
            if match is not None:
                self._answer(match.entry, match)
                return
        room.counts.missed += 1
        self._trace.cached("miss")

    def _by_meaning(self) -> bool:
        return self._route.caching.max_error is not None and self._key.partition is not None

    def _question(self) -> Question:
        return Question(
            key=self._key,
            caching=self._route.caching,
            facets=facets(self._ask, self._route),
            trace_id=self._ask.trace_id,
        )

    def _answer(self, entry: Entry, match: Match | None = None) -> None:
        """Answer at once, followers too."""
        self.reply = reply = self._hit(entry, match)
        if self._flight is not None:
            self._flight.answered(reply, Chunk(entry.events))

    def _hit(self, entry: Entry, match: Match | None = None) -> Reply:
        counts = self._room.counts
        age_s = max(0.0, self._room.clock.now() - entry.created_s)
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
            )
        return said_again(entry, self._route, streamed=self._ask.stream)

    def _keep(self, chunks: list[Chunk]) -> None:
        """The answer has ended well."""
        reply = self._flight.reply if self._flight is not None else None
        events = folded(chunks)
        if reply is None or not keepable(events, limited=self._reading.limited):
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
            cost_nano=None if (usage := used(events)) is None else self._room.cost_nano(reply.target, usage),
        )
        self._room.keep(entry, self._seen)
        if self._by_meaning() and self._room.similar is not None:
            self._room.similar.answered(self._question(), entry)

    def _land(self, error: HeadworksError | None) -> None:
        """The lead is over: equal calls from now on find the entry, or lead themselves."""
        flight = self._flight
        if flight is not None:
            if self._room.flights.get(self._key.exact) is flight:
                del self._room.flights[self._key.exact]
            flight.abandon(error)


def facets(ask: Ask, route: Route) -> Facets:
    """What an entry of this call is found by when it is to go."""
    return Facets(
        org=ask.org_id or "",
        user=ask.user_id or "",
        feature=route.feature,
        model=route.targets[0].name,
        tags=ask.tags,
    )
