"""How budgets stand: where the gateways of a config count, or through the admin API of a running one."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import structs

from headworks.budgets.accounts.protocol import Balance
from headworks.budgets.accounts.tables import FILE
from headworks.budgets.holds.scopes import Scopes
from headworks.budgets.holds.watch.overview import limits_of, standings
from headworks.cli.access.admin import AdminApi
from headworks.cli.access.stored_keys import StoredKeys
from headworks.config import Config, rules
from headworks.core.clock import SystemClock
from headworks.extras import accounts

_MOST = 1_000


class BudgetAccess(Protocol):
    """What can be asked, wherever the accounts are."""

    def standings(self) -> Sequence[dict[str, Any]]:
        """The accounts, as `GET /admin/v1/budgets` shows them."""


class RemoteBudgets:
    """The accounts of a running gateway."""

    def __init__(self, admin: AdminApi) -> None:
        self._admin = admin

    def standings(self) -> Sequence[dict[str, Any]]:
        """The accounts."""
        return self._admin.page("budgets").data


class StoredBudgets:
    """The accounts that a config's gateways use, whether one runs or not.

    What processes that are gone had reserved is released by looking, as it is when a gateway starts.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._clock = SystemClock()

    def standings(self) -> Sequence[dict[str, Any]]:
        """The accounts.

        Raises:
            StoreError: They cannot be reached.
        """
        if self._config.shared is None and not (self._config.data_dir / FILE).exists():
            return []
        rows = asyncio.run(self._rows())
        with StoredKeys.open(self._config.data_dir) as keys:
            limit_of = limits_of(Scopes(rules(self._config)), keys.limits)
            return [structs.asdict(one) for one in standings(rows, limit_of, self._clock.now())]

    async def _rows(self) -> list[tuple[str, Balance]]:
        found = accounts(self._config, self._clock)
        await found.start()
        try:
            return await found.listed(_MOST)
        finally:
            await found.stop()
