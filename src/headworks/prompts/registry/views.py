"""How prompts are shown to people and programs: the shapes of the admin API and of the command line."""

from collections.abc import Callable
from difflib import unified_diff
from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.clock import rfc3339
from headworks.core.people.board import Entry
from headworks.prompts.names import Reference
from headworks.prompts.record import Label, Version
from headworks.prompts.registry.registry import Registry

CountTokens = Callable[[str], int]
"""Tokens of a text, by the tokenizer of some model."""


class Listed(Struct, frozen=True, kw_only=True):
    """One prompt in a list: its newest version, how many there are, and where its labels are."""

    name: str
    latest: int
    versions: int
    labels: dict[str, int]
    description: str
    changed_at: str


class Standing(Struct, frozen=True, kw_only=True):
    """What is the same for everybody: the text before the first thing that a variable can change.

    `tokens` is None where nothing counts them.
    """

    characters: int
    tokens: int | None


class Shown(Struct, frozen=True, kw_only=True):
    """One version whole."""

    name: str
    version: int
    digest: str
    created_at: str
    created_by: str
    why: str
    deleted: bool
    labels: list[str]
    description: str
    parameters: dict[str, Any]
    variables: dict[str, Any]
    tools: list[str]
    output: dict[str, Any] | None
    includes: list[str]
    tests: int
    static: Standing
    source: str


class Move(Struct, frozen=True, kw_only=True):
    """Where a label was moved, None for nowhere; when, by whom and why."""

    version: int | None
    at: str
    who: str
    why: str


class VersionLine(Struct, frozen=True, kw_only=True):
    """One version in a list."""

    version: int
    digest: str
    created_at: str
    created_by: str
    why: str
    labels: list[str]
    deleted: bool


def listed(registry: Registry) -> list[Listed]:
    """All prompts, by name."""
    shelf = registry.shelf
    found = []
    for name in shelf.names():
        versions = [version for version in shelf.versions(name) if not version.deleted]
        newest = versions[-1]
        found.append(
            Listed(
                name=name,
                latest=newest.number,
                versions=len(versions),
                labels=_labels(registry, name),
                description=newest.spec.description,
                changed_at=rfc3339(newest.created_at_s),
            )
        )
    return found


def shown(registry: Registry, name: str, reference: Reference | None, count: CountTokens | None) -> Shown:
    """One version: under a label, of a number, or the newest.

    Raises:
        BadAskError: `unknown_prompt`, `unknown_label` or `unknown_version` (404).
    """
    number = _number(registry, name, reference)
    ready = registry.ready(name, number)
    version, spec = ready.version, ready.version.spec
    return Shown(
        name=name,
        version=version.number,
        digest=version.digest,
        created_at=rfc3339(version.created_at_s),
        created_by=version.created_by,
        why=version.why,
        deleted=version.deleted,
        labels=[label for label, at in _labels(registry, name).items() if at == number],
        description=spec.description,
        parameters=msgspec.to_builtins(spec.parameters),
        variables=msgspec.to_builtins(ready.compiled.variables),
        tools=[tool.name for tool in spec.tools],
        output=None if spec.output is None else msgspec.to_builtins(spec.output),
        includes=sorted(version.partials),
        tests=len(spec.tests),
        static=_standing(ready.compiled.standing(), count),
        source=version.source,
    )


def lines(registry: Registry, name: str) -> list[VersionLine]:
    """The versions of a prompt, the newest first; deleted ones too.

    Raises:
        BadAskError: `unknown_prompt` (404).
    """
    registry.shelf.must_exist(name)
    labels = _labels(registry, name)
    return [
        VersionLine(
            version=version.number,
            digest=version.digest,
            created_at=rfc3339(version.created_at_s),
            created_by=version.created_by,
            why=version.why,
            labels=[label for label, at in labels.items() if at == version.number],
            deleted=version.deleted,
        )
        for version in reversed(registry.shelf.versions(name))
    ]


def difference(registry: Registry, name: str, before: Reference, after: Reference) -> str:
    """What differs between two versions, as a unified diff of their files and of what they include.

    Raises:
        BadAskError: `unknown_prompt`, `unknown_label` or `unknown_version` (404).
    """
    old, new = registry.shelf.find(name, before), registry.shelf.find(name, after)
    found = [_diff(old.title, old.source, new.title, new.source)]
    found += [
        _diff(f"{old.title}/{one}", _partial(old, one), f"{new.title}/{one}", _partial(new, one))
        for one in sorted({*old.partials, *new.partials})
    ]
    return "".join(found)


def moves(entries: list[Entry]) -> list[Move]:
    """Entries of a label as moves."""
    return [
        Move(
            version=None if entry.value is None else msgspec.json.decode(entry.value, type=Label).version,
            at=rfc3339(entry.at_s),
            who=entry.who,
            why=entry.why,
        )
        for entry in entries
    ]


def exported(registry: Registry, name: str | None, reference: Reference | None) -> dict[str, str]:
    """Files by name: of one prompt, or of all; each the newest version unless a reference says otherwise.

    Raises:
        BadAskError: `unknown_prompt`, `unknown_label` or `unknown_version` (404).
    """
    names = registry.shelf.names() if name is None else [name]
    return {one: registry.shelf.find(one, _number(registry, one, reference)).source for one in names}


def _number(registry: Registry, name: str, reference: Reference | None) -> int:
    if reference is not None:
        return registry.shelf.find(name, reference).number
    registry.shelf.must_exist(name)
    newest = registry.shelf.latest(name) or registry.shelf.versions(name)[-1]
    return newest.number


def _labels(registry: Registry, name: str) -> dict[str, int]:
    return {label: hung.label.version for label, hung in sorted(registry.shelf.labels(name).items())}


def _standing(texts: list[str], count: CountTokens | None) -> Standing:
    tokens = None if count is None else sum(map(count, texts))
    return Standing(characters=sum(map(len, texts)), tokens=tokens)


def _partial(version: Version, name: str) -> str:
    partial = version.partials.get(name)
    return "" if partial is None else partial.template


def _diff(old_title: str, old: str, new_title: str, new: str) -> str:
    found = unified_diff(old.splitlines(), new.splitlines(), old_title, new_title, lineterm="")
    return "".join(f"{line}\n" for line in found)
