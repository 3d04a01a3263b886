"""The flags in force: those of the config file and those of the board, compiled when they change.

A flag of the file hides one of the same name on the board. A definition on the board that cannot be read, such as one
that a later version wrote, says `PARSE_ERROR` when it is asked for, and the log says why, once.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
import structlog

from headworks.core.people.board import Board, Entry
from headworks.flags.evaluation.details import Context, Details, failed, fitted, not_found
from headworks.flags.evaluation.flag import Flag, read_flag
from headworks.flags.evaluation.reading import BadFlagError

KIND = "flag"
_log = structlog.get_logger("headworks.flags")


class Remote(Protocol):
    """Flags that somebody else evaluates."""

    def known(self, key: str, default: Any, context: Context) -> Details:
        """What is known by now; never waits. Asks for what is not known, so that it is next time."""

    async def resolved(self, key: str, default: Any, context: Context) -> Details:
        """What is known, or is told before the deadline."""


class Broken:
    """A flag whose definition cannot be used."""

    __slots__ = ("_answer", "fault")

    def __init__(self, name: str, fault: str) -> None:
        self.fault = fault
        self._answer = failed(name, "PARSE_ERROR", fault)

    def evaluate(self, _context: Context) -> Details:
        """Why it has no value."""
        return self._answer


class Flags:
    """Evaluates flags. Lives as long as the process; costs nothing while there are no flags and nobody asks.

    Args:
        board: Where flags are changed at run time; None for those of the file alone.

    Attributes:
        remote: Asked for flags that are not defined here; None for nobody.
    """

    def __init__(self, board: Board | None = None) -> None:
        self.remote: Remote | None = None
        self._board = board
        self._file: dict[str, Flag] = {}
        self._written: Mapping[str, object] = {}
        self._hung: dict[str, tuple[bytes | None, Flag | Broken]] = {}
        self._flags: Mapping[str, Flag | Broken] = {}
        self._watchers: list[Callable[[list[str]], None]] = []
        if board is not None:
            board.watch(KIND, self._changed)

    def start(self) -> None:
        """Read what the board has. Called once it is open; it tells of later changes itself."""
        self._changed()

    def fit(self, definitions: Mapping[str, object], *, text: bool = True) -> None:
        """Put the flags of a config file in force, in place of those of the one before.

        Args:
            definitions: By name.
            text: Their scalars are text, as the config file's are; False for plain JSON values.

        Raises:
            BadFlagError: One of them cannot be used; nothing has changed.
        """
        before = self._file
        self._file = {name: read_flag(name, raw, text=text) for name, raw in definitions.items()}
        self._written = dict(definitions)
        self._changed(before.keys() | self._file.keys())

    def names(self) -> list[str]:
        """The names of all flags that are defined here, sorted."""
        return sorted(self._flags)

    def in_file(self, name: str) -> bool:
        """Whether the config file defines it."""
        return name in self._file

    def written(self, name: str) -> object:
        """The definition of a flag of the config file."""
        return self._written[name]

    def fault(self, name: str) -> str | None:
        """Why the definition of a flag cannot be used; None when it can."""
        flag = self._flags.get(name)
        return flag.fault if isinstance(flag, Broken) else None

    def evaluate(self, key: str, context: Context) -> Details:
        """What a context gets of a flag that is defined here; no value where the caller's default is in force."""
        flag = self._flags.get(key)
        return not_found(key) if flag is None else flag.evaluate(context)

    def details(self, key: str, default: Any, context: Context) -> Details:
        """What a context gets: a value of the type of `default`, or `default` itself. Never waits, never raises."""
        flag = self._flags.get(key)
        if flag is not None:
            return fitted(flag.evaluate(context), default)
        return fitted(not_found(key), default) if self.remote is None else self.remote.known(key, default, context)

    def value(self, key: str, default: Any, context: Context) -> Any:
        """The value alone."""
        return self.details(key, default, context).value

    async def resolved(self, key: str, default: Any, context: Context) -> Details:
        """The same as `details`; waits at most the deadline for a value of the provider that is not known yet."""
        if self.remote is None or key in self._flags:
            return self.details(key, default, context)
        return await self.remote.resolved(key, default, context)

    def watch(self, heard: Callable[[list[str]], None]) -> None:
        """Call `heard` with the names of flags that have changed, after they have."""
        self._watchers.append(heard)

    def unwatch(self, heard: Callable[[list[str]], None]) -> None:
        """No longer call `heard`."""
        if heard in self._watchers:
            self._watchers.remove(heard)

    def _changed(self, names: set[str] | frozenset[str] = frozenset()) -> None:
        entries = self._board.all(KIND) if self._board is not None else {}
        before = self._hung
        self._hung = {name: self._compiled(name, entry) for name, entry in entries.items()}
        self._flags = {name: flag for name, (_, flag) in self._hung.items()} | self._file
        changed = {name for name in before.keys() | self._hung.keys() if before.get(name) != self._hung.get(name)}
        told = sorted(changed | names)
        for heard in self._watchers if told else ():
            heard(told)

    def _compiled(self, name: str, entry: Entry) -> tuple[bytes | None, Flag | Broken]:
        """The flag of an entry, compiled only when its value is another than before."""
        known = self._hung.get(name)
        if known is not None and known[0] == entry.value:
            return known
        try:
            return entry.value, read_flag(name, msgspec.json.decode(entry.value or b""))
        except BadFlagError as error:
            fault = error.message
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            fault = f"Flag `{name}` cannot be used: its definition is not JSON."
        _log.warning("flag_unusable", flag=name, version=entry.version, reason=fault)
        return entry.value, Broken(name, fault)
