"""One protocol per room, in the order in which a request meets them. Read this beside `pipeline.py`.

The pipeline knows rooms only by these; `app.py` plugs in the real ones, `headworks.testing` the fakes.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Protocol

from headworks.core.billing import Bill
from headworks.core.errors import HeadworksError
from headworks.core.limits import Pace
from headworks.core.messages import Ask, Caller, Prices, Route, Target
from headworks.core.replies import Event, Reply, Usage


class Identity(Protocol):
    """Who calls. Fails closed."""

    def caller(self, key: str) -> Caller:
        """The caller a virtual key stands for.

        Raises:
            RefusedError: `invalid_api_key` (401) for an unknown, expired or revoked key; never says which.
            StoreError: The key store cannot be read.
        """


class Routing(Protocol):
    """Choose a model and its fallbacks. Pure: no I/O, no clock, no state. Fails closed."""

    def plan(self, ask: Ask, caller: Caller) -> Route:
        """The route for this ask.

        Raises:
            BadAskError: `unknown_model` (404) when neither model nor feature has that name.
            RefusedError: `forbidden` (403) when the caller's key does not allow the model or the feature.
        """


Way = Callable[[Ask, Caller, Route, "OpenTrace"], AbstractAsyncContextManager[Reply]]
"""The rooms from the cache on, for a route: entered for the reply, left when the call is over."""


class Flags(Protocol):
    """Whether it is on, and what answers when it is not. What is off is refused; unread switches stand as they were."""

    def release(self, ask: Ask, caller: Caller, route: Route, trace: "OpenTrace") -> tuple[Ask, Route]:
        """The ask and its route as the release of the caller's variant has them; noted on `trace`."""

    def guard(
        self, ask: Ask, caller: Caller, route: Route, trace: "OpenTrace", way: Way
    ) -> AbstractAsyncContextManager[Reply]:
        """The reply that `way` gives, unless something of the call is off; then, or when it fails, the ladder's.

        Raises:
            RefusedError: `feature_disabled` (403), also in the middle of an answer that is to end at once.
            HeadworksError: Whatever the way says, where no rung of a ladder answers.
        """


class Prompts(Protocol):
    """Build the prompt: a template by name, with the call's variables. Fails closed."""

    def build(self, ask: Ask, route: Route) -> tuple[Ask, Route]:
        """The ask with its prompt, and the route that names its version; both as they are for whole messages.

        Raises:
            BadAskError: There is no such prompt, version or label (404), or a variable does not fit (400).
            StoreError: Prompts cannot be read.
        """


class Lookup(Protocol):
    """One call in the cache: entered to look, left when the call is over.

    Attributes:
        reply: What was found; None when the provider has to be called.
    """

    reply: Reply | None

    async def __aenter__(self) -> "Lookup":
        """Look.

        Raises:
            HeadworksError: The equal call that this one followed failed, or did not begin in time.
        """

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The call is over."""

    def kept(self, reply: Reply) -> Reply:
        """The provider's reply, observed: shared with equal calls, and kept when it is whole."""


class Cache(Protocol):
    """Answer from what was answered before, or is being answered. Fails open."""

    def look_up(self, ask: Ask, caller: Caller, route: Route, trace: "OpenTrace") -> Lookup:
        """The lookup of a call. What it finds is noted on `trace`."""


