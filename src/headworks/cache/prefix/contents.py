"""What providers keep under names for us: told when they have made it, forgotten when it ends, made once at a time.

Making is done in the background and may fail: no call waits for it or fails by it. An account (a provider, a model, a
key) that fails is left alone for a while, twice as long each time. What is no longer used is left to end by itself.
"""

import asyncio

import structlog
from msgspec import Struct

from headworks.cache.prefix.counts import Counts
from headworks.cache.prefix.storage import stored_nano
from headworks.cache.prefix.traffic import Latest
from headworks.core.clock import Clock
from headworks.core.errors import ProviderError
from headworks.core.prefix import LIFE_S, Kept, Life, Named, Order, Post

MARGIN_S = 10.0
"""What ends so soon is not named any more: a request takes a moment to arrive."""
MOST_CONTENTS, MOST_ACCOUNTS = 10_000, 2_000
MOST_AT_ONCE = 16
"""Orders under way. What is wanted beyond is wanted again by the next call."""
FIRST_REST_S, MOST_REST_S = 60.0, 3_600.0

_log = structlog.get_logger("headworks.cache.prefix")


class Rest:
    """How long to leave something alone that has failed.

    Attributes:
        until_s: Until when, monotonic seconds.
    """

    __slots__ = ("_failures", "until_s")

    def __init__(self) -> None:
        self._failures = 0
        self.until_s = 0.0

    def failed(self, now_s: float) -> None:
        """It has failed once more in a row."""
        self.until_s = now_s + min(MOST_REST_S, FIRST_REST_S * 2**self._failures)
        self._failures += 1

    def succeeded(self) -> None:
        """It works."""
        self._failures = 0


class Content:
    """One beginning of prompts that is, was or may be kept under a name by one account.

    Attributes:
        named: Under which name; None while it is not.
        life: How long it was last asked to stay.
        life_s: How long it does.
        until_s: When that ends, monotonic seconds.
        tokens: How many the provider counts.
        size: How many bytes of the client's prompt it stands for.
        ordered: An order for it is under way.
        unused: It was made, and no call has named it since: what follows the same beginning there is not the same.
        rest: After failures, and after it was made for nothing.
    """

    __slots__ = ("life", "life_s", "named", "ordered", "rest", "size", "tokens", "until_s", "unused")

    def __init__(self) -> None:
        self.named: Named | None = None
        self.life: Life = "5m"
        self.until_s = self.life_s = 0.0
        self.tokens = self.size = 0
        self.ordered = self.unused = False
        self.rest = Rest()

    def held(self, now_s: float) -> Named | None:
        """What may be named now."""
        return self.named if now_s < self.until_s - MARGIN_S else None

    def ends_soon(self, now_s: float) -> bool:
        """Whether less than half of its life is left."""
        return self.until_s - now_s < self.life_s / 2


class Bill(Struct, frozen=True):
    """To whom an order goes, what it is for, and what that costs: nano-dollars per token, and per token and hour."""

    provider: str
    size: int
    input_nano: int
    hour_nano: int


class Contents:
    """All of them.

    Args:
        clock: Source of time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: Latest[Content] = Latest(MOST_CONTENTS)
        self._accounts: Latest[Rest] = Latest(MOST_ACCOUNTS)
        self._orders: set[asyncio.Task[None]] = set()
        self.counts = Counts()

    def find(self, name: bytes) -> Content | None:
        """What is known of one; None for nothing."""
        return self._known.get(name)

    def may(self, name: bytes, account: bytes, now_s: float) -> bool:
        """Whether an order for one can be sent now."""
        content, rest = self._known.get(name), self._accounts.get(account)
        if rest is not None and now_s < rest.until_s:
            return False
        return content is None or not (content.ordered or now_s < content.rest.until_s)

    def order(self, name: bytes, account: bytes, order: Order, post: Post, bill: Bill) -> None:
        """Send an order in the background, unless one for the same is under way."""
        if len(self._orders) >= MOST_AT_ONCE or not self.may(name, account, self._clock.monotonic()):
            return
        content = self._known.get(name) or self._known.put(name, Content())
        rest = self._accounts.get(account) or self._accounts.put(account, Rest())
        content.ordered = True
        task = asyncio.ensure_future(self._carry_out(content, rest, order, post, bill))
        self._orders.add(task)
        task.add_done_callback(lambda task: self._over(task, content))

    def _over(self, task: asyncio.Task[None], content: Content) -> None:
        """However it ended: it may never have begun."""
        self._orders.discard(task)
        content.ordered = False

    def used(self, name: bytes, called: str) -> None:
        """A call has named what is called so."""
        content = self._known.get(name)
        if content is not None and content.named is not None and content.named.name == called:
            content.unused = False

    def gone(self, name: bytes, called: str, provider: str) -> None:
        """The provider does not know what it is called any more."""
        content = self._known.get(name)
        if content is not None and content.named is not None and content.named.name == called:
            content.named = None
            self.counts.ended("gone", provider)

    async def settled(self) -> None:
        """Wait until no order is under way."""
        while self._orders:
            await asyncio.wait(self._orders)

    async def stop(self) -> None:
        """End the orders that are under way."""
        for task in self._orders:
            task.cancel()
        await self.settled()

    async def _carry_out(self, content: Content, rest: Rest, order: Order, post: Post, bill: Bill) -> None:
        asked_s = self._clock.monotonic()
        try:
            kept = order.read(await post(order))
        except ProviderError as error:
            for failed in (content.rest, rest):
                failed.failed(self._clock.monotonic())
            self.counts.ended("failed", bill.provider)
            _log.info("prefix_not_kept", provider=bill.provider, code=error.code, reason=error.message)
        else:
            rest.succeeded()
            self._made(content, order, kept, asked_s, bill)

    def _made(self, content: Content, order: Order, kept: Kept, asked_s: float, bill: Bill) -> None:
        """Know it from now on. Its life is counted from before the request was sent: it ends later than we believe."""
        wish, before_s = order.wish, content.until_s
        life_s = LIFE_S[wish.life] if kept.life_s is None else min(kept.life_s, LIFE_S[wish.life])
        tokens = kept.tokens or content.tokens
        content.named = Named(kept.name, wish.cut, order.digest)
        content.life, content.life_s, content.until_s, content.tokens = wish.life, life_s, asked_s + life_s, tokens
        if wish.again is None:
            if content.unused:
                content.rest.failed(asked_s)
            else:
                content.rest.succeeded()
            content.size, content.unused = bill.size, True
            self.counts.ended("made", bill.provider)
            self.counts.paid("write", bill.provider, tokens * bill.input_nano)
            self.counts.paid("storage", bill.provider, stored_nano(tokens, bill.hour_nano, life_s))
        else:
            self.counts.ended("prolonged", bill.provider)
            added_s = max(0.0, content.until_s - before_s)
            self.counts.paid("storage", bill.provider, stored_nano(tokens, bill.hour_nano, added_s))
