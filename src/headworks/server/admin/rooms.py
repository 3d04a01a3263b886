"""What the admin API works on."""

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct

from headworks.budgets.holds.room import BudgetRoom
from headworks.cache.upkeep import Upkeep
from headworks.core.clock import Clock
from headworks.flags.evaluation import FlagShelf
from headworks.flags.switches import Switches
from headworks.flags.trials import Trials
from headworks.identity.ring import KeyRing
from headworks.prompts.registry.registry import Registry
from headworks.providers.faults import GameDay
from headworks.server.admin.explain import Explain
from headworks.server.replays import Replays
from headworks.telemetry.ledger.rollups.wish import ReportQuery


class TraceStore(Protocol):
    """The trace ledger, as far as it is read here. Called in threads."""

    def list(  # noqa: PLR0913  one filter each, as in the query
        self,
        *,
        limit: int,
        cursor: str | None,
        feature: str | None,
        model: str | None,
        user: str | None,
        org: str | None,
        status: str | None,
        since: str | None,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Up to `limit` records, newest first, and the cursor of the next page (None: that was the last).

        Args:
            limit: 1 to 1000.
            cursor: As returned with the page before.
            feature: Only of this feature; the next four likewise. None for all.
            model: The config's name.
            user: The end user.
            org: The key's organisation.
            status: How the call ended.
            since: Only calls that began then or later: RFC 3339 text, Unix seconds, or an age such as `24h`.

        Raises:
            BadAskError: The cursor, the status or the time is none.
        """

    def get(self, trace_id: str) -> dict[str, Any] | None:
        """One record."""

    def report(self, query: ReportQuery) -> dict[str, Any]:
        """What was called, used and spent.

        Raises:
            BadAskError: A name or a time that is none.
        """


class Alerts(Protocol):
    """The alerts, as far as they are looked at here. Called on the event loop."""

    async def listed(self) -> dict[str, Any]:
        """What is wrong and was (`alerts`), and the messages that wait or were given up (`undelivered`).

        Raises:
            StoreError: They cannot be read.
        """

    async def test(self, name: str | None = None) -> dict[str, str | None]:
        """Send a test to a channel, or all: for each why it did not arrive, None when it did.

        Raises:
            BadAskError: `unknown_channel` (404).
        """


class AdminRooms(Struct, frozen=True, kw_only=True):
    """The rooms behind the API.

    Attributes:
        keys: The key ring.
        traces: The trace ledger.
        config: The config in force, as plain JSON; secrets are masked again here.
        explain: The router's reasons; makes no provider call.
        health: The providers' health: `lanes` that are not open to all calls, and `providers` with their limits.
        reset_health: Forgets what is known of the providers' health.
        alerts: What is wrong, and who is told.
        budgets: The budgets room of the config in force. Asked at every call: it may be reloaded.
        cache: Looks after the cache.
        replays: Makes recorded calls again.
        switches: What is switched off.
        trials: What is tried on whom.
        count_tokens: Tokens of a text.
        prompts: Prompts, their versions and labels.
        flags: Flags, those of the file and those changed at run time.
        game_day: The faults of a game day; None where the config allows none. Asked at every call: it may be reloaded.
        clock: For the status of keys.
    """

    keys: KeyRing
    traces: TraceStore
    config: Callable[[], dict[str, Any]]
    explain: Explain
    health: Callable[[], dict[str, Any]]
    reset_health: Callable[[], None]
    alerts: Alerts
    budgets: Callable[[], BudgetRoom]
    cache: Upkeep
    replays: Replays
    switches: Switches
    trials: Trials
    count_tokens: Callable[[str], int]
    prompts: Registry
    flags: FlagShelf
    game_day: Callable[[], GameDay | None]
    clock: Clock
