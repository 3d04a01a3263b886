"""Kill switches, on the board of a config or through the admin API of a running gateway."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from headworks.cli.access.admin import AdminApi
from headworks.cli.access.board import CLOCK, open_board
from headworks.config import Config
from headworks.core.people.alerting import Unheard
from headworks.flags.switches import Switches, SwitchWish
from headworks.flags.switches.remarks import remark
from headworks.flags.switches.switch import told
from headworks.server.admin.flagging.switches import shown

_ACTOR = "command line"
_T = TypeVar("_T")


class SwitchAccess(Protocol):
    """What can be done with switches, wherever they are."""

    def kill(self, wish: SwitchWish) -> dict[str, Any]:
        """Switch something off; what is off now."""

    def revive(self, kind: str, name: str, why: str) -> None:
        """Switch it on again."""

    def standing(self) -> Sequence[dict[str, Any]]:
        """What is off."""

    def log(self, limit: int) -> Sequence[dict[str, Any]]:
        """Every flip, the newest first."""


class RemoteSwitches:
    """The switches of a running gateway."""

    def __init__(self, admin: AdminApi) -> None:
        self._admin = admin

    def kill(self, wish: SwitchWish) -> dict[str, Any]:
        """Switch something off."""
        body = {"kind": wish.kind, "name": wish.name, "why": wish.why, "seconds": wish.for_s, "now": wish.now}
        return self._admin.post("switches", body=body)

    def revive(self, kind: str, name: str, why: str) -> None:
        """Switch it on again."""
        self._admin.delete("switches", kind, name, why=why)

    def standing(self) -> Sequence[dict[str, Any]]:
        """What is off."""
        return self._admin.page("switches").data

    def log(self, limit: int) -> Sequence[dict[str, Any]]:
        """Every flip."""
        return self._admin.page("switch-log", limit=limit).data


class StoredSwitches:
    """The switches on the board that the gateways of a config use, whether one runs or not."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def kill(self, wish: SwitchWish) -> dict[str, Any]:
        """Switch something off."""
        made = self._done(lambda switches: switches.kill(wish, _ACTOR))
        return {**shown(made), "remark": remark(made.kind, made.name, self._config.public())}

    def revive(self, kind: str, name: str, why: str) -> None:
        """Switch it on again."""
        self._done(lambda switches: switches.revive(kind, name, who=_ACTOR, why=why))

    def standing(self) -> Sequence[dict[str, Any]]:
        """What is off."""

        async def listed(switches: Switches) -> list[dict[str, Any]]:
            return [shown(one) for one in switches.standing()]

        return self._done(listed)

    def log(self, limit: int) -> Sequence[dict[str, Any]]:
        """Every flip."""

        async def flips(switches: Switches) -> list[dict[str, Any]]:
            return [told(entry) for entry in await switches.history(limit)]

        return self._done(flips)

    def _done(self, work: Callable[[Switches], Awaitable[_T]]) -> _T:
        async def run() -> _T:
            async with open_board(self._config) as hung:
                return await work(Switches(hung, CLOCK, Unheard()))

        return asyncio.run(run())
