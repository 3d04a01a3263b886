"""What hangs on the board, read: each entry is decoded once, as long as it is the same."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec
from msgspec import Struct

from headworks.core.errors import BadAskError, StoreError
from headworks.core.people.board import Board, Entry
from headworks.prompts.names import MAX_NAME, Reference, advice
from headworks.prompts.record import Label, Version

PROMPT = "prompt"
LABEL = "label"
T = TypeVar("T")


class Hung(Struct, frozen=True):
    """A label, and how often it has changed: what a change of it must know."""

    label: Label
    entry: Entry


class Shelf:
    """Versions and labels by name."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._versions: dict[str, tuple[Entry, Version]] = {}
        self._labels: dict[str, tuple[Entry, Label]] = {}

    def names(self) -> list[str]:
        """Every prompt that has a version which is not deleted."""
        return sorted({version.name for version in self._all() if not version.deleted})

    def versions(self, name: str) -> list[Version]:
        """Every version of a name, deleted ones too, by number."""
        return sorted((one for one in self._all() if one.name == name), key=lambda one: one.number)

    def entry(self, version: Version) -> Entry:
        """The entry of a version."""
        entry = self.board.get(PROMPT, version.title)
        assert entry is not None
        return entry

    def find(self, name: str, reference: Reference) -> Version:
        """The version under a label, or of a number.

        Raises:
            BadAskError: `unknown_prompt`, `unknown_label` or `unknown_version` (404), with what was probably meant.
        """
        number = reference if isinstance(reference, int) else self._labelled(name, reference)
        key = f"{name}@{number}"
        entry = self.board.get(PROMPT, key)
        if entry is None:
            raise self._unknown_version(name, number)
        return decoded(entry, Version, self._versions)

    def latest(self, name: str) -> Version | None:
        """The newest version that is not deleted."""
        return next((one for one in reversed(self.versions(name)) if not one.deleted), None)

    def labels(self, name: str) -> dict[str, Hung]:
        """The labels of a name."""
        start = f"{name}:"
        found = self.board.all(LABEL)
        return {
            key.removeprefix(start): Hung(decoded(entry, Label, self._labels), entry)
            for key, entry in found.items()
            if key.startswith(start)
        }

    def label(self, name: str, label: str) -> Hung | None:
        """One label; None when it is nowhere."""
        entry = self.board.get(LABEL, f"{name}:{label}")
        return None if entry is None else Hung(decoded(entry, Label, self._labels), entry)

    def must_exist(self, name: str) -> None:
        """Refuse a name that has no version.

        Raises:
            BadAskError: `unknown_prompt` (404).
        """
        if not self.versions(name):
            raise unknown_prompt(name, self.names())

    def unknown_label(self, name: str, label: str) -> BadAskError:
        """The error for a label that is nowhere."""
        if not self.versions(name):
            return unknown_prompt(name, self.names())
        hint = advice(label, self.labels(name)) or " It has no labels yet."
        return BadAskError(
            f"The prompt `{name}` has no label `{label[:MAX_NAME]}`.{hint}",
            code="unknown_label",
            status=404,
            param="label",
        )

    def _labelled(self, name: str, label: str) -> int:
        hung = self.label(name, label)
        if hung is None:
            raise self.unknown_label(name, label)
        return hung.label.version

    def _unknown_version(self, name: str, number: int) -> BadAskError:
        known = [str(one.number) for one in self.versions(name)]
        if not known:
            return unknown_prompt(name, self.names())
        return BadAskError(
            f"The prompt `{name}` has no version {number}; the newest is {known[-1]}.",
            code="unknown_version",
            status=404,
            param="version",
        )

    def _all(self) -> Iterator[Version]:
        for entry in self.board.all(PROMPT).values():
            yield decoded(entry, Version, self._versions)


def decoded(entry: Entry, shape: type[T], kept: dict[str, tuple[Entry, T]]) -> T:
    """The value of an entry, decoded once.

    Raises:
        StoreError: It is not what this version of Headworks writes.
    """
    known = kept.get(entry.name)
    if known is not None and known[0] is entry:
        return known[1]
    try:
        value = msgspec.json.decode(entry.value or b"", type=shape)
    except msgspec.MsgspecError as error:
        raise StoreError(f"The board's `{entry.name}` cannot be read: {error}.") from error
    kept[entry.name] = entry, value
    return value


def unknown_prompt(name: str, known: list[str]) -> BadAskError:
    """The error for a name without versions."""
    hint = advice(name, known) or " None has been pushed yet; `headworks prompts push` does it."
    return BadAskError(f"There is no prompt `{name}`.{hint}", code="unknown_prompt", status=404, param="prompt")
