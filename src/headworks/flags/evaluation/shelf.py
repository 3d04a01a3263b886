"""What people do with flags: look at them, change them, try them. Behind the admin API and the command line."""

import msgspec
from msgspec import Struct

from headworks.core.clock import rfc3339
from headworks.core.errors import BadAskError
from headworks.core.people.board import Board, Entry
from headworks.flags.evaluation.details import Context, Details, not_found
from headworks.flags.evaluation.engine import KIND, Flags
from headworks.flags.evaluation.flag import read_flag


class FlagView(Struct, frozen=True, kw_only=True):
    """A flag as it is shown.

    Attributes:
        name: Its name.
        source: `config` (read-only here) or `board`.
        definition: As it was written; scalars of the config file are text.
        version: Counts the changes on the board; 0 for one of the config.
        changed_at: RFC 3339; None for one of the config.
        who: Who changed it last.
        why: Their words.
        fault: Why it cannot be used; None when it can.
        hidden: The board has one of this name, too, which the config's hides.
    """

    name: str
    source: str
    definition: object
    version: int = 0
    changed_at: str | None = None
    who: str | None = None
    why: str | None = None
    fault: str | None = None
    hidden: bool = False


class FlagShelf:
    """The flags of a gateway, for people.

    Args:
        flags: Those in force.
        board: Where they are changed.
    """

    def __init__(self, flags: Flags, board: Board) -> None:
        self._flags = flags
        self._board = board

    def list(self) -> list[FlagView]:
        """All flags, by name."""
        return [self.show(name) for name in self._flags.names()]

    def show(self, name: str) -> FlagView:
        """One flag.

        Raises:
            BadAskError: `unknown_flag` (404).
        """
        entry = self._board.get(KIND, name)
        if self._flags.in_file(name):
            written = self._flags.written(name)
            return FlagView(name=name, source="config", definition=written, hidden=entry is not None)
        if entry is None:
            raise BadAskError(f"There is no flag `{name}`.", code="unknown_flag", status=404, param="name")
        return self._view(entry)

    async def put(self, name: str, definition: object, *, who: str, why: str = "", expected: int | None) -> FlagView:
        """Put a flag up, or change it.

        Args:
            name: The flag's.
            definition: Plain JSON values.
            who: Who does it.
            why: Their words.
            expected: The version that is changed, 0 for a new flag; None changes whatever stands there.

        Raises:
            BadFlagError: The definition cannot be used (422).
            BadAskError: `conflict` (409): it is another version, or the config file defines this flag.
            StoreError: It could not be kept.
        """
        self._refuse_file(name)
        read_flag(name, definition)
        value = msgspec.json.encode(definition)
        return self._view(await self._board.put(KIND, name, value, who=who, why=why, expected=expected))

    async def delete(self, name: str, *, who: str, why: str = "", expected: int | None) -> int:
        """Take a flag down.

        Returns:
            The version of its absence, which a later `put` expects.

        Raises:
            BadAskError: `unknown_flag` (404), or `conflict` (409) as with `put`.
            StoreError: It could not be kept.
        """
        self._refuse_file(name)
        self.show(name)
        return (await self._board.put(KIND, name, None, who=who, why=why, expected=expected)).version

    def evaluate(self, name: str, context: Context) -> Details:
        """What a context gets.

        Raises:
            BadAskError: `unknown_flag` (404).
        """
        found = self._flags.evaluate(name, context)
        if found == not_found(name):
            self.show(name)
        return found

    def _refuse_file(self, name: str) -> None:
        if self._flags.in_file(name):
            raise BadAskError(
                f"Flag `{name}` is defined in the config file; change it there.",
                code="conflict",
                status=409,
                param="name",
            )

    def _view(self, entry: Entry) -> FlagView:
        fault = self._flags.fault(entry.name)
        return FlagView(
            name=entry.name,
            source="board",
            definition=_plain(entry.value),
            version=entry.version,
            changed_at=rfc3339(entry.at_s),
            who=entry.who,
            why=entry.why or None,
            fault=fault,
        )


def _plain(value: bytes | None) -> object:
    try:
        return msgspec.json.decode(value or b"null")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None  # `fault` says so
