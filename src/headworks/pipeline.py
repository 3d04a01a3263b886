"""One request, top to bottom.

This is the order of the house, once, as code. Each line is one call into a room; `core/protocols.py` says what each
room promises, `app.py` which implementation is plugged in. The context manager yields the reply while it is being
written, so that what a room does afterwards runs at the reader's `async with` on every way out: answered, refused,
failed, client gone.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct

from headworks.core.messages import Ask, Caller, Route
from headworks.core.protocols import Budgets, Cache, Flags, OpenTrace, Prompts, Providers, Routing
from headworks.core.replies import Reply


class Rooms(Struct, frozen=True, kw_only=True):
    """The rooms a request goes through, as one config plugs them in."""

    routing: Routing
    flags: Flags
    prompts: Prompts
    cache: Cache
    budgets: Budgets
    providers: Providers

    @asynccontextmanager
    async def way(self, ask: Ask, caller: Caller, route: Route, trace: OpenTrace) -> AsyncIterator[Reply]:
        """The rooms from the cache on, for one route."""
        async with self.cache.look_up(ask, caller, route, trace) as found:
            if found.reply is not None:
                yield trace.watch(found.reply)
                return
            async with (
                self.budgets.hold(ask, caller, route, trace) as hold,
                self.providers.call(hold, trace) as reply,
            ):
                yield found.kept(trace.watch(hold.metered(reply)))


@asynccontextmanager
async def answer(rooms: Rooms, ask: Ask, caller: Caller, trace: OpenTrace) -> AsyncIterator[Reply]:
    """The reply to `ask`, to be read inside the `async with`; when it is left, the call is on record.

    Raises:
        HeadworksError: Whatever a room says. Raised before the reply is yielded, nothing has reached the client.
    """
    with Recorded(trace):
        route = rooms.routing.plan(ask, caller)
        ask, route = rooms.flags.release(ask, caller, route, trace)
        ask, route = rooms.prompts.build(ask, route)
        trace.routed(route)
        async with rooms.flags.guard(ask, caller, route, trace, rooms.way) as reply:
            yield reply


class Recorded:
    """Closes a trace on every way out, with what ended the call."""

    def __init__(self, trace: OpenTrace) -> None:
        self._trace = trace

    def __enter__(self) -> None:
        """Nothing to do: the trace is open already."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: object) -> None:
        """Write the record; what was raised goes on."""
        self._trace.close(error)
