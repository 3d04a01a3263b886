"""Push prompt files: all are read and compiled before the first is kept, and equal content makes no new version."""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from headworks.core.errors import BadAskError
from headworks.prompts.faults import PromptFileError
from headworks.prompts.files import File, read_file
from headworks.prompts.names import advice, checked_name
from headworks.prompts.record import Partial, Version, digest
from headworks.prompts.registry.shelf import PROMPT, Shelf
from headworks.prompts.templates import compile_prompt
from headworks.prompts.templates.includes import gather
from headworks.prompts.templates.rules import Where

MAX_FILES = 1_000
MAX_VALUE = 1024 * 1024
"""Bytes that the board takes for one entry."""
_TRIES = 20


class Source(Struct, frozen=True, kw_only=True):
    """A file to be pushed. `file` is its name for errors; `NAME.md` when empty."""

    name: str
    source: str
    file: str = ""


class Pushed(Struct, frozen=True, kw_only=True):
    """What came of a file.

    Attributes:
        name: Of the prompt.
        version: The number under which its content is found; in a dry run, that it would get.
        digest: SHA-256 of its content.
        result: `new` version, `unchanged`, or `noted`: the same content, with another description, tests or comments.
    """

    name: str
    version: int
    digest: str
    result: Literal["new", "unchanged", "noted"]


class Draft(Struct, frozen=True, kw_only=True):
    """A file that was found right."""

    name: str
    file: File
    partials: dict[str, Partial]
    source: str
    digest: str


def drafts(sources: Sequence[Source], shelf: Shelf) -> list[Draft]:
    """The files, each with what it includes: of the same push, else the newest version that is kept.

    Raises:
        BadAskError: A name is none, or stands twice; there are too many.
        PromptFileError: A file is not right; with the line.
    """
    if len(sources) > MAX_FILES:
        raise BadAskError(f"{len(sources)} files are too many; at most {MAX_FILES} are pushed at once.", param="files")
    files: dict[str, tuple[str, Source, File]] = {}
    for source in sources:
        name = checked_name(source.name)
        if name in files:
            raise BadAskError(f"`{name}` is pushed twice at once.", param="files")
        title = source.file or f"{name}.md"
        files[name] = title, source, read_file(title, source.source)
    return [_draft(name, *one, _finder(files, shelf)) for name, one in files.items()]


def _draft(name: str, title: str, source: Source, file: File, find: Callable[[str], Partial]) -> Draft:
    spec = file.spec
    partials = gather(spec.template, name, Where(title, file.first_line), find)
    compile_prompt(spec, partials, title, file.first_line)
    return Draft(name=name, file=file, partials=partials, source=source.source, digest=digest(spec, partials))


def _finder(files: dict[str, tuple[str, Source, File]], shelf: Shelf) -> Callable[[str], Partial]:
    def find(name: str) -> Partial:
        if name in files:
            spec = files[name][2].spec
        else:
            kept = shelf.latest(name)
            if kept is None:
                hint = advice(name, {*files, *shelf.names()})
                raise BadAskError(
                    f"There is no prompt `{name[:100]}` to include.{hint}", code="unknown_prompt", status=422
                )
            spec = kept.spec
        return Partial(template=spec.template, variables=spec.variables)

    return find


class Pusher:
    """Keeps drafts as versions."""

    def __init__(self, shelf: Shelf, now_s: float, who: str, why: str) -> None:
        self._shelf = shelf
        self._now_s = now_s
        self._who = who
        self._why = why

    async def keep(self, draft: Draft) -> Pushed:
        """Give a draft its number, or find the version that says the same.

        Raises:
            BadAskError: `conflict` (409) when others push the same name again and again; too large to be kept.
            StoreError: It cannot be kept.
        """
        known = {version.number: version for version in self._shelf.versions(draft.name)}
        for _ in range(_TRIES):
            same = _same(draft, known)
            if same is not None:
                return await self._note(draft, same)
            version = self._version(draft, max(known, default=0) + 1)
            try:
                await self._put(version, expected=0)
            except BadAskError as error:
                if error.code != "conflict":
                    raise
                # Somebody else has taken the number, in another process: this one may not have heard of it yet.
                entry = (await self._shelf.board.history(PROMPT, version.title, 1))[0]
                known[version.number] = msgspec.json.decode(entry.value or b"", type=Version)
                continue
            return Pushed(name=draft.name, version=version.number, digest=draft.digest, result="new")
        raise BadAskError(f"Others push `{draft.name}` all the time; try again.", code="conflict", status=409)

    def foretell(self, draft: Draft) -> Pushed:
        """What `keep` would do now."""
        known = {version.number: version for version in self._shelf.versions(draft.name)}
        same = _same(draft, known)
        if same is None:
            number = max(known, default=0) + 1
            return Pushed(name=draft.name, version=number, digest=draft.digest, result="new")
        result: Literal["unchanged", "noted"] = "unchanged" if _is(same, draft) else "noted"
        return Pushed(name=draft.name, version=same.number, digest=draft.digest, result=result)

    async def _note(self, draft: Draft, same: Version) -> Pushed:
        done = Pushed(name=draft.name, version=same.number, digest=draft.digest, result="unchanged")
        if _is(same, draft):
            return done
        entry = self._shelf.board.get(PROMPT, same.title)
        changed = msgspec.structs.replace(same, source=draft.source, spec=draft.file.spec, deleted=False)
        await self._put(changed, expected=entry.version if entry else None)
        return msgspec.structs.replace(done, result="noted")

    def _version(self, draft: Draft, number: int) -> Version:
        return Version(
            name=draft.name,
            number=number,
            digest=draft.digest,
            spec=draft.file.spec,
            partials=draft.partials,
            source=draft.source,
            created_at_s=self._now_s,
            created_by=self._who,
            why=self._why,
        )

    async def _put(self, version: Version, expected: int | None) -> None:
        value = msgspec.json.encode(version)
        if len(value) > MAX_VALUE:
            raise PromptFileError(
                f"{version.name}.md", 1, f"With what it includes it takes {len(value)} bytes; at most {MAX_VALUE}."
            )
        await self._shelf.board.put(PROMPT, version.title, value, who=self._who, why=self._why, expected=expected)


def _same(draft: Draft, known: dict[int, Version]) -> Version | None:
    return next((version for version in known.values() if version.digest == draft.digest), None)


def _is(version: Version, draft: Draft) -> bool:
    return version.source == draft.source and not version.deleted
