"""Stands before and around one call: what is off does not begin, and what was to end at once is ended in-band.

Where the call cannot be answered and its feature has a ladder, the ladder answers.
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from headworks.core.errors import HeadworksError, RefusedError
from headworks.core.messages import Ask, Caller, Route
from headworks.core.protocols import OpenTrace, Way
from headworks.core.replies import Reply
from headworks.flags.evaluation import Flags, call_context
from headworks.flags.ladder.ladder import Ladder, may_step_down
from headworks.flags.releases import Releases
from headworks.flags.switches.state import Off, State, SwitchedOffError
from headworks.flags.switches.switches import Switches


class Gate:
    """Satisfies `core.protocols.Flags`. One for each config.

    Args:
        switches: What is off.
        running: The calls under way, shared by the gates of all configs.
        ladder: What answers otherwise.
        releases: What is tried on whom.
        flags: Say for whom a feature is on.
    """

    def __init__(
        self, switches: Switches, running: "Running", ladder: Ladder, releases: Releases, flags: Flags
    ) -> None:
        self.flags = flags
        self.release = releases.of
        self.switches = switches
        self.running = running
        self.ladder = ladder

    def guard(self, ask: Ask, caller: Caller, route: Route, trace: OpenTrace, way: Way) -> "Guard":
        """As the protocol says."""
        return Guard(self, (ask, caller, route, trace), way)


class Running:
    """The calls under way in this process, which a switch may end.

    Args:
        switches: Whose changes are looked at.
    """

    def __init__(self, switches: Switches) -> None:
        self.calls: set[Guard] = set()
        self._switches = switches
        switches.on_change = self.look

    def look(self) -> None:
        """End the calls that are to end at once."""
        state = self._switches.state
        for call in list(self.calls) if state is not None else ():
            call.look(state)


class Guard:
    """One call. Its reply is read inside."""

    __slots__ = ("_call", "_cut", "_gate", "_inner", "_reply", "_task", "_way")

    def __init__(self, gate: Gate, call: tuple[Ask, Caller, Route, OpenTrace], way: Way) -> None:
        self._gate = gate
        self._call = call
        self._way = way
        self._inner: AbstractAsyncContextManager[Reply] | None = None
        self._reply: Reply | None = None
        self._task: asyncio.Task[object] | None = None
        self._cut: RefusedError | None = None

    async def __aenter__(self) -> Reply:
        """The reply, of a model or of the ladder.

        Raises:
            HeadworksError: There is none.
        """
        self._task = asyncio.current_task()
        running = self._gate.running.calls
        running.add(self)
        entered = False
        try:
            self._reply = reply = await self._entered()
            entered = True
        finally:
            if not entered:
                running.discard(self)
        return reply

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """The call is over, or was ended by a switch: then that is what is raised."""
        self._gate.running.calls.discard(self)
        inner = self._inner
        assert inner is not None, "entered"
        cut = self._cut_by(error)
        if cut is None:
            return await inner.__aexit__(kind, error, trace)
        await inner.__aexit__(type(cut), cut, trace)
        raise cut

    def look(self, state: State | None) -> None:
        """End the call where what it is of was switched off with `now`."""
        ask, caller, route, _ = self._call
        target = self._reply.target if self._reply is not None else route.targets[0]
        off = None if state is None else state.ends(ask, caller, route, target)
        if off is not None and self._cut is None and self._task is not None:
            self._cut = SwitchedOffError(off)
            self._task.cancel()

    async def _entered(self) -> Reply:
        ask, caller, route, trace = self._call
        try:
            state = self._gate.switches.current()
            if state is not None:
                route = _admitted(state, ask, caller, route)
            if route.flag is not None:
                await self._look_at_flag(route.flag)
            self._inner = inner = self._way(ask, caller, route, trace)
            return await inner.__aenter__()
        except HeadworksError as error:
            return await self._below(error, route)
        except asyncio.CancelledError as error:
            cut = self._cut_by(error)
            if cut is None:
                raise
            return await self._below(cut, route)

    async def _look_at_flag(self, name: str) -> None:
        """Refuse the call where the flag says that its feature is off for this caller."""
        ask, caller, route, trace = self._call
        found = await self._gate.flags.resolved(
            name, default=True, context=call_context(ask, caller, feature=route.feature)
        )
        trace.flagged(name, found.variant or found.reason)
        if found.value is False:
            raise SwitchedOffError(Off("feature", route.feature))

    async def _below(self, error: HeadworksError, route: Route) -> Reply:
        if not route.ladder or not may_step_down(error):
            raise error
        ask, caller, _, trace = self._call
        self._gate.running.calls.discard(self)  # what is off answers no more
        self._inner = inner = self._gate.ladder.below(error, self._open_way, (ask, caller, route, trace))
        return await inner.__aenter__()

    def _open_way(self, ask: Ask, caller: Caller, route: Route, trace: OpenTrace) -> AbstractAsyncContextManager[Reply]:
        """The way of another model, unless that is off, too."""
        state = self._gate.switches.current()
        return self._way(ask, caller, route if state is None else state.left_of(route), trace)

    def _cut_by(self, error: BaseException | None) -> RefusedError | None:
        """The refusal in the place of a cancellation that was ours; None for any other end."""
        if self._cut is None or not isinstance(error, asyncio.CancelledError) or self._task is None:
            return None
        cut, self._cut = self._cut, None
        return cut if self._task.uncancel() == 0 else None


def _admitted(state: State, ask: Ask, caller: Caller, route: Route) -> Route:
    off = state.says_no(ask, caller, route)
    if off is not None:
        raise SwitchedOffError(off)
    return state.left_of(route)
