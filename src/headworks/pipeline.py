"""One request, top to bottom.

This is the order of the house, once, as code. Each line is one call into a room; `core/protocols.py` says what each room
promises, `app.py` which implementation is plugged in. The context manager yields the reply while it is being written, so
that everything after the `yield` runs at the reader's `async with` on every way out: answered, refused, failed, client gone.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct

from headworks.core.messages import Ask, Caller
from headworks.core.protocols import OpenTrace, Providers, Routing
from headworks.core.replies import Reply


class Rooms(Struct, frozen=True, kw_only=True):
    """The rooms a request goes through, as one config plugs them in."""

    routing: Routing
    providers: Providers


@asynccontextmanager
async def answer(rooms: Rooms, ask: Ask, caller: Caller, trace: OpenTrace) -> AsyncIterator[Reply]:
    """The reply to `ask`, to be read inside the `async with`.

    The trace is closed by the edge that opened it, after this context is left and before the last byte is sent.

    Raises:
        HeadworksError: Whatever a room says; nothing has been sent to the client by then unless the reply was yielded.
    """
    route = rooms.routing.plan(ask, caller)
    trace.routed(route)
    async with rooms.providers.call(ask, route, trace) as reply:
        yield trace.watch(reply)
