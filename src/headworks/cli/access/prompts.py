"""Prompts, on the board of a config or through the admin API of a running gateway."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

from headworks.budgets import TokenCounter
from headworks.cli.access.admin import AdminApi
from headworks.cli.access.board import CLOCK, open_board
from headworks.config import Config
from headworks.prompts.names import Reference
from headworks.prompts.registry import Registry, Source, views
from headworks.prompts.rendering import render_answer
from headworks.prompts.room import Prompts

_ACTOR = "command line"
_T = TypeVar("_T")
_ROWS = list[dict[str, Any]]
_OBJECT = dict[str, Any]


class Change(Struct, frozen=True, kw_only=True):
    """Why something is changed, and the version that is believed to be there."""

    why: str = ""
    expected: int | None = None


class PromptAccess(Protocol):
    """What can be done with prompts, wherever they are. Each answer is as the admin API gives it."""

    def push(self, files: Sequence[Source], why: str, *, dry_run: bool) -> list[dict[str, Any]]:
        """Keep files as versions."""

    def listed(self) -> list[dict[str, Any]]:
        """All prompts."""

    def versions(self, name: str) -> list[dict[str, Any]]:
        """The versions of one."""

    def shown(self, name: str, reference: Reference | None) -> dict[str, Any]:
        """One version."""

    def difference(self, name: str, before: Reference, after: Reference) -> str:
        """A unified diff."""

    def move(self, name: str, label: str, version: int, change: Change) -> int:
        """Move a label; where it is now."""

    def rollback(self, name: str, label: str, change: Change) -> int:
        """Move a label back; where it is now."""

    def moves(self, name: str, label: str) -> list[dict[str, Any]]:
        """Where a label has been."""

    def delete(self, name: str, version: int, why: str) -> None:
        """Mark a version as deleted."""

    def rendered(self, name: str, wish: Mapping[str, Any]) -> dict[str, Any]:
        """A prompt with variables put in."""

    def exported(self, name: str | None, reference: Reference | None) -> dict[str, str]:
        """Files by name."""


class RemotePrompts:
    """The prompts of a running gateway."""

    def __init__(self, admin: AdminApi) -> None:
        self._admin = admin

    def push(self, files: Sequence[Source], why: str, *, dry_run: bool) -> list[dict[str, Any]]:
        """Keep files as versions."""
        body = {"files": [msgspec.to_builtins(file) for file in files], "why": why, "dry_run": dry_run}
        found: list[dict[str, Any]] = self._admin.post("prompts", body=body)["data"]
        return found

    def listed(self) -> list[dict[str, Any]]:
        """All prompts."""
        return self._admin.page("prompts").data

    def versions(self, name: str) -> list[dict[str, Any]]:
        """The versions of one."""
        found: list[dict[str, Any]] = self._admin.get("prompts", name, "versions")["data"]
        return found

    def shown(self, name: str, reference: Reference | None) -> dict[str, Any]:
        """One version."""
        which = () if reference is None else ("versions", str(reference))
        return self._admin.get("prompts", name, *which)

    def difference(self, name: str, before: Reference, after: Reference) -> str:
        """A unified diff."""
        return str(self._admin.get("prompts", name, "diff", str(before), str(after))["diff"])

    def move(self, name: str, label: str, version: int, change: Change) -> int:
        """Move a label."""
        body = {"version": version, **msgspec.to_builtins(change)}
        return int(self._admin.post("prompts", name, "labels", label, body=body)["version"])

    def rollback(self, name: str, label: str, change: Change) -> int:
        """Move a label back."""
        body = msgspec.to_builtins(change)
        return int(self._admin.post("prompts", name, "labels", label, "rollback", body=body)["version"])

    def moves(self, name: str, label: str) -> list[dict[str, Any]]:
        """Where a label has been."""
        found: list[dict[str, Any]] = self._admin.get("prompts", name, "labels", label)["moves"]
        return found

    def delete(self, name: str, version: int, why: str) -> None:
        """Mark a version as deleted."""
        self._admin.delete("prompts", name, "versions", str(version), why=why)

    def rendered(self, name: str, wish: Mapping[str, Any]) -> dict[str, Any]:
        """A prompt with variables put in."""
        return self._admin.post("prompts", name, "render", body=wish)

    def exported(self, name: str | None, reference: Reference | None) -> dict[str, str]:
        """Files by name."""
        found: dict[str, str] = self._admin.query("prompt-files", name=name, reference=reference)["files"]
        return found


class StoredPrompts:
    """The prompts on the board that the gateways of a config use, whether one runs or not."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def push(self, files: Sequence[Source], why: str, *, dry_run: bool) -> list[dict[str, Any]]:
        """Keep files as versions."""

        async def pushed(registry: Registry) -> list[dict[str, Any]]:
            return _plain(await registry.push(files, who=_ACTOR, why=why, dry_run=dry_run), _ROWS)

        return self._done(pushed)

    def listed(self) -> list[dict[str, Any]]:
        """All prompts."""
        return self._seen(views.listed, _ROWS)

    def versions(self, name: str) -> list[dict[str, Any]]:
        """The versions of one."""
        return self._seen(lambda registry: views.lines(registry, name), _ROWS)

    def shown(self, name: str, reference: Reference | None) -> dict[str, Any]:
        """One version."""
        return self._seen(lambda registry: views.shown(registry, name, reference, _tokens), _OBJECT)

    def difference(self, name: str, before: Reference, after: Reference) -> str:
        """A unified diff."""
        return self._seen(lambda registry: views.difference(registry, name, before, after), str)

    def move(self, name: str, label: str, version: int, change: Change) -> int:
        """Move a label."""

        async def moved(registry: Registry) -> int:
            now = await registry.move(name, label, version, who=_ACTOR, why=change.why, expected=change.expected)
            return now.version

        return self._done(moved)

    def rollback(self, name: str, label: str, change: Change) -> int:
        """Move a label back."""

        async def moved(registry: Registry) -> int:
            now = await registry.rollback(name, label, who=_ACTOR, why=change.why, expected=change.expected)
            return now.version

        return self._done(moved)

    def moves(self, name: str, label: str) -> list[dict[str, Any]]:
        """Where a label has been."""

        async def found(registry: Registry) -> list[dict[str, Any]]:
            return _plain(views.moves(await registry.moves(name, label)), _ROWS)

        return self._done(found)

    def delete(self, name: str, version: int, why: str) -> None:
        """Mark a version as deleted."""

        async def marked(registry: Registry) -> None:
            await registry.delete(name, version, who=_ACTOR, why=why)

        self._done(marked)

    def rendered(self, name: str, wish: Mapping[str, Any]) -> dict[str, Any]:
        """A prompt with variables put in."""
        body = msgspec.json.encode(wish)
        return self._seen(lambda registry: msgspec.json.decode(render_answer(Prompts(registry), name, body)), _OBJECT)

    def exported(self, name: str | None, reference: Reference | None) -> dict[str, str]:
        """Files by name."""
        return self._seen(lambda registry: views.exported(registry, name, reference), dict[str, str])

    def _seen(self, look: Callable[[Registry], Any], shape: type[_T]) -> _T:
        async def seen(registry: Registry) -> _T:
            return _plain(look(registry), shape)

        return self._done(seen)

    def _done(self, work: Callable[[Registry], Awaitable[_T]]) -> _T:
        async def run() -> _T:
            async with opened(self._config) as registry:
                return await work(registry)

        return asyncio.run(run())


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Registry]:
    """The registry over the board of a config.

    Raises:
        StoreError: The board cannot be opened.
    """
    async with open_board(config) as hung:
        yield Registry(hung, CLOCK, protected=lambda: config.prompts.protected_labels)


def _plain(value: Any, shape: type[_T]) -> _T:
    return msgspec.convert(msgspec.to_builtins(value), shape)


@cache
def _counter() -> TokenCounter:
    return TokenCounter()


def _tokens(text: str) -> int:
    return _counter().text(text, wait=True)
