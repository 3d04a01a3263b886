"""Experiments, on the board of a config or through the admin API of a running gateway."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import msgspec

from headworks.cli.access.admin import AdminApi
from headworks.cli.access.board import CLOCK, open_board
from headworks.config import Config
from headworks.config.releases import release_complaint
from headworks.core.errors import ProviderError
from headworks.flags.experiments import (
    Checks,
    Desk,
    Plan,
    Watch,
    changes,
    promoted,
    shown,
    stopped,
    text_of,
)
from headworks.prompts.registry.registry import Registry
from headworks.server.admin.experiments.records import LedgerRecords

_WHO = "command line"


class ExperimentAccess(Protocol):
    """What can be done with experiments, wherever they are. Each answer is as the admin API gives it."""

    def listed(self) -> list[dict[str, Any]]:
        """The last experiment of every feature."""

    def one(self, name: str) -> dict[str, Any]:
        """One, with its history."""

    def report(self, name: str) -> dict[str, Any]:
        """What came of it so far."""

    def start(self, plan: Plan, why: str) -> dict[str, Any]:
        """Start one."""

    def stop(self, name: str, why: str, *, to_config: bool) -> dict[str, Any]:
        """Stop it."""

    def promote(self, name: str, variant: str, why: str) -> dict[str, Any]:
        """Give all users a variant."""


class RemoteExperiments:
    """The experiments of a running gateway."""

    def __init__(self, admin: AdminApi) -> None:
        self._admin = admin

    def listed(self) -> list[dict[str, Any]]:
        """As the protocol says."""
        return self._admin.page("experiments").data

    def one(self, name: str) -> dict[str, Any]:
        """As the protocol says."""
        return self._whole(self._admin.get("experiments", name))

    def report(self, name: str) -> dict[str, Any]:
        """As the protocol says."""
        return self._admin.get("experiments", name, "report")

    def start(self, plan: Plan, why: str) -> dict[str, Any]:
        """As the protocol says."""
        return self._whole(self._admin.post("experiments", body={**msgspec.to_builtins(plan), "why": why}))

    def stop(self, name: str, why: str, *, to_config: bool) -> dict[str, Any]:
        """As the protocol says."""
        return self._whole(self._admin.post("experiments", name, "stop", body={"why": why, "to_config": to_config}))

    def promote(self, name: str, variant: str, why: str) -> dict[str, Any]:
        """As the protocol says."""
        return self._whole(self._admin.post("experiments", name, "promote", body={"variant": variant, "why": why}))

    def _whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        if not {"name", "feature", "state", "variants"} <= answer.keys():
            raise ProviderError("This does not answer as a Headworks gateway does. Is the address right?")
        return answer


class StoredExperiments:
    """The experiments on the board that the gateways of a config use, whether one runs or not.

    Args:
        config: Says where the board and the ledger are, and what exists.
    """

    def __init__(self, config: Config) -> None:
        self._config = config

    def listed(self) -> list[dict[str, Any]]:
        """As the protocol says."""
        return asyncio.run(self._listed())

    def one(self, name: str) -> dict[str, Any]:
        """As the protocol says."""
        return asyncio.run(self._one(name))

    def report(self, name: str) -> dict[str, Any]:
        """As the protocol says."""
        return asyncio.run(self._report(name))

    def start(self, plan: Plan, why: str) -> dict[str, Any]:
        """As the protocol says."""
        return asyncio.run(self._start(plan, why))

    def stop(self, name: str, why: str, *, to_config: bool) -> dict[str, Any]:
        """As the protocol says."""
        return asyncio.run(self._stop(name, why, to_config=to_config))

    def promote(self, name: str, variant: str, why: str) -> dict[str, Any]:
        """As the protocol says."""
        return asyncio.run(self._promote(name, variant, why))

    async def _listed(self) -> list[dict[str, Any]]:
        async with self._open() as (desk, _):
            return [shown(experiment) for experiment in desk.all()]

    async def _one(self, name: str) -> dict[str, Any]:
        async with self._open() as (desk, _):
            return {**shown(desk.get(name)[0]), "history": changes(await desk.history(name))}

    async def _report(self, name: str) -> dict[str, Any]:
        async with self._open() as (_, watch):
            report = await watch.report(name)
            return {**msgspec.to_builtins(report), "text": text_of(report)}

    async def _start(self, plan: Plan, why: str) -> dict[str, Any]:
        async with self._open() as (desk, _):
            return shown(await desk.start(plan, who=_WHO, why=why))

    async def _stop(self, name: str, why: str, *, to_config: bool) -> dict[str, Any]:
        async with self._open() as (desk, watch):
            return shown(await stopped(desk, watch, name, who=_WHO, why=why, to_config=to_config))

    async def _promote(self, name: str, variant: str, why: str) -> dict[str, Any]:
        async with self._open() as (desk, watch):
            return shown(await promoted(desk, watch, name, variant, who=_WHO, why=why))

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[tuple[Desk, Watch]]:
        async with open_board(self._config) as hung:
            prompts = Registry(hung, CLOCK)
            checks = Checks(
                features=lambda: self._config.served_features,
                complaint=lambda _, release: release_complaint(self._config, prompts, release),
            )
            desk = Desk(hung, checks, CLOCK)
            records = LedgerRecords(self._config.data_dir, CLOCK)
            yield desk, Watch(desk, records, CLOCK, lambda *_: None)
