"""A board in memory."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from headworks.core.clock import Clock
from headworks.core.errors import BadAskError
from headworks.core.people.board import Entry, checked
from headworks.testing.clock import FakeClock


class FakeBoard:
    """Satisfies `core.people.board.Board`, for one process; nothing is kept.

    Args:
        clock: Says when an entry was changed.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or FakeClock()
        self._up: dict[str, dict[str, Entry]] = {}
        self._changes: list[Entry] = []
        self._watchers: dict[str, list[Callable[[], None]]] = {}

    def get(self, kind: str, name: str) -> Entry | None:
        """The entry of this name."""
        return self._up.get(kind, {}).get(name)

    def all(self, kind: str) -> Mapping[str, Entry]:
        """Every entry of a kind."""
        return self._up.get(kind, {})

    async def put(
        self, kind: str, name: str, value: bytes | None, *, who: str, why: str = "", expected: int | None = None
    ) -> Entry:
        """Put a value up, or take it down."""
        wanted = Entry(kind=kind, name=name, value=value, version=0, at_s=self._clock.now(), who=who, why=why)
        last = next((one for one in reversed(self._changes) if (one.kind, one.name) == (kind, name)), None)
        version = last.version if last else 0
        if expected is not None and expected != version:
            raise BadAskError(f"`{name}` was changed meanwhile.", code="conflict", status=409)
        entry = replace(checked(wanted), version=version + 1)
        self._changes.append(entry)
        others = {key: one for key, one in self._up.get(kind, {}).items() if key != name}
        self._up[kind] = others if value is None else others | {name: entry}
        for heard in self._watchers.get(kind, ()):
            heard()
        return entry

    async def history(self, kind: str | None = None, name: str | None = None, limit: int = 100) -> list[Entry]:
        """Changes, the newest first."""
        found = [one for one in reversed(self._changes) if kind in {None, one.kind} and name in {None, one.name}]
        return found[:limit]

    def watch(self, kind: str, heard: Callable[[], None]) -> None:
        """Call `heard` after every change of a kind."""
        self._watchers.setdefault(kind, []).append(heard)
