"""Tool calls at a seam: one that was delivered is never delivered again, one that was begun is finished, others follow.

A restart only. Calls keep the id and the slot they were delivered with; new ones get slots that are free. While no
delivered call is complete, calls are matched in their order, and arguments flow as they come. Once one is complete, a
client may act on it, and a model may repeat it in another order or in other words: the new attempt's calls are then
held until all are known, and each delivered one finds its counterpart among them.
"""

from collections.abc import Callable

from headworks.core.replies import Event, ToolArgumentsDelta, ToolCallStarted
from headworks.providers.resume.prefix import DivergedError, Prefix
from headworks.providers.resume.said import Call, Said, read_object


class Calls:
    """The tool calls of one choice in a new attempt.

    Args:
        said: What the choice has said.
        choice: Its number.
    """

    def __init__(self, said: Said, choice: int) -> None:
        self._choice = choice
        self._delivered = list(said.calls.values())
        self._ids = {call.id for call in self._delivered}
        self._free_slot = max(said.calls, default=-1) + 1
        self._holding = any(call.complete for call in self._delivered)
        self._begun: dict[int, Call] = {}
        self._starts: dict[int, ToolCallStarted] = {}
        self._matching: dict[int, tuple[int, Prefix]] = {}
        self._slots: dict[int, int] = {}

    @property
    def pending(self) -> bool:
        """True while a delivered call has no counterpart yet."""
        if self._holding:
            return True
        matched = len(self._matching) >= len(self._delivered)
        return not matched or any(prefix.pending for _, prefix in self._matching.values())

    def take(self, event: ToolCallStarted | ToolArgumentsDelta) -> list[Event]:
        """What of `event` has to be delivered.

        Raises:
            DivergedError: Other calls than those delivered.
        """
        if self._holding:
            return self._hold(event)
        if isinstance(event, ToolCallStarted):
            return self._begin(event)
        return self._more(event)

    def settle(self) -> list[Event]:
        """Everything held, now that all calls of the new attempt are known.

        Raises:
            DivergedError: A delivered call is not among them.
        """
        if not self._holding:
            return []
        self._holding = False
        pairs = self._pairs()
        out: list[Event] = []
        for slot, call in self._begun.items():
            had = pairs.get(slot)
            if had is None:
                out.append(self._new(self._starts[slot]))
                self._add(out, self._slots[slot], call.arguments.whole)
            elif not had.complete:
                self._add(out, had.slot, call.arguments.whole[len(had.arguments.whole) :])
        self._matching = {had.slot: (had.slot, Prefix("")) for had in pairs.values()}
        return out

    def _begin(self, event: ToolCallStarted) -> list[Event]:
        place = len(self._matching)
        if place >= len(self._delivered):
            return [self._new(event)]
        had = self._delivered[place]
        if had.name != event.name:
            raise DivergedError(
                f"The answer broke off in a call of `{had.name}`, and the next attempt calls `{event.name}` instead."
            )
        self._matching[event.slot] = had.slot, Prefix(had.arguments.whole)
        return []

    def _more(self, event: ToolArgumentsDelta) -> list[Event]:
        out: list[Event] = []
        if event.slot in self._matching:
            slot, prefix = self._matching[event.slot]
            self._add(out, slot, prefix.feed(event.fragment))
        elif event.slot in self._slots:
            self._add(out, self._slots[event.slot], event.fragment)
        elif event.fragment.strip():
            raise DivergedError(f"The provider sent arguments for tool call {event.slot}, which never began.")
        return out

    def _hold(self, event: ToolCallStarted | ToolArgumentsDelta) -> list[Event]:
        if isinstance(event, ToolCallStarted):
            self._begun[event.slot] = Call(event)
            self._starts[event.slot] = event
        elif event.slot in self._begun:
            self._begun[event.slot].arguments.add(event.fragment)
        return []

    def _new(self, event: ToolCallStarted) -> ToolCallStarted:
        slot = self._slots[event.slot] = self._free_slot
        self._free_slot += 1
        own_id = event.id if event.id not in self._ids else f"{event.id}_{slot}"
        return ToolCallStarted(slot=slot, id=own_id, name=event.name, signature=event.signature, choice=self._choice)

    def _add(self, out: list[Event], slot: int, fragment: str) -> None:
        if fragment:
            out.append(ToolArgumentsDelta(slot, fragment, self._choice))

    def _pairs(self) -> dict[int, Call]:
        """The delivered counterpart of the new attempt's calls, by slot of the latter: surest matches first."""
        pairs: dict[int, Call] = {}
        waiting = list(self._delivered)
        for fits in (_same, _goes_on, _in_other_words):
            waiting = [had for had in waiting if not self._pair(had, fits, pairs)]
        if waiting:
            raise DivergedError(f"The next attempt does not call `{waiting[0].name}`, which is delivered already.")
        return pairs

    def _pair(self, had: Call, fits: Callable[[Call, Call], bool], pairs: dict[int, Call]) -> bool:
        for slot, call in self._begun.items():
            if slot not in pairs and had.name == call.name and fits(had, call):
                pairs[slot] = had
                return True
        return False


def _same(had: Call, call: Call) -> bool:
    """Complete, and the same arguments, whatever their spacing."""
    value = read_object(had.arguments.whole)
    return value is not None and value == read_object(call.arguments.whole)


def _goes_on(had: Call, call: Call) -> bool:
    """Incomplete, and begun with the same words."""
    begun = had.arguments.whole
    return bool(begun) and not had.complete and call.arguments.whole.startswith(begun)


def _in_other_words(had: Call, _: Call) -> bool:
    """Complete, and the same tool: the client has this call already. Or nothing of its arguments was delivered."""
    return had.complete or not had.arguments.whole
