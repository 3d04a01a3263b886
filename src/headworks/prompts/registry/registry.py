"""The registry: push files, find versions, move labels, all over the board."""

from collections.abc import Callable, Collection, Sequence

import msgspec
from msgspec import Struct

from headworks.core.clock import Clock
from headworks.core.errors import BadAskError
from headworks.core.people.board import Board, Entry
from headworks.prompts.names import Reference, checked_label
from headworks.prompts.record import Label, Version
from headworks.prompts.registry.golden import GoldenSet, must_have_passed
from headworks.prompts.registry.pushing import Pushed, Pusher, Source, drafts
from headworks.prompts.registry.shelf import LABEL, PROMPT, Hung, Shelf
from headworks.prompts.templates import Compiled, compile_prompt

MAX_WHY = 1_000
_KEPT_BEFORE = 50
_KEPT_COMPILED = 1_000


class Ready(Struct, frozen=True):
    """A version that can be rendered."""

    version: Version
    compiled: Compiled


class Registry:
    """Prompts by name, version and label.

    Args:
        board: Where they hang.
        clock: Says when a version was made.
        protected: Labels that are moved only to versions whose golden set has passed. Asked at every move.
        golden: Says which have; None refuses them all.
    """

    def __init__(
        self,
        board: Board,
        clock: Clock,
        *,
        protected: Callable[[], Collection[str]] = tuple,
        golden: GoldenSet | None = None,
    ) -> None:
        self.shelf = Shelf(board)
        self._board = board
        self._clock = clock
        self._protected = protected
        self._golden = golden
        self._compiled: dict[str, Ready] = {}

    def ready(self, name: str, reference: Reference) -> Ready:
        """A version, compiled. Costs a few look-ups once it has been asked for.

        Raises:
            BadAskError: `unknown_prompt`, `unknown_label` or `unknown_version` (404).
            StoreError: The board holds something else.
        """
        version = self.shelf.find(name, reference)
        known = self._compiled.get(version.title)
        if known is None or known.version is not version:
            compiled = compile_prompt(version.spec, version.partials, f"{version.name}.md")
            if len(self._compiled) >= _KEPT_COMPILED:
                self._compiled.clear()
            known = self._compiled[version.title] = Ready(version, compiled)
        return known

    async def push(self, sources: Sequence[Source], *, who: str, why: str = "", dry_run: bool = False) -> list[Pushed]:
        """Keep files as versions. All are found right before the first is kept.

        Raises:
            PromptFileError: `invalid_prompt` (422), with file and line.
            BadAskError: A name is none; too many files; `conflict` (409).
            StoreError: It could not be kept.
        """
        _check_why(why)
        pusher = Pusher(self.shelf, self._clock.now(), who, why)
        found = drafts(sources, self.shelf)
        if dry_run:
            return [pusher.foretell(draft) for draft in found]
        return [await pusher.keep(draft) for draft in found]

    async def move(
        self, name: str, label: str, number: int, *, who: str, why: str = "", expected: int | None = None
    ) -> Label:
        """Move a label to a version, or put it there for the first time.

        Args:
            name: The prompt.
            label: Which one.
            number: Of the version.
            who: Who does it.
            why: Their words.
            expected: The version it is believed to be at, 0 for none. Without it, that which it is at now.

        Raises:
            BadAskError: `conflict` (409) when it is elsewhere, or somebody else moves it at the same time; the version
                is unknown or deleted.
            RefusedError: `label_protected` (403).
            StoreError: It could not be kept.
        """
        label = checked_label(label)
        version = self.shelf.find(name, number)
        if version.deleted:
            raise BadAskError(
                f"{version.title} is deleted; push its file again to bring it back.",
                code="unknown_version",
                status=404,
                param="version",
            )
        hung = self._expected(name, label, expected)
        if label in self._protected():
            await must_have_passed(self._golden, version, label)
        return await self._move(name, label, version.number, hung, (who, why))

    async def rollback(self, name: str, label: str, *, who: str, why: str = "", expected: int | None = None) -> Label:
        """Move a label back to the version it was at before; again, to the one before that.

        No golden set is asked: the label has been there.

        Raises:
            BadAskError: `unknown_label` (404); there is nothing to go back to; `conflict` (409).
            StoreError: It could not be kept.
        """
        hung = self._expected(name, label, expected)
        if hung is None:
            raise self.shelf.unknown_label(name, label)
        if not hung.label.before:
            raise BadAskError(
                f"The label `{label}` of `{name}` has been at version {hung.label.version} only.", status=409
            )
        *rest, number = hung.label.before
        self.shelf.find(name, number)
        return await self._put(name, label, Label(version=number, before=tuple(rest)), hung, (who, why))

    async def unlabel(self, name: str, label: str, *, who: str, why: str = "") -> None:
        """Take a label down.

        Raises:
            BadAskError: `unknown_label` (404); `conflict` (409).
            StoreError: It could not be kept.
        """
        _check_why(why)
        hung = self.shelf.label(name, label)
        if hung is None:
            raise self.shelf.unknown_label(name, label)
        key = f"{name}:{label}"
        await self._board.put(LABEL, key, None, who=who, why=why, expected=hung.entry.version)

    async def delete(self, name: str, number: int, *, who: str, why: str = "") -> Version:
        """Mark a version as deleted. Whoever refers to it is served as before; pushing its file brings it back.

        Raises:
            BadAskError: `unknown_prompt` or `unknown_version` (404); `conflict` (409).
            StoreError: It could not be kept.
        """
        _check_why(why)
        version = self.shelf.find(name, number)
        marked = msgspec.structs.replace(version, deleted=True)
        entry = self.shelf.entry(version)
        await self._board.put(
            PROMPT, version.title, msgspec.json.encode(marked), who=who, why=why, expected=entry.version
        )
        return marked

    async def moves(self, name: str, label: str, limit: int = 50) -> list[Entry]:
        """Where a label has been, the newest first; each entry's value is a `Label`, None where it was taken down.

        Raises:
            BadAskError: `unknown_prompt` or `unknown_label` (404).
            StoreError: It cannot be read.
        """
        found = await self._board.history(LABEL, f"{name}:{label}", limit)
        if not found:
            raise self.shelf.unknown_label(name, label)
        return found

    def _expected(self, name: str, label: str, expected: int | None) -> Hung | None:
        hung = self.shelf.label(name, label)
        now = hung.label.version if hung else 0
        if expected is None or expected == now:
            return hung
        by = f" {hung.entry.who} moved it there." if hung else ""
        where = f"at version {now}" if hung else "nowhere"
        raise BadAskError(
            f"The label `{label}` of `{name}` is {where}, not at {expected}.{by} Look again before you move it.",
            code="conflict",
            status=409,
            param="expected",
        )

    async def _move(self, name: str, label: str, number: int, hung: Hung | None, by: tuple[str, str]) -> Label:
        if hung is None:
            return await self._put(name, label, Label(version=number), hung, by)
        if hung.label.version == number:
            return hung.label
        before = (*hung.label.before, hung.label.version)[-_KEPT_BEFORE:]
        return await self._put(name, label, Label(version=number, before=before), hung, by)

    async def _put(self, name: str, label: str, value: Label, hung: Hung | None, by: tuple[str, str]) -> Label:
        who, why = by
        _check_why(why)
        key = f"{name}:{label}"
        expected = hung.entry.version if hung else await self._changes(key)
        await self._board.put(LABEL, key, msgspec.json.encode(value), who=who, why=why, expected=expected)
        return value

    async def _changes(self, key: str) -> int:
        """How often a label that is down has changed: it may have been up before."""
        last = await self._board.history(LABEL, key, 1)
        if last and last[0].value is not None:
            raise BadAskError(f"{last[0].who} has just moved it; look again.", code="conflict", status=409)
        return last[0].version if last else 0


def _check_why(why: str) -> None:
    if len(why) > MAX_WHY:
        raise BadAskError(f"The reason has {len(why)} characters; at most {MAX_WHY} are kept.", param="why")
