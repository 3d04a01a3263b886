"""The switches of this gateway: read from the board into memory, flipped by people, ended by the clock.

A look costs nothing while nothing is off. What ends by itself ends by each worker's own clock, and one of them says so
on the board.
"""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress

import msgspec
import structlog

from headworks.core.clock import Clock, rfc3339
from headworks.core.errors import BadAskError, StoreError
from headworks.core.people.alerting import Alert, Alerts
from headworks.core.people.board import Board, Entry
from headworks.flags.switches.state import KINDS, Off, State, SwitchKind
from headworks.flags.switches.switch import BOARD_KIND, Kept, Switch, SwitchWish, board_name, checked, read

_ITSELF = "headworks"
_TICK_S = 1.0
_log = structlog.get_logger("headworks.flags")


class Switches:
    """Satisfies `core.protocols.Room`.

    Args:
        board: Where they hang.
        clock: Wall time.
        alerts: Told of everything that is switched off.

    Attributes:
        state: What is off now; None while nothing is.
        on_change: Called when the state has changed.
    """

    def __init__(self, board: Board, clock: Clock, alerts: Alerts) -> None:
        self.state: State | None = None
        self.on_change: Callable[[], None] = _nothing
        self._board = board
        self._clock = clock
        self._alerts = alerts
        self._told: dict[str, Switch] = {}
        self._task: asyncio.Task[None] | None = None
        board.watch(BOARD_KIND, self.read)

    async def start(self) -> None:
        """Begin to end what is due. The board is open."""
        self._told = {}  # what was switched off before is told by every start
        self._task = asyncio.create_task(self._run(), name="switches")
        self.read()

    async def stop(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def standing(self) -> list[Switch]:
        """What is off now, the latest first."""
        found = [switch for entry in self._board.all(BOARD_KIND).values() if (switch := read(entry))]
        now_s = self._clock.now()
        return sorted((one for one in found if not _ended(one, now_s)), key=lambda one: -one.since_s)

    def is_off(self, kind: SwitchKind, *names: str) -> bool:
        """Whether one of these is off."""
        state = self.current()
        return state is not None and state.has(kind, *names)

    def current(self) -> State | None:
        """What is off now; None while nothing is."""
        if self.state is not None and self.state.until_s <= self._clock.now():
            self.read()
        return self.state

    async def kill(self, wish: SwitchWish, who: str) -> Switch:
        """Switch something off, in every worker and node within a second. Doing it again changes reason and end.

        Raises:
            BadAskError: The wish is not clear (422).
            StoreError: It could not be kept: nothing is switched off.
        """
        wish = checked(wish)
        until_s = None if wish.for_s is None else self._clock.now() + wish.for_s
        value = msgspec.json.encode(Kept(until_s, wish.now))
        entry = await self._board.put(BOARD_KIND, board_name(wish.kind, wish.name), value, who=who, why=wish.why)
        switch = read(entry)
        assert switch is not None, "just written"
        return switch

    async def revive(self, kind: str, name: str, *, who: str, why: str = "") -> None:
        """Switch something on again.

        Raises:
            BadAskError: `unknown_switch` (404): it is not off.
            StoreError: It could not be kept: it is still off.
        """
        if kind not in KINDS or self._board.get(BOARD_KIND, board_name(kind, name)) is None:
            off = ", ".join(f"{one.kind} {one.name}" for one in self.standing()) or "nothing"
            raise BadAskError(
                f"{kind} `{name}` is not switched off. Off now: {off}.", code="unknown_switch", status=404
            )
        await self._board.put(BOARD_KIND, board_name(kind, name), None, who=who, why=why)

    async def history(self, limit: int = 100) -> list[Entry]:
        """Every flip, the newest first: who, when, why, and until when."""
        return await self._board.history(BOARD_KIND, limit=limit)

    def read(self) -> None:
        """Take over what hangs on the board."""
        switches = self.standing()
        off = [Off(one.kind, one.name, math.inf if one.until_s is None else one.until_s, one.now) for one in switches]
        self.state = State(off) if off else None
        self._tell({board_name(one.kind, one.name): one for one in switches})
        self.on_change()

    def _tell(self, switches: dict[str, Switch]) -> None:
        for name, switch in switches.items():
            if self._told.get(name) != switch:
                if self._task is not None:  # a command that flips it says so itself
                    _log.warning("switched_off", what=name, who=switch.who, why=switch.why, until=switch.until_s)
                self._alerts.tell(_alert(name, switch))
        for name in self._told.keys() - switches.keys():
            if self._task is not None:
                _log.warning("switched_on", what=name)
            self._alerts.tell(_alert(name, None))
        self._told = switches

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            await self.end_due()

    async def end_due(self) -> None:
        """Take down what has ended. Of several workers one does it."""
        now_s = self._clock.now()
        due = [one for entry in self._board.all(BOARD_KIND).values() if (one := read(entry)) and _ended(one, now_s)]
        for one in due:
            with suppress(BadAskError, StoreError):  # another worker was faster, or it is tried again
                name = board_name(one.kind, one.name)
                why = "its time has ended"
                await self._board.put(BOARD_KIND, name, None, who=_ITSELF, why=why, expected=one.version)
        if due:
            self.read()


def _ended(switch: Switch, now_s: float) -> bool:
    return switch.until_s is not None and switch.until_s <= now_s


def _alert(name: str, switch: Switch | None) -> Alert:
    what = name.replace("/", " ", 1)
    facts = {} if switch is None else {"to switch it on": f"headworks flags revive {what}"}
    if switch is not None and switch.until_s is not None:
        facts["ends by itself at"] = rfc3339(switch.until_s)
    return Alert(
        kind="switch",
        subject=name,
        severity="warning",
        title=f"{what} is on again." if switch is None else f"{switch.who} switched {what} off: {switch.why}",
        facts=facts,
        resolved=switch is None,
    )


def _nothing() -> None:
    pass
