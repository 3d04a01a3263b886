"""Flags, on the board of a config or through the admin API of a running gateway."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

import msgspec

from headworks.cli.access.admin import AdminApi
from headworks.cli.access.board import open_board
from headworks.config import Config
from headworks.flags.evaluation import Flags, FlagShelf

_WHO = "command line"


class FlagAccess(Protocol):
    """What can be done with flags, wherever they are. Each answer is as the admin API gives it."""

    def listed(self) -> list[dict[str, Any]]:
        """All of them."""

    def one(self, name: str) -> dict[str, Any]:
        """One."""

    def put(self, name: str, definition: object, why: str, expected: int | None) -> dict[str, Any]:
        """Put one up, or change it."""

    def delete(self, name: str, why: str, expected: int | None) -> dict[str, Any]:
        """Take one down."""

    def evaluate(self, name: str, context: Mapping[str, Any]) -> dict[str, Any]:
        """What a context gets."""


class RemoteFlagAccess:
    """The flags of a running gateway.

    Args:
        admin: Its admin API.
    """

    def __init__(self, admin: AdminApi) -> None:
        self._admin = admin

    def listed(self) -> list[dict[str, Any]]:
        """As the protocol says."""
        return self._admin.page("flags").data

    def one(self, name: str) -> dict[str, Any]:
        """As the protocol says."""
        return self._admin.get("flags", name)

    def put(self, name: str, definition: object, why: str, expected: int | None) -> dict[str, Any]:
        """As the protocol says."""
        return self._admin.put("flags", name, body={"definition": definition, "why": why, "expected": expected})

    def delete(self, name: str, why: str, expected: int | None) -> dict[str, Any]:
        """As the protocol says."""
        return self._admin.delete("flags", name, why=why, expected=expected)

    def evaluate(self, name: str, context: Mapping[str, Any]) -> dict[str, Any]:
        """As the protocol says."""
        return self._admin.post("flags", name, "evaluate", body={"context": context})


class StoredFlagAccess:
    """The flags that the gateways of a config use, whether one runs or not.

    Args:
        config: Says where the board is, and what the file defines.
    """

    def __init__(self, config: Config) -> None:
        self._config = config

    def listed(self) -> list[dict[str, Any]]:
        """As the protocol says."""
        return asyncio.run(self._listed())

    def one(self, name: str) -> dict[str, Any]:
        """As the protocol says."""
        return asyncio.run(self._one(name))

    def put(self, name: str, definition: object, why: str, expected: int | None) -> dict[str, Any]:
        """As the protocol says."""
        return asyncio.run(self._put(name, definition, why, expected))

    def delete(self, name: str, why: str, expected: int | None) -> dict[str, Any]:
        """As the protocol says."""
        return asyncio.run(self._delete(name, why, expected))

    def evaluate(self, name: str, context: Mapping[str, Any]) -> dict[str, Any]:
        """As the protocol says."""
        return asyncio.run(self._evaluate(name, context))

    async def _listed(self) -> list[dict[str, Any]]:
        async with self._open() as shelf:
            return [_plain(one) for one in shelf.list()]

    async def _one(self, name: str) -> dict[str, Any]:
        async with self._open() as shelf:
            return _plain(shelf.show(name))

    async def _put(self, name: str, definition: object, why: str, expected: int | None) -> dict[str, Any]:
        async with self._open() as shelf:
            return _plain(await shelf.put(name, definition, who=_WHO, why=why, expected=expected))

    async def _delete(self, name: str, why: str, expected: int | None) -> dict[str, Any]:
        async with self._open() as shelf:
            return {"name": name, "version": await shelf.delete(name, who=_WHO, why=why, expected=expected)}

    async def _evaluate(self, name: str, context: Mapping[str, Any]) -> dict[str, Any]:
        async with self._open() as shelf:
            return _plain(shelf.evaluate(name, context))

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[FlagShelf]:
        async with open_board(self._config) as hung:
            flags = Flags(hung)
            flags.fit(self._config.flags.definitions)
            yield FlagShelf(flags, hung)


def _plain(value: object) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(value)
    return found