class Hold(Protocol):
    """What one call may spend: entered before it is sent, left when it is over.

    Attributes:
        ask: The call, its answer no longer than its limits pay for.
        route: Its targets; where money counts, those whose price is known.
    """

    ask: Ask
    route: Route

    async def __aenter__(self) -> "Hold":
        """Reserve the most that the first attempt can cost.

        Raises:
            RefusedError: `insufficient_quota` or `rate_limit_exceeded` (429); `unpriced_model` (403).
            StoreError: The accounts cannot be reached.
        """

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Settle what was really used."""

    def metered(self, reply: Reply) -> Reply:
        """The same reply, ended where it goes far beyond what was reserved."""

    async def cover(self, target: Target, ask: Ask, beside: Target | None = None) -> None:
        """Reserve for another attempt before it is sent, `beside` the one under way; raises as entering does."""


class Budgets(Protocol):
    """Nothing is spent that is not reserved. Fails closed."""

    def hold(self, ask: Ask, caller: Caller, route: Route, trace: "OpenTrace") -> Hold:
        """What a call may spend."""


class Providers(Protocol):
    """Make the provider call. The only room that talks to the outside."""

    def call(self, hold: Hold, trace: "OpenTrace") -> AbstractAsyncContextManager[Reply]:
        """Open the reply to the ask of `hold`; leaving the context cancels whatever is still running upstream.

        The hold is raised before each attempt but the first.

        Targets are asked, and asked again, as the route's policy allows; a stream that breaks off goes on from another
        attempt. Each attempt is noted on `trace`. Iterating `Reply.chunks` may raise the same errors as opening.

        Raises:
            BadAskError: The request cannot be expressed to the first target of the route; others are passed over.
            ProviderError: Nobody answered for all that; of what went wrong, the error that tells the caller most.
        """


class Pricing(Protocol):
    """What a call costs (room `budgets`)."""

    def cost_nano(self, target: Target, usage: Usage, at_s: float) -> int | None:
        """Nano-dollars for `usage` at the prices in force at `at_s` (Unix seconds); None when no price is known."""

    def prices(self, target: Target, at_s: float) -> Prices | None:
        """The prices that apply to `target`, or None when it is unpriced."""

    def estimate(self, target: Target, ask: Ask, output_text: str) -> Usage:
        """What a call used, counted here, for a provider that never said (a stream cut short). `estimated` is True.

        Never blocks the event loop for longer than a few milliseconds.
        """


class OpenTrace(Protocol):
    """The record of one call while it is being made. Cheap to update; written once, when closed.

    Attributes:
        paces: How much is left of the caller's rate limits, as far as it has any.
    """

    paces: list[Pace]

    def routed(self, route: Route) -> None:
        """Note feature, query type and the model asked for."""

    def attempt(self, target: Target, started_s: float, mode: str | None = None) -> None:
        """Note that `target` is being called; `started_s` on the monotonic clock. Ends the attempt before it.

        `mode` says how it is asked for the rest of an answer that broke off.
        """

    def attempt_failed(self, error: HeadworksError, unread: list[Event] | None = None) -> Usage | None:
        """The attempt under way failed so; what it had used by then, None for nothing or not known.

        `unread`: what came of it and was given to nobody, though it is paid for.
        """

    def attempt_aside(self, events: list[Event]) -> None:
        """The attempt under way answered a question of the gateway's own (a summary), and is over."""

    def beside(self, target: Target, started_s: float, error: HeadworksError | None) -> None:
        """Note a call that was made beside another, and failed or, `error` None, was cut off because it lost."""

    def adapted(self, note: str) -> None:
        """Note that the ask was changed so that it could be answered, and how."""

    def flagged(self, name: str, variant: str) -> None:
        """Note the variant of a flag that the call got."""

    def tried(self, label: str) -> None:
        """Note the experiment and the variant that the call belongs to."""

    def degraded(self, level: str, why: str) -> None:
        """Note which rung of the ladder answers, and the code of the error that led there."""

    def cached(
        self,
        kind: str,
        *,
        age_s: float | None = None,
        saved_nano: int | None = None,
        similarity: float | None = None,
        bound: float | None = None,
        error: tuple[float, float] | None = None,
    ) -> None:
        """Note what the cache said: `miss`, `joined`, or the kind of hit with its age and what it saved."""

    def spent_nano(self) -> int:
        """Nano-dollars that the attempts which have ended cost, as far as prices are known."""

    def paced(self, paces: list[Pace]) -> None:
        """Note how much is left of the caller's rate limits."""

    def bill(self) -> Bill:
        """What the attempts that have ended used."""

    def concluded(self, error: BaseException | None) -> Bill:
        """The call is over, ended by `error`: what it used altogether. The record is still to be closed."""

    def watch(self, reply: Reply) -> Reply:
        """The same reply, observed: text, usage, finish reason, first token and time upstream go on the record."""

    def close(self, error: BaseException | None = None) -> None:
        """Price the call and write its record, exactly once. `error` is what ended it early, None for a whole answer.

        Closing again does nothing. Returns after the record can no longer be lost to a kill of this process.
        """

    def facts(self) -> dict[str, object]:
        """What is known of the call, for headers and the last comment line of a stream; complete once closed.

        Keys, present when known: `trace_id`, `model`, `provider`, `cache`, `route`, `attempts`, `adapted`, `degraded`,
        `cost_usd` (decimal text, None when unpriced), `overhead_ms`, `latency_ms`, `ttft_ms`, `prompt_tokens`,
        `completion_tokens`, `finish_reason`.
        """


class Telemetry(Protocol):
    """The trace ledger, metrics and spans. Fails open: a call is never refused because its record cannot be kept."""

    def open(self, ask: Ask, caller: Caller | None, received_s: float) -> OpenTrace:
        """Begin the record of a call received at `received_s` (monotonic clock)."""


class Room(Protocol):
    """Something with a life: opened before the first call, closed after the last."""

    async def start(self) -> None:
        """Get ready; raises StoreError when that is impossible."""

    async def stop(self) -> None:
        """Finish what is under way and let go of files and sockets."""


Stop = Callable[[], Awaitable[None]]
